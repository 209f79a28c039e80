import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Dictionary, FormatContext } from 'node-av/lib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { convert, pianoNotes, readAll, scratch } from './audio-files.ts';
import { int32, pictureOnly, soundTracks } from './mov.ts';
import { noise, to16, tone, wav, writeWav } from './wav.ts';

const at = scratch();

function refusal(code: string, text: string | RegExp = '') {
  const message = typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text);
  return expect.objectContaining({ code, message });
}

describe('playlists and addresses', () => {
  let server: Server;
  let address = '';
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(wav([to16(tone(8000, 8000, 440))], { rate: 8000 }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    writeWav(at('secret.wav'), [to16(tone(8000, 8000, 440))], { rate: 8000 });
  });

  afterAll(() => server.close());

  const playlists: Record<string, (target: string) => string> = {
    m3u8: (target) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${target}\n#EXT-X-ENDLIST\n`,
    m3u: (target) => `#EXTM3U\n${target}\n`,
    ffconcat: (target) => `ffconcat version 1.0\nfile '${target}'\n`,
    pls: (target) => `[playlist]\nFile1=${target}\nNumberOfEntries=1\n`,
    mpd: (target) =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${target}</BaseURL></Period></MPD>`,
    sdp: (target) =>
      `v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\na=${target}\r\n`,
  };

  test.each(
    Object.keys(playlists).flatMap((kind) => [kind, 'wav', 'mp3'].map((suffix) => ({ kind, suffix }))),
  )('a $kind playlist named .$suffix is refused and never followed', ({ kind, suffix }) => {
    for (const target of [
      `${address}secret.wav`,
      at('secret.wav'),
      `file:${at('secret.wav')}`,
      'secret.wav',
    ]) {
      const list = at(`list-${kind}.${suffix}`);
      writeFileSync(list, playlists[kind](target));
      expect(() => convert(list, at('list.flac'), 'flac')).toThrow(
        refusal('ERR_AUDIO_OPEN', 'Playlists are never followed'),
      );
      expect(() => openDecoder(list)).toThrow(refusal('ERR_AUDIO_OPEN'));
    }
    expect(asked).toEqual([]);
  });

  test.each([
    'http://HOST/a.wav',
    'concat:secret.wav',
    'file:secret.wav',
    'fd:',
    'pipe:0',
    'data:audio/wav;base64,UklGRg==',
  ])('the name %s is a file name, which does not exist', (name) => {
    expect(() => openDecoder(name.replace('http://HOST/', address))).toThrow(
      refusal('ERR_AUDIO_OPEN', 'ENOENT'),
    );
    expect(asked).toEqual([]);
  });

  test('the server would have answered', async () => {
    expect((await fetch(address)).ok).toBe(true);
    expect(asked).toEqual(['/']);
  });
});

describe('an audio file that names another for its samples', () => {
  beforeAll(() => {
    writeFileSync(at('secret.raw'), Buffer.from(Int16Array.from(noise(1000, 16)).buffer));
    writeFileSync(at('refers.mov'), soundTracks([noise(1000, 16)], at('secret.raw')));
  });

  /** Lets FFmpeg follow such references, as it does not by default, and changes the options further. */
  function following(change: (options: Record<string, string>) => void): () => void {
    const open = FormatContext.prototype.openInputSync;
    const spy = vi.spyOn(FormatContext.prototype, 'openInputSync').mockImplementation(function (
      this: FormatContext,
      url,
      demuxer,
      options,
    ) {
      const all: Record<string, string> = {
        ...options?.getAll(),
        enable_drefs: '1',
        use_absolute_path: '1',
      };
      change(all);
      return open.call(this, url, demuxer, Dictionary.fromObject(all));
    });
    return () => spy.mockRestore();
  }

  function framesOf(path: string): number {
    try {
      return readAll(path).frames;
    } catch {
      return 0;
    }
  }

  test('gets none of them, not even where FFmpeg would follow the name', () => {
    expect(framesOf(at('refers.mov'))).toBe(0);
    const allowed: string[] = [];
    const restore = following((options) => allowed.push(options.protocol_whitelist));
    try {
      expect(framesOf(at('refers.mov'))).toBe(0);
      expect(allowed).toEqual(['fd']);
    } finally {
      restore();
    }
  });

  test('would get them if files could be opened by name', () => {
    const restore = following((options) => {
      options.protocol_whitelist = 'fd,file';
    });
    try {
      expect(framesOf(at('refers.mov'))).toBe(1000);
    } finally {
      restore();
    }
  });
});

describe('several audio files in one', () => {
  test('give one of them, with a warning, and the others are not even read', () => {
    const tracks = [noise(100_000, 16, 1), noise(100_000, 16, 2)];
    writeFileSync(at('two.mov'), soundTracks(tracks));
    const packets = [0, 0];
    const read = FormatContext.prototype.readFrameSync;
    const spy = vi.spyOn(FormatContext.prototype, 'readFrameSync').mockImplementation(function (
      this: FormatContext,
      packet,
    ) {
      const result = read.call(this, packet);
      if (result >= 0) packets[packet.streamIndex]++;
      return result;
    });
    try {
      const { warnings, planes } = readAll(at('two.mov'), 's32');
      const taken = packets[0] > packets[1] ? 0 : 1;
      expect(warnings).toEqual([`Took audio stream ${taken}, one of 2; the others were left out.`]);
      expect(Array.from(planes[0])).toEqual(tracks[taken].map((sample) => sample * 65_536));
      // One was read to see what the file is.
      expect(packets[taken]).toBeGreaterThan(20);
      expect(packets[1 - taken]).toBeLessThanOrEqual(1);
    } finally {
      spy.mockRestore();
    }
  });
});

describe('file names', () => {
  test.each([
    ['a line break', 'two\nlines.wav'],
    ['a leading dash', '-y.wav'],
    ['a pattern', 'clip%03d.wav'],
    ['a percent-n', '%n%s.wav'],
    ['a protocol', 'http:example.wav'],
    ['a list separator', 'a|b,c;d.wav'],
    ['quotes and backslashes', `it's "odd" \\ here.wav`],
    ['other scripts', 'Ünïcødé 音楽 🎵.wav'],
    ['255 bytes', `${'n'.repeat(246)}.out.wav`],
    ['spaces at the ends', ' .wav '],
  ])('with %s are plain files, as input and as output', (_, name) => {
    const planes = [noise(100, 16)];
    const folder = at('names');
    mkdirSync(folder, { recursive: true });
    const input = writeWav(`${folder}/${name}`, planes);
    expect(convert(input, `${folder}/${name}`.replace(/\.wav\s*$/, '.oga'), 'flac').frames).toBe(100);
    expect(readAll(`${folder}/${name}`.replace(/\.wav\s*$/, '.oga')).frames).toBe(100);
  });

  test('a symbolic link is the file it points to', () => {
    writeWav(at('target.wav'), [[1, 2, 3]]);
    symlinkSync(at('target.wav'), at('link.wav'));
    expect(readAll(at('link.wav')).frames).toBe(3);
  });
});

