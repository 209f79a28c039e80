import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Codec, CodecContext, Dictionary, FormatContext, InputFormat } from 'node-av/lib';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { DECODERS, FORMATS, type FormatName, formatOf, UNMARKED } from '../../src/audio/survey/formats.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import { soundTracks } from './mov.ts';
import { refusal } from './refusal.ts';
import { byKey, id3, title } from './tags.ts';
import { noise, to16, tone, writeWav } from './wav.ts';

const at = scratch();
const fixtures = new URL('fixtures/', import.meta.url);

const SUFFIXES = readdirSync(fixtures)
  .filter((name) => name.startsWith('tone.'))
  .map((name) => name.slice('tone.'.length));

/** Files of each kind, by a name that says which. */
const files = new Map<string, Buffer>();

beforeAll(() => {
  writeWav(at('tone.wav'), [to16(tone(9000, 48_000, 440))], { rate: 48_000 });
  files.set('wav', readFileSync(at('tone.wav')));
  for (const name of ['flac', 'mp3', 'ogg', 'opus', 'm4a'] as const) {
    convert(at('tone.wav'), at(`tone.${name}`), name);
    files.set(name, readFileSync(at(`tone.${name}`)));
  }
  for (const suffix of SUFFIXES) files.set(suffix, readFileSync(new URL(`tone.${suffix}`, fixtures)));
});

const NAMES = ['wav', 'flac', 'mp3', 'ogg', 'opus', 'm4a', ...SUFFIXES];

describe('a format', () => {
  const small = id3([title('In front')]);
  const footed = id3([title('In front')], { version: 4, footer: true, paddingBytes: 100 });

  test.each(NAMES)('is recognized without a name: %s', (name) => {
    writeFileSync(at('plain'), files.get(name)!);
    const read = readAll(at('plain'));
    expect([read.frames > 0, read.warnings]).toEqual([true, []]);
  });

  test.each(
    NAMES.flatMap((name) => [
      { name, tags: 'a small tag', bytes: [small] },
      { name, tags: 'a tag of 1.5 MB', bytes: [id3([title('In front')], { paddingBytes: 1_500_000 })] },
      { name, tags: 'three tags, one with a footer', bytes: [small, footed, small] },
    ]),
  )('is recognized behind ID3v2: $name behind $tags', ({ name, bytes }) => {
    writeFileSync(at('plain'), files.get(name)!);
    writeFileSync(at('behind'), Buffer.concat([...bytes, files.get(name)!]));
    const [plain, behind] = [readAll(at('plain')), readAll(at('behind'))];
    expect(behind.planes).toEqual(plain.planes);
    expect(behind.info.codec).toBe(plain.info.codec);
    expect(behind.warnings).toEqual([]);
    expect(byKey(behind.info.tags)).toEqual({ ...byKey(plain.info.tags), TITLE: 'In front' });
  });

  test('that is WAV keeps what else it holds, too', () => {
    const wav = Buffer.concat([files.get('wav')!, Buffer.from('mine\x04\0\0\0data')]);
    wav.writeUInt32LE(wav.length - 8, 4);
    writeFileSync(at('chunk.wav'), Buffer.concat([small, wav]));
    convert(at('chunk.wav'), at('kept.wav'), 'wav');
    expect(readFileSync(at('kept.wav')).includes('mine\x04\0\0\0data')).toBe(true);
  });

  test('that is Ogg is whole where several files follow each other behind a tag', () => {
    const ogg = files.get('ogg')!;
    writeFileSync(at('chain.ogg'), Buffer.concat([small, ogg, ogg]));
    expect(readAll(at('chain.ogg')).frames).toBe(18_000);
  });

  test('is MP3 where nothing else is behind the tag, whatever lies between', () => {
    const mp3 = files.get('mp3')!;
    const sound = mp3.subarray(mp3.indexOf(0xff));
    for (const between of [Buffer.alloc(3000), Buffer.from('junk'.repeat(500))]) {
      writeFileSync(at('between'), Buffer.concat([small, between, sound]));
      const { info, frames } = readAll(at('between'));
      expect([info.codec, byKey(info.tags).TITLE, frames > 9000]).toEqual(['mp3float', 'In front', true]);
    }
  });

  test('is AAC also where the file begins inside of a frame', () => {
    writeFileSync(at('cut'), Buffer.concat(Array(4).fill(files.get('aac')!)).subarray(100));
    expect(readAll(at('cut')).info.codec).toBe('aac');
  });
});

