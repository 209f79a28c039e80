/** Which pictures an output has, and how large they are. */
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { describe, expect, test } from 'vitest';
import { imageKindOf } from '../../src/audio/covers/image-kind.ts';
import type { CoverSettings } from '../../src/audio/plan/request.ts';
import { bytesInMemory } from '../../src/audio/tags/model.ts';
import { convert, scratch } from './audio-files.ts';
import { refusal } from './refusal.ts';
import { jpeg, orientation, png, pngOf, withExif } from './tags/pictures.ts';
import { pictureOf, tagged, tagsIn } from './tags/tagged.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const FRONT = 3;
const BACK = 4;

/** A FLAC with such pictures, in a folder of its own. */
function album(name: string, ...pictures: readonly Buffer[]): (file: string) => string {
  mkdirSync(at(name), { recursive: true });
  const inside = (file: string) => at(`${name}/${file}`);
  writeWav(inside('plain.wav'), [noise(5000, 16)]);
  const kinds = pictures.map((bytes, i) =>
    pictureOf(bytes, i === 0 ? FRONT : BACK, mimeOf(bytes), `no ${i}`),
  );
  tagged(inside('plain.wav'), inside('in.flac'), 'flac', { pictures: kinds });
  return inside;
}

function mimeOf(bytes: Buffer): string {
  return imageKindOf(bytesInMemory(bytes))?.mime ?? 'image/jpeg';
}

function made(inside: (file: string) => string, settings: CoverSettings) {
  const { warnings } = convert(inside('in.flac'), inside('out.mp3'), 'mp3', settings);
  return { warnings, pictures: tagsIn(inside('out.mp3')).pictures };
}

describe('pictures', () => {
  test('are kept, all of them, unless none are asked for', () => {
    const inside = album('kept', jpeg(5000), png(7000));
    const expected = [
      pictureOf(jpeg(5000), FRONT, 'image/jpeg', 'no 0'),
      pictureOf(png(7000), BACK, 'image/png', 'no 1'),
    ];
    for (const settings of [{}, { cover: 'keep' }, { cover: 'folder' }] as const) {
      const { pictures, warnings } = made(inside, settings);
      expect(pictures).toMatchObject(expected.map(({ bytes: _, ...picture }) => picture));
      expect(pictures.map(({ bytes }) => bytes)).toEqual([jpeg(5000), png(7000)]);
      expect(warnings).toEqual([]);
    }
    expect(made(inside, { cover: 'none' })).toEqual({ pictures: [], warnings: [] });
  });

  test('of a file are those of another where that is named', () => {
    const inside = album('named', jpeg(5000), png(7000));
    writeFileSync(inside('other'), png(9000));
    expect(made(inside, { cover: { path: inside('other') } }).pictures).toEqual([
      expect.objectContaining({ type: FRONT, mime: 'image/png', bytes: png(9000) }),
    ]);
  });

  test('beside a file are for those that have none: the best name counts, in capitals or not', () => {
    const inside = album('beside');
    expect(made(inside, { cover: 'folder' }).pictures).toEqual([]);
    writeFileSync(inside('Folder.PNG'), png(9000));
    expect(made(inside, { cover: 'folder' }).pictures.map(({ bytes }) => bytes)).toEqual([png(9000)]);
    writeFileSync(inside('cover.jpeg'), jpeg(3000));
    expect(made(inside, { cover: 'folder' }).pictures.map(({ bytes }) => bytes)).toEqual([jpeg(3000)]);
    expect(made(inside, { cover: 'keep' }).pictures).toEqual([]);
  });

  test('that are asked for and are none end the file', () => {
    const inside = album('wrong');
    writeFileSync(inside('text'), 'no picture');
    for (const path of [inside('text'), inside('missing'), inside('.')]) {
      expect(() => made(inside, { cover: { path } })).toThrow(
        refusal('ERR_INVALID_ARGUMENT', 'A cover is a picture'),
      );
    }
  });

  test.each([
    [{ cover: 'front' }, 'A cover is keep, none, folder or { path }'],
    [{ cover: { path: '' } }, 'A cover is keep'],
    [{ coverSize: 15 }, '16 to 10000 pixels'],
    [{ coverSize: 600.5 }, '16 to 10000 pixels'],
  ])('are asked for as documented, not as %j', (settings, text) => {
    const inside = album('documented');
    expect(() => made(inside, settings as CoverSettings)).toThrow(refusal('ERR_INVALID_ARGUMENT', text));
  });
});