describe('files that are not audio', () => {
  test.each([
    ['text', 'hello, this is a text and not audio\n'.repeat(50)],
    ['an archive', Buffer.from('504b0304140000000800', 'hex')],
    ['noise', Buffer.from(noise(4000, 8).map((value) => value + 128))],
  ])('%s is refused by name', (_, content) => {
    writeFileSync(at('not-audio.wav'), content);
    expect(() => openDecoder(at('not-audio.wav'))).toThrow(refusal('ERR_AUDIO_OPEN', 'not-audio.wav'));
  });

  test('an empty file, a folder, a pipe, a device and nothing at all are refused by name, and nothing hangs', () => {
    closeSync(openSync(at('empty.wav'), 'w'));
    execFileSync('mkfifo', [at('pipe.wav')]);
    expect(() => openDecoder(at('empty.wav'))).toThrow(refusal('ERR_AUDIO_OPEN', 'which is empty'));
    expect(() => openDecoder(at('.'))).toThrow(refusal('ERR_AUDIO_OPEN', 'regular file'));
    expect(() => openDecoder(at('pipe.wav'))).toThrow(refusal('ERR_AUDIO_OPEN', 'regular file'));
    expect(() => openDecoder('/dev/zero')).toThrow(refusal('ERR_AUDIO_OPEN', 'regular file'));
    expect(() => openDecoder(at('missing.wav'))).toThrow(refusal('ERR_AUDIO_OPEN', 'ENOENT'));
  });

  test('a picture is refused as a file without audio', () => {
    // An MP4 whose only track is a picture, as small as they come.
    writeFileSync(at('picture.m4a'), pictureOnly());
    expect(() => openDecoder(at('picture.m4a'))).toThrow(refusal('ERR_AUDIO_NO_STREAM', 'pictures only'));
  });
});

