import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Dictionary, FormatContext } from 'node-av/lib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { NO_TAGS } from '../../src/audio/tags/model.ts';
import { convert, pianoNotes, readAll, scratch } from './audio-files.ts';
import { int32, pictureOnly, soundTracks } from './mov.ts';
import { refusal } from './refusal.ts';
import { noise, to16, tone, wav, writeWav } from './wav.ts';

const at = scratch();

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
    const limits: Record<string, string>[] = [];
    const restore = following((options) => {
      allowed.push(options.protocol_whitelist);
      limits.push(options);
    });
    try {
      expect(framesOf(at('refers.mov'))).toBe(0);
      expect(allowed).toEqual(['fd']);
      // As docs/limits.md tells.
      expect(limits[0]).toMatchObject({
        ...{ formatprobesize: '1048576', probesize: '5000000', max_probe_packets: '2500' },
        ...{ max_streams: '200', indexmem: '1048576' },
      });
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
      tags: { ...NO_TAGS, fields: [{ key: 'TITLE', value: 'A title' }] },
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