describe('a size', () => {
  test('makes larger pictures smaller, as JPEG, and leaves the others', () => {
    const inside = album('sized', png(0, 1000), png(5000));
    const { pictures, warnings } = made(inside, { coverSize: 600 });
    expect(imageKindOf(bytesInMemory(pictures[0].bytes))).toEqual({
      mime: 'image/jpeg',
      width: 600,
      height: 600,
    });
    expect(pictures[0]).toMatchObject({ type: FRONT, mime: 'image/jpeg', description: 'no 0' });
    expect(pictures[1].bytes).toEqual(png(5000));
    expect(warnings).toEqual([]);
  });

  test('makes the same of a picture each time', () => {
    const inside = album('same', png(0, 1000));
    const other = album('other', png(0, 1000, Buffer.from([0, 0, 255])));
    const first = made(inside, { coverSize: 100 }).pictures[0].bytes;
    expect(made(other, { coverSize: 100 }).pictures[0].bytes).not.toEqual(first);
    expect(made(inside, { coverSize: 100 }).pictures[0].bytes).toEqual(first);
  });

  test('leaves what cannot be decoded, or would take too much memory, and says so', () => {
    const huge = png();
    huge.writeUInt32BE(100_000, 16);
    huge.writeUInt32BE(100_000, 20);
    const cut = png(0, 1000).subarray(0, 60);
    const inside = album(
      'hostile',
      huge,
      cut,
      Buffer.from('GIF89a is not enough'),
      Buffer.from([0xff, 0xd8, 0xff]),
    );
    const { pictures, warnings } = made(inside, { coverSize: 600 });
    expect(pictures.map(({ bytes }) => bytes)).toEqual([
      huge,
      cut,
      Buffer.from('GIF89a is not enough'),
      Buffer.from([0xff, 0xd8, 0xff]),
    ]);
    expect(warnings.length).toBe(4);
    expect(warnings[0]).toBe(
      'A picture ("image/png of 100000 by 100000 pixels") stayed as it is: it cannot be made smaller.',
    );
  });
});

describe('a picture that has to be turned, by its EXIF', () => {
  const SIZE = { width: 120, height: 80 };
  const QUARTERS = ['ff0000', '00ff00', '0000ff', 'ffffff'].map((hex) => Buffer.from(hex, 'hex'));
  const colourAt = (x: number, y: number) =>
    QUARTERS[(x < SIZE.width / 2 ? 0 : 1) + (y < SIZE.height / 2 ? 0 : 2)];
  /** Where the corners of what is stored are to be seen: left and right of the top, then of the bottom. */
  const SEEN = {
    ...{ 1: [0, 1, 2, 3], 2: [1, 0, 3, 2], 3: [3, 2, 1, 0], 4: [2, 3, 0, 1] },
    ...{ 5: [0, 2, 1, 3], 6: [2, 0, 3, 1], 7: [3, 1, 2, 0], 8: [1, 3, 0, 2] },
  };

  function smaller(picture: Buffer) {
    const { pictures } = made(album('turned', picture), { coverSize: 60 });
    return { bytes: pictures[0].bytes, ...cornersOf(pictures[0].bytes) };
  }

  test.each(Object.entries(SEEN))('is so when it is made smaller: %s', (value, order) => {
    const plain = smaller(pngOf(SIZE, colourAt));
    for (const picture of [
      pngOf(SIZE, colourAt, orientation(Number(value))),
      withExif(
        made(album('plain', pngOf(SIZE, colourAt)), { coverSize: 110 }).pictures[0].bytes,
        orientation(Number(value)),
      ),
    ]) {
      const { corners, width, height } = smaller(picture);
      expect([width, height]).toEqual(Number(value) < 5 ? [60, 40] : [40, 60]);
      for (const [i, stored] of order.entries()) {
        for (const [plane, level] of corners[i].entries()) {
          expect(Math.abs(level - plain.corners[stored][plane])).toBeLessThan(8);
        }
      }
    }
  });
});

/** Brightness and colours near the four corners of a JPEG. */
function cornersOf(bytes: Buffer) {
  const context = new CodecContext();
  context.allocContext3(Codec.findDecoderByName('mjpeg' as Parameters<typeof Codec.findDecoderByName>[0])!);
  context.open2Sync(null, null);
  const packet = new Packet();
  packet.alloc();
  packet.data = bytes;
  context.sendPacketSync(packet);
  context.sendPacketSync(null);
  const frame = new Frame();
  frame.alloc();
  expect(context.receiveFrameSync(frame)).toBe(0);
  const { width, height, linesize, data } = frame;
  const corners = [0, 1, 2, 3].map((corner) =>
    [0, 1, 2].map((plane) => {
      const half = plane === 0 ? 1 : 2;
      const [x, y] = [corner % 2 === 0 ? 6 : width - 7, corner < 2 ? 6 : height - 7];
      return data![plane][Math.floor(y / half) * linesize[plane] + Math.floor(x / half)];
    }),
  );
  frame.free();
  packet.free();
  context.freeContext();
  return { corners, width, height };
}

describe('times', () => {
  test('of an output are those of its source where they are asked for, and never earlier', () => {
    const inside = album('times');
    utimesSync(inside('in.flac'), 1_000_000.123_456, 987_654_321.123_456);
    convert(inside('in.flac'), inside('out.mp3'), 'mp3', { preserveTimes: true });
    const [before, after] = ['in.flac', 'out.mp3'].map((name) => statSync(inside(name), { bigint: true }));
    for (const [then, now] of [[before.mtimeNs, after.mtimeNs]]) {
      expect(now).toBeGreaterThanOrEqual(then);
      expect(now - then).toBeLessThan(3000n);
    }
    convert(inside('in.flac'), inside('out.mp3'), 'mp3');
    expect(statSync(inside('out.mp3')).mtimeMs).toBeGreaterThan(1e12);
  });
});