describe('cover art', () => {
  test('is left out, and the sound beside it is kept', () => {
    const plain = writeWav(at('cover.wav'), [noise(5000, 16)]);
    convert(plain, at('cover.flac'), 'flac');
    writeFileSync(at('cover-art.flac'), withPicture(readFileSync(at('cover.flac'))));
    const result = convert(at('cover-art.flac'), at('cover-out.wav'), 'wav');
    expect(result).toMatchObject({ frames: 5000, warnings: [] });
    expect(readAll(at('cover-out.wav')).planes).toEqual(readAll(plain).planes);
  });
});

describe('damage', () => {
  test('in a lossless file is an error that says where', () => {
    writeWav(at('whole.wav'), [noise(100_000, 16)]);
    convert(at('whole.wav'), at('whole.flac'), 'flac');
    const bytes = readFileSync(at('whole.flac'));
    bytes.fill(0x55, 100_000, 100_400);
    writeFileSync(at('damaged.flac'), bytes);
    expect(() => convert(at('damaged.flac'), at('damaged.wav'), 'wav')).toThrow(
      refusal('ERR_AUDIO_DECODE', /damage after frame \d+/),
    );
  });

  test('in a lossy file is played over, with a warning', () => {
    writeWav(at('lossy.wav'), [to16(tone(100_000, 44_100, 440))]);
    convert(at('lossy.wav'), at('lossy.m4a'), 'm4a');
    const bytes = readFileSync(at('lossy.m4a'));
    bytes.fill(0xaa, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.6));
    writeFileSync(at('damaged.m4a'), bytes);
    const { warnings, frames } = convert(at('damaged.m4a'), at('damaged.mp3'), 'mp3');
    expect(frames).toBeGreaterThan(50_000);
    expect(warnings.join()).toMatch(/^Skipped \d+ damaged packets\.$/);
  });

  test('of all there is in a lossy file is an error', () => {
    writeWav(at('lossy.wav'), [to16(tone(100_000, 44_100, 440))]);
    convert(at('lossy.wav'), at('lossy.m4a'), 'm4a');
    const bytes = readFileSync(at('lossy.m4a'));
    const sound = bytes.indexOf('mdat') + 4;
    bytes.fill(0xff, sound, sound - 4 + bytes.readUInt32BE(sound - 8));
    writeFileSync(at('nothing.m4a'), bytes);
    expect(() => convert(at('nothing.m4a'), at('nothing.mp3'), 'mp3')).toThrow(
      refusal('ERR_AUDIO_DECODE', /got \d+ damaged packets and nothing else/),
    );
  });

  test.each([
    ['rate', { rate: 48_000 }, [1]],
    ['channels', { rate: 44_100 }, [1, 2]],
  ] as const)('that is another file of another %s behind the first is an error', (_what, { rate }, seeds) => {
    writeWav(at('first.wav'), [to16(tone(50_000, 44_100, 440))]);
    writeWav(
      at('second.wav'),
      seeds.map(() => to16(tone(50_000, rate, 440))),
      { rate },
    );
    for (const name of ['first', 'second']) convert(at(`${name}.wav`), at(`${name}.mp3`), 'mp3');
    writeFileSync(
      at('both.mp3'),
      Buffer.concat([readFileSync(at('first.mp3')), readFileSync(at('second.mp3'))]),
    );
    expect(() => convert(at('both.mp3'), at('both.flac'), 'flac')).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', /got a change after frame \d{5} of/),
    );
  });

  test('of the end of a wav file is a warning, and what is there is kept', () => {
    const bytes = wav([noise(1000, 16)]);
    writeFileSync(at('cut.wav'), bytes.subarray(0, bytes.length - 400));
    const { warnings, frames } = convert(at('cut.wav'), at('cut.flac'), 'flac');
    expect(frames).toBe(800);
    expect(warnings).toEqual(['The file is cut off, or its header is wrong: what is there was decoded.']);
  });

  test.each([
    { kept: 1000, warned: 0 },
    { kept: 700, warned: 1 },
  ])('of the end of an RF64 file is a warning too: $kept of 1000 frames', ({ kept, warned }) => {
    const samples = noise(1000, 16);
    const plain = wav([samples]);
    const sizes = Buffer.alloc(36);
    sizes.write('ds64', 'latin1');
    sizes.writeUInt32LE(28, 4);
    sizes.writeBigUInt64LE(BigInt(plain.length + 28), 8);
    sizes.writeBigUInt64LE(2000n, 16);
    sizes.writeBigUInt64LE(1000n, 24);
    plain.write('RF64', 'latin1');
    plain.writeUInt32LE(0xffff_ffff, 4);
    plain.writeUInt32LE(0xffff_ffff, 40);
    const bytes = Buffer.concat([plain.subarray(0, 12), sizes, plain.subarray(12)]);
    writeFileSync(at('large.wav'), bytes.subarray(0, bytes.length - 2 * (1000 - kept)));
    const { planes, warnings } = readAll(at('large.wav'), 's32');
    expect(Array.from(planes[0])).toEqual(samples.slice(0, kept).map((sample) => sample * 65_536));
    expect(warnings).toHaveLength(warned);
  });

  test.each([
    ['a wav without its samples', 'wav', () => wav([noise(1000, 16)]).subarray(0, 44)],
    ['an ogg', 'ogg', () => encoded('ogg', 0.6)],
    ['an opus', 'opus', () => encoded('opus', 0.6)],
    ['an mp3', 'mp3', () => encoded('mp3', 0.6)],
  ] as const)('that cuts off %s is a warning', (_what, extension, bytes) => {
    writeFileSync(at(`cut.${extension}`), bytes());
    expect(convert(at(`cut.${extension}`), at('cut-out.wav'), 'wav').warnings).toContain(
      'The file is cut off, or its header is wrong: what is there was decoded.',
    );
    if (extension !== 'wav') {
      writeFileSync(at(`whole.${extension}`), encoded(extension, 1));
      expect(convert(at(`whole.${extension}`), at('cut-out.wav'), 'wav').warnings).toEqual([]);
    }
  });

  /** The first part of an audio file in that format. */
  function encoded(to: 'ogg' | 'opus' | 'mp3', part: number): Buffer {
    writeWav(at('to-cut.wav'), [to16(tone(200_000, 48_000, 440))], { rate: 48_000 });
    convert(at('to-cut.wav'), at(`to-cut.${to}`), to);
    const bytes = readFileSync(at(`to-cut.${to}`));
    return bytes.subarray(0, Math.floor(bytes.length * part));
  }

  test('of a pipe that could not say how long it would be is none', () => {
    const bytes = wav([noise(1000, 16)]);
    bytes.writeUInt32LE(0xffff_ffff, 40);
    writeFileSync(at('piped.wav'), bytes);
    expect(convert(at('piped.wav'), at('piped.flac'), 'flac')).toMatchObject({ frames: 1000 });
  });

  test('that removes whole frames from the end of a flac file is an error too', () => {
    writeWav(at('rest.wav'), [noise(50_000, 16)]);
    convert(at('rest.wav'), at('rest.flac'), 'flac');
    const bytes = readFileSync(at('rest.flac'));
    writeFileSync(at('short.flac'), bytes.subarray(0, bytes.length / 2));
    expect(() => convert(at('short.flac'), at('short.wav'), 'wav')).toThrow(refusal('ERR_AUDIO_DECODE'));
  });
});