describe('the allow-lists', () => {
  test('name what this FFmpeg has, and what it would take by itself', () => {
    for (const name of FORMATS)
      expect([name, InputFormat.findInputFormat(name)?.name]).toEqual([name, expect.stringMatching(name)]);
    for (const name of DECODERS) {
      const codec = Codec.findDecoderByName(name as Parameters<typeof Codec.findDecoderByName>[0]);
      const usual = name === 'libopus' ? 'opus' : name;
      expect([name, codec && Codec.findDecoder(codec.id)?.name]).toEqual([name, usual]);
    }
  });

  test('have every format by what it begins with, but those without a beginning', () => {
    const marks: Record<Exclude<FormatName, (typeof UNMARKED)[number]>, string> = {
      ...{
        wav: 'RF64....WAVE',
        w64: 'riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0',
        aiff: 'FORM....AIFC',
      },
      ...{
        caf: 'caff\0\x01',
        au: '.snd',
        flac: 'fLaC',
        ogg: 'OggS',
        mov: '....ftyp',
        matroska: '\x1aE\xdf\xa3',
      },
      ...{ asf: '0&\xb2u\x8ef\xcf\x11\xa6\xd9\0\xaa\0b\xcel', avi: 'RIFF....AVI ', wv: 'wvpk', ape: 'MAC ' },
      ...{ tta: 'TTA1', tak: 'tBaK', mpc: 'MP+\x07', mpc8: 'MPCK', amr: '#!AMR\n', dsf: 'DSD ' },
    };
    const found = Object.values(marks).map((mark) => formatOf(Buffer.from(mark.padEnd(16, '\0'), 'latin1')));
    expect(found).toEqual(Object.keys(marks));
    expect(new Set(found)).toEqual(
      new Set(FORMATS.filter((name) => !UNMARKED.includes(name as (typeof UNMARKED)[number]))),
    );
    for (const other of ['FORM....8SVX', 'RIFF....CDXA', 'FRM8....', '\x80\0', 'FLV\x01', '.RMF']) {
      expect(formatOf(Buffer.from(other.padEnd(16, '\0'), 'latin1'))).toBeNull();
    }
  });

  test('leave out ADX, whose decoder divides by zero', () => {
    writeFileSync(at('crash.adx'), adx());
    expect(InputFormat.probe(adx())?.name).toBe('adx');
    expect(() => openDecoder(at('crash.adx'))).toThrow(
      refusal('ERR_AUDIO_OPEN', 'crash.adx": its format is not one of those millpond reads'),
    );
  });

  test('keep a decoder from running even where its demuxer did', () => {
    const open = FormatContext.prototype.openInputSync;
    const opening = vi.spyOn(FormatContext.prototype, 'openInputSync').mockImplementation(function (
      this: FormatContext,
      url,
      demuxer,
      options,
    ) {
      const all = { ...options?.getAll(), format_whitelist: 'adx' };
      return open.call(this, url, demuxer, Dictionary.fromObject(all));
    });
    const reading = vi.spyOn(FormatContext.prototype, 'readFrameSync');
    const looking = vi.spyOn(FormatContext.prototype, 'findStreamInfoSync');
    const decoding = vi.spyOn(CodecContext.prototype, 'open2Sync');
    try {
      writeFileSync(at('crash.adx'), adx());
      expect(() => openDecoder(at('crash.adx'))).toThrow(
        refusal('ERR_AUDIO_UNSUPPORTED', /got adpcm_adx in ".*crash.adx"/),
      );
      expect(opening).toHaveBeenCalledTimes(1);
      for (const step of [reading, looking, decoding]) expect(step).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('are told to FFmpeg, which decodes by itself to see what a file is', () => {
    const lists: string[] = [];
    const open = FormatContext.prototype.openInputSync;
    const spy = vi.spyOn(FormatContext.prototype, 'openInputSync').mockImplementation(function (
      this: FormatContext,
      url,
      demuxer,
      options,
    ) {
      lists.push(options?.getAll().codec_whitelist ?? '');
      return open.call(this, url, demuxer, options);
    });
    writeFileSync(at('listed'), files.get('m4a')!);
    readAll(at('listed'));
    spy.mockRestore();
    expect(lists).toEqual([DECODERS.join()]);
  });

  test('take the audio that can be decoded where a file has others', () => {
    const tracks = [noise(4000, 16, 1), noise(4000, 16, 2)];
    const movie = soundTracks(tracks);
    // MACE, of old Macintoshes.
    movie.write('MAC3', movie.indexOf('sowt'), 'latin1');
    writeFileSync(at('two.mov'), movie);
    const { planes, warnings } = readAll(at('two.mov'), 's32');
    expect(Array.from(planes[0])).toEqual(tracks[1].map((sample) => sample * 65_536));
    expect(warnings).toEqual(['Took audio stream 1, one of 2; the others were left out.']);
    movie.write('MAC3', movie.indexOf('sowt'), 'latin1');
    writeFileSync(at('none.mov'), movie);
    expect(() => openDecoder(at('none.mov'))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', /docs\/formats.md names, got mace3 in ".*none.mov"/),
    );
  });

  test.each(['g722', 'sbc', 'aptx', 'aptxhd', 'sln', 'adx', 'gsm'])('go by no name: .%s', (suffix) => {
    const path = at(`named.${suffix}`);
    writeFileSync(path, Buffer.from(noise(8000, 8).map((value) => value + 128)));
    expect(() => openDecoder(path)).toThrow(refusal('ERR_AUDIO_OPEN', `named.${suffix}`));
    writeFileSync(path, files.get('flac')!);
    expect(readAll(path).info.codec).toBe('flac');
  });
});

/** A file whose second header, in the middle of the sound, makes FFmpeg's decoder divide by zero. */
function adx(): Buffer {
  const file = Buffer.alloc(4000);
  file.set([0x80, 0x00, 0x00, 0x20, 3, 18, 4, 2]);
  file.writeUInt32BE(44_100, 8);
  file.write('(c)CRI', 30, 'latin1');
  return file;
}
