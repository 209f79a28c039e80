import { describe, expect, test } from 'vitest';
import type { Source } from '../../src/audio/sources/source.ts';
import { behindId3 } from '../../src/audio/survey/id3v2.ts';
import { scan } from '../../src/audio/survey/scan.ts';
import { ScatteredPiece } from '../../src/audio/survey/scattered-piece.ts';
import { TagList, TagWork } from '../../src/audio/survey/tag-work.ts';
import { Window } from '../../src/audio/survey/window.ts';
import { id3, title } from './tags.ts';
import { noise } from './wav.ts';

/** Bytes as a source; no file is behind them. */
function sourceOf(bytes: Buffer): Source {
  return {
    name: 'bytes',
    size: bytes.length,
    end: bytes.length,
    bytes: { kind: 'file', fd: -1 },
    read: (target, position) => bytes.copy(target, 0, Math.min(position, bytes.length)),
    change: () => null,
    [Symbol.dispose]() {},
  };
}

describe('a window', () => {
  const bytes = Buffer.from(noise(20_000, 8).map((value) => value + 128));
  const window = new Window(sourceOf(bytes));

  test.each([
    [0, 10],
    [4090, 12],
    [4000, 4096],
    [5, 0],
    [12_000, 3],
    [19_990, 100],
    [30_000, 10],
  ])('at %i shows %i bytes, as far as there are any', (at, length) => {
    expect(window.view(at, length)).toEqual(bytes.subarray(at, at + length));
  });

  test('shows nothing before the beginning', () => {
    expect(window.view(-5, 10)).toHaveLength(0);
  });
});

describe('what lies in several places', () => {
  const bytes = Buffer.from(noise(3000, 8).map((value) => value + 128));
  const piece = new ScatteredPiece(new Window(sourceOf(bytes)));
  const places = [
    [100, 50],
    [150, 50],
    [900, 0],
    [1000, 1],
    [2000, 400],
    [10, 30],
  ] as const;
  for (const [at, length] of places) piece.add(at, length);
  const whole = Buffer.concat(places.map(([at, length]) => bytes.subarray(at, at + length)));

  test('is as long as its parts', () => {
    expect(piece.length).toBe(whole.length);
  });

  test('reads as one', () => {
    for (let at = 0; at <= whole.length; at += 7) {
      for (const length of [1, 4, 60, 450, 4096]) {
        expect(Buffer.from(piece.view(at, length))).toEqual(whole.subarray(at, at + length));
      }
    }
  });
});

describe('a scan', () => {
  test('finds marks in order, also across the end of what is read at once', () => {
    const bytes = Buffer.alloc(200_000);
    const places = [0, 65_530, 65_533, 65_536 - 2, 131_069, 131_072, 199_996];
    for (const at of [65_533, 131_069]) bytes.write('HERE', at);
    for (const at of [0, 199_996]) bytes.write('mark', at);
    const marks = [Buffer.from('mark'), Buffer.from('HERE')];
    const found = [...scan(sourceOf(bytes), marks, 0, bytes.length)];
    expect(found.map(({ at, mark }) => [at, mark.toString()])).toEqual([
      [0, 'mark'],
      [65_533, 'HERE'],
      [131_069, 'HERE'],
      [199_996, 'mark'],
    ]);
    expect(places).toContain(65_533);
    expect([...scan(sourceOf(bytes), marks, 1, 65_536)]).toEqual([]);
  });
});

describe('what is behind ID3 tags', () => {
  test.each([
    ['none', Buffer.from('sound')],
    ['one that is empty', id3([]), Buffer.from('sound')],
    ['one of another version than FFmpeg reads', id3([], { version: 4 }).fill(9, 3, 4), Buffer.from('sound')],
    ['several', id3([title('a')]), id3([], { paddingBytes: 70_000, version: 2 }), Buffer.from('sound')],
    ['one with a footer', id3([title('a')], { version: 4, footer: true }), Buffer.from('sound')],
  ] as readonly [string, ...Buffer[]][])('begins behind %s', (_, ...parts) => {
    const bytes = Buffer.concat(parts);
    expect(behindId3(new Window(sourceOf(bytes)))).toBe(bytes.indexOf('sound'));
  });

  test.each([
    ['a length of eight bits', 6, 0x80],
    ['no version', 3, 0xff],
    ['no revision', 4, 0xff],
  ])('is the file where what looks like a tag has %s', (_, at, byte) => {
    const bytes = Buffer.concat([id3([title('a')]), Buffer.from('sound')]);
    bytes[at] = byte;
    expect(behindId3(new Window(sourceOf(bytes)))).toBe(0);
  });
});

describe('the work with tags', () => {
  function workOf(fill: (list: TagList, work: TagWork) => void): boolean {
    const work = new TagWork();
    fill(new TagList(work), work);
    return work.excessive;
  }
  const named = (count: number, letters: number) =>
    workOf((list) => {
      for (let i = 0; i < count; i++) list.add(`${i}`, letters, 10);
    });

  test('is as much as docs/limits.md says', () => {
    expect([named(3660, 10), named(3670, 10), named(815, 200), named(825, 200)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(workOf((_, work) => Array.from({ length: 100 }, () => work.addPicture()))).toBe(false);
    expect(workOf((_, work) => Array.from({ length: 101 }, () => work.addPicture()))).toBe(true);
    expect(workOf((_, work) => Array.from({ length: 262_144 }, () => work.addOther()))).toBe(false);
    expect(workOf((_, work) => Array.from({ length: 262_145 }, () => work.addOther()))).toBe(true);
  });

  test('counts the values of a name that comes again, in whatever case it is written', () => {
    const values = (name: (i: number) => string) =>
      workOf((list) => {
        for (let i = 0; i < 200; i++) list.add(name(i), 4, 100_000);
      });
    expect([values(() => 'same'), values((i) => (i % 2 ? 'Same' : 'sAME'))]).toEqual([true, true]);
    expect(values((i) => `n${i}`)).toBe(false);
  });

  test('tells the first fault', () => {
    const work = new TagWork();
    work.giveUp('it is odd');
    work.giveUp('it is odder');
    expect([work.excessive, work.fault]).toEqual([true, 'it is odd']);
  });
});
