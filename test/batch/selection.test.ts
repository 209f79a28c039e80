import { describe, expect, it } from 'vitest';
import { selection } from '../../src/batch/selection.ts';

/** What of a folder is taken: paths of files; folders that are excluded are not walked. */
function taken(paths: readonly string[], include: readonly string[], exclude: readonly string[]): string[] {
  const { includes, excludes } = selection(include, exclude);
  const folders = (path: string): string[] =>
    path.split('/').flatMap((_, at, parts) => (at === 0 ? [] : [parts.slice(0, at).join('/')]));
  return paths.filter(
    (path) =>
      !folders(path).some((folder) => excludes(folder, true)) && !excludes(path, false) && includes(path),
  );
}

const PATHS = ['a.wav', 'b.mp3', 'drafts/a.wav', 'drafts/old/c.wav', 'live/drafts/d.mp3', 'live/e.wav'];

describe('of a folder', () => {
  it.each<[string, string[], string[], string[]]>([
    ['all is taken without patterns', [], [], PATHS],
    ['a name fits at any depth', ['*.mp3'], [], ['b.mp3', 'live/drafts/d.mp3']],
    ['a name leaves out folders, and all in them', [], ['drafts'], ['a.wav', 'b.mp3', 'live/e.wav']],
    ['a path fits from the top', [], ['/drafts'], ['a.wav', 'b.mp3', 'live/drafts/d.mp3', 'live/e.wav']],
    ['a path fits from the top, also after ./', ['./live/*.wav'], [], ['live/e.wav']],
    ['two stars go over folders', ['**/old/*'], [], ['drafts/old/c.wav']],
    ['a star does not', ['drafts/*.wav'], [], ['drafts/a.wav']],
    ['a folder stands for what is in it', ['live'], [], ['live/drafts/d.mp3', 'live/e.wav']],
    ['a slash at the end is for folders only', [], ['a.wav/', 'live/'], PATHS.slice(0, 4)],
    ['one of several patterns is enough', ['a.*', 'e.*'], [], ['a.wav', 'drafts/a.wav', 'live/e.wav']],
    ['excluding wins', ['*.wav', 'drafts'], ['drafts/', 'a.wav'], ['live/e.wav']],
    ['braces are alternatives', ['{b,e}.*'], [], ['b.mp3', 'live/e.wav']],
  ])('%s', (_rule, include, exclude, expected) => {
    expect(taken(PATHS, include, exclude)).toEqual(expected);
  });

  it('a name that is no UTF-8 fits, and brackets of a name in brackets', () => {
    expect(taken(['a\udcff.wav', 'b [live].wav', 'b l.wav'], ['a?.wav', 'b [[]live].wav'], [])).toEqual([
      'a\udcff.wav',
      'b [live].wav',
    ]);
  });
});