describe('a decoder', () => {
  test('says what a file is before it is read', () => {
    writeWav(at('info.wav'), [noise(96_000, 24), noise(96_000, 24)], {
      format: 's24',
      rate: 48_000,
      tags: { INAM: 'A title' },
    });
    expect(readAll(at('info.wav')).info).toEqual({
      sampleRate: 48_000,
      channels: 2,
      layout: expect.objectContaining({ nbChannels: 2, mask: 3n }),
      codec: 'pcm_s24le',
      sampleFormat: 's32',
      depth: { type: 'integer', bits: 24 },
      lossless: true,
      announcedFrames: 96_000,
      tags: { title: 'A title' },
    });
  });

  test.each(pianoNotes().slice(0, 5))('announces of %s what decodes', (note) => {
    const { frames, info } = readAll(note);
    expect(info.announcedFrames).toBe(frames);
  });
});

/** Puts a PICTURE block behind the first metadata block of a FLAC file. */
function withPicture(flac: Buffer): Buffer {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const mime = Buffer.from('image/png');
  const body = Buffer.concat([int32(3, mime.length), mime, int32(0, 1, 1, 32, 0, png.length), png]);
  const head = int32(body.length);
  head[0] = 6;
  const streamInfoEnd = 4 + 4 + 34;
  return Buffer.concat([flac.subarray(0, streamInfoEnd), head, body, flac.subarray(streamInfoEnd)]);
}
