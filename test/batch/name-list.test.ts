import { expect, it } from 'vitest';
import { namesIn } from '../../src/batch/name-list.ts';

const names = (text: string, separator: 'line' | 'nul' = 'line') =>
  namesIn(Buffer.from(text, 'latin1'), separator);

it.each([
  ['lines, the last one without its end', 'a.wav\nb c.wav', ['a.wav', 'b c.wav']],
  ['no empty names', '\n\na\n\r\n\nb\n', ['a', 'b']],
  ['ends of lines as Windows writes them', 'a.wav\r\nb\rc.wav\r\n', ['a.wav', 'b\rc.wav']],
  ['what follows a byte order mark', '\xef\xbb\xbfa.wav\n', ['a.wav']],
  ['names as they are written, with space around them', ' a \n#b\n-c', [' a ', '#b', '-c']],
  ['bytes that are no UTF-8', 'a\xff.wav\n\xc3\xa4.wav\n', ['a\udcff.wav', 'ä.wav']],
  ['nothing', '', []],
])('a list has %s', (_what, text, expected) => {
  expect(names(text)).toEqual(expected);
});

it('between NULs every byte is of the name', () => {
  expect(names('a\nb\r\0\0\xef\xbb\xbfc\xff\0', 'nul')).toEqual(['a\nb\r', '\ufeffc\udcff']);
});

it('a NUL in a line says that the list is of the other kind', () => {
  expect(names('a.wav\0b.wav\0')).toBeNull();
});
