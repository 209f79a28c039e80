import { expect, it } from 'vitest';
import { NotNames, namesIn } from '../../src/batch/name-list.ts';

/** As they come in pieces of so many bytes. */
async function names(
  text: string,
  separator: 'line' | 'nul' = 'line',
  piece = text.length,
): Promise<string[]> {
  const bytes = Buffer.from(text, 'latin1');
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return (await Array.fromAsync(namesIn(pieces(), separator))).flat();
}

it.each([
  ['lines, the last one without its end', 'a.wav\nb c.wav', ['a.wav', 'b c.wav']],
  ['no empty names', '\n\na\n\r\n\nb\n', ['a', 'b']],
  ['ends of lines as Windows writes them', 'a.wav\r\nb\rc.wav\r\n', ['a.wav', 'b\rc.wav']],
  ['what follows a byte order mark', '\xef\xbb\xbfa.wav\n', ['a.wav']],
  ['names as they are written, with space around them', ' a \n#b\n-c', [' a ', '#b', '-c']],
  ['bytes that are no UTF-8', 'a\xff.wav\n\xc3\xa4.wav\n', ['a\udcff.wav', 'ä.wav']],
  ['nothing', '', []],
  ['nothing behind a byte order mark', '\xef\xbb\xbf', []],
])('a list has %s, in whatever pieces it comes', async (_what, text, expected) => {
  for (const piece of [1, 2, 3, 5, 1000]) expect(await names(text, 'line', piece)).toEqual(expected);
});

it('between NULs every byte is of the name', async () => {
  for (const piece of [1, 2, 1000]) {
    const found = await names('a\nb\r\0\0\xef\xbb\xbfc\xff\0', 'nul', piece);
    expect(found).toEqual(['a\nb\r', '\ufeffc\udcff']);
  }
});

it('a NUL in a line says that the list is of the other kind', async () => {
  await expect(names('a.wav\0b.wav\0')).rejects.toThrow(NotNames);
  await expect(names('a.wav\nb\0c.wav\n', 'line', 1)).rejects.toThrow(/-0/);
});

it('names are passed on before the list goes on', async () => {
  const rest = Promise.withResolvers<Buffer>();
  async function* pieces() {
    yield Buffer.from('a\nb\nc');
    yield rest.promise;
  }
  const lists = namesIn(pieces(), 'line');
  expect((await lists.next()).value).toEqual(['a', 'b']);
  rest.resolve(Buffer.from('d\n'));
  expect((await lists.next()).value).toEqual(['cd']);
});

it('what goes on without an end is no name', async () => {
  async function* pieces() {
    for (;;) yield Buffer.alloc(4096, 'x');
  }
  for (const separator of ['line', 'nul'] as const) {
    await expect(Array.fromAsync(namesIn(pieces(), separator))).rejects.toThrow(/no end/);
  }
});
