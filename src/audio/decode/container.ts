/**
 * Opens a source for FFmpeg so that it can read these bytes and nothing else: FFmpeg gets the descriptor,
 * `fd` is the only protocol it may use, and demuxers and decoders are allow-lists without playlists. So no
 * name (`http:`, `concat:`, `%03d`) has a meaning, and no content can name another file or an address.
 */
import {
  AV_CODEC_ID_NONE,
  AVDISCARD_ALL,
  AVERROR_EINVAL,
  AVERROR_EMFILE,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  type FFDecoderCodec,
} from 'node-av/constants';
import { Codec, Dictionary, FormatContext, InputFormat, type Stream } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { endReading, readFrom } from '../callback-io.ts';
import { remembered } from '../kept.ts';
import { check, nativeReason } from '../native-error.ts';
import { quietNativeLog } from '../native-log.ts';
import { MORE_OPEN_FILES } from '../sources/file-source.ts';
import { isStream, type Source } from '../sources/source.ts';
import { DECODERS, UNMARKED } from '../survey/formats.ts';
import type { Mp3Info } from '../survey/mp3-info.ts';
import type { PcmForm, Sound } from '../survey/sound.ts';
import { decoderOf, undecodable } from './decoders.ts';
import { isCutOff } from './ending.ts';
import type { Recognized } from './recognize.ts';

quietNativeLog();

/** What FFmpeg may find by itself. AAC it may not, since its tags are looked through beforehand. */
const TOLD_BY_FFMPEG = UNMARKED.filter((name) => name !== 'aac').join();

/** Demuxers whose header says all that decoding needs; others look at the first packets, 0.1 ms and up. */
const SELF_DESCRIBING = new Set(['aiff', 'au', 'caf', 'flac', 'mp3', 'ogg', 'w64', 'wav']);

/**
 * FFmpeg's own of today, whatever it takes tomorrow (docs/limits.md): bytes, streams and packets. Streams are
 * fewer: it opens the decoder of each to look at it, which is 0.7 MiB and more.
 */
const LIMITS = {
  formatprobesize: 1_048_576,
  probesize: 5_000_000,
  max_probe_packets: 2500,
  max_streams: 200,
  indexmem: 1_048_576,
};

const demuxerOf = remembered((name: string) => InputFormat.findInputFormat(name));

const STREAM_PACKET_BYTES = 4096;

/** Of what is no audio, for a word on what it is. */
const HEAD_BYTES = 64;

const PLAYLIST = /^\uFEFF?\s*(#EXTM3U|ffconcat|\[playlist\]|<\?xml|<MPD|v=0\r?\n)/i;

/** An opened source: owns the format context; the source stays with whoever opened it. */
export interface Container extends Disposable {
  readonly source: Source;
  readonly format: FormatContext;
  /** The audio that is decoded. */
  readonly stream: Stream;
  /** What was left out, for the user. */
  readonly warnings: readonly string[];
  /** Where the sound lies, for formats whose header says so. */
  readonly sound: Sound | null;
  /** Bits of a sample that count, where FFmpeg does not know. */
  readonly bits: number | null;
  /** What an MP3 says of its ends, where FFmpeg does not tell. */
  readonly mp3: Mp3Info | null;
  /** The file certainly lacks its end. To be asked once all was read. */
  isCutOff(): boolean;
  /** @throws what the source threw while native code read it; nothing where it read all right */
  rethrow(): void;
  [Symbol.dispose](): void;
}

/**
 * Finds the audio of a source.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_UNSUPPORTED`
 */
export function openContainer({ source, format: name, sound, bits, mp3 }: Recognized): Container {
  using opening = new DisposableStack();
  const format = new FormatContext();
  const io = source.bytes.kind !== 'file' ? readFrom(source) : null;
  const { url, ...access } = accessTo(source.bytes);
  if (io !== null) {
    opening.defer(() => endReading(io));
    format.allocContext();
    format.pb = io.native;
  }
  const raw = sound?.alone === true ? sound.form : null;
  const demuxer = raw === null ? name : raw.codec.replace('pcm_', '');
  const options = Dictionary.fromObject({
    ...access,
    format_whitelist: demuxer ?? TOLD_BY_FFMPEG,
    codec_whitelist: DECODERS.join(),
    ...LIMITS,
    ...(name === 'wav' ? wavOptions(source, sound) : {}),
    ...(raw === null ? {} : rawOptions(raw)),
  });
  const opened = format.openInputSync(url, demuxer === null ? null : demuxerOf(demuxer), options);
  options.free();
  io?.rethrow();
  if (opened < 0) throw refusal(source, opened);
  opening.defer(() => format.closeInputSync());
  correctCodec(format, sound);
  refuseUndecodable(source.name, format);
  if (!isSelfDescribing(format)) {
    const found = format.findStreamInfoSync(null);
    io?.rethrow();
    check(
      found,
      'ERR_AUDIO_OPEN',
      () => `An input is an audio file that FFmpeg reads, got ${jsonText(source.name)}.`,
    );
  }
  const { stream, warnings } = selectAudio(source.name, format);
  const held = opening.move();
  return {
    ...{ source, format, stream, warnings, sound, bits, mp3 },
    isCutOff: () => isCutOff(source, format.iformat?.name, sound),
    rethrow: () => io?.rethrow(),
    [Symbol.dispose]: () => held.dispose(),
  };
}

/** A part goes through FFmpeg's `subfile`, which can but narrow what is read through another protocol. */
function accessTo(bytes: Source['bytes']) {
  // Whatever it names would have to be opened, and no protocol is there for that.
  if (bytes.kind !== 'file') return { url: '', protocol_whitelist: 'none' };
  const { fd, part } = bytes;
  if (part === undefined) return { url: 'fd:', fd, protocol_whitelist: 'fd' };
  return { url: 'subfile:fd:', fd, ...part, protocol_whitelist: 'subfile,fd' };
}

function refusal(source: Source, result: number): MillpondError {
  if (result === AVERROR_EMFILE) {
    // FFmpeg has a descriptor of its own for the file that was opened.
    return new MillpondError(
      'ERR_AUDIO_OPEN',
      `FFmpeg opens an input once more, got ${jsonText(source.name)}: ${nativeReason(result)}. ${MORE_OPEN_FILES}`,
    );
  }
  const head = Buffer.alloc(HEAD_BYTES);
  const streamed = isStream(source);
  // What there was of a stream was recognized, and is gone.
  const length = streamed ? 0 : source.read(head, 0);
  const path = jsonText(source.name);
  const text = head.toString('utf8', 0, length);
  if (length === 0 && !streamed) {
    return new MillpondError('ERR_AUDIO_OPEN', `An input holds audio, got ${path}, which is empty.`);
  }
  if (PLAYLIST.test(text)) {
    return new MillpondError(
      'ERR_AUDIO_OPEN',
      `Playlists are never followed, got ${path}. Name the audio files themselves.`,
    );
  }
  const reason =
    result === AVERROR_EINVAL ? 'its format is not one of those millpond reads' : nativeReason(result);
  return new MillpondError(
    'ERR_AUDIO_OPEN',
    `An input is an audio file in a format that FFmpeg reads, got ${path}: ${reason}. Check that it is audio, and complete.`,
  );
}

/**
 * FFmpeg shows the first packets of every 16-bit WAV to all of its 300 demuxers, in case they are something
 * else in disguise. By default this takes 4 ms for a prompt of two seconds, longer than all the rest. One
 * small packet is enough; larger ones make long files cheaper. The size is where both costs together are
 * least (docs/decisions/023).
 */
function wavOptions(source: Source, sound: Sound | null) {
  // A packet is waited for, so those of a stream are small.
  const best = isStream(source) ? STREAM_PACKET_BYTES : Math.sqrt(118 * source.size);
  const packetBytes = Math.round(Math.min(65_536, Math.max(1024, best)));
  const toTheEnd = sound !== null && sound.bytes === null;
  return { max_probe_packets: 1, max_size: packetBytes, ignore_length: toTheEnd ? 1 : 0 };
}

/** What samples alone don't tell. */
function rawOptions({ rate, channels, mask }: PcmForm) {
  return { sample_rate: rate, ch_layout: mask === 0 ? `${channels} channels` : `0x${mask.toString(16)}` };
}

/** FFmpeg goes by the bits of a sample alone, not by the bytes that it is stored in. */
function correctCodec(format: FormatContext, sound: Sound | null): void {
  if (sound?.form?.mistaken !== true) return;
  const codec = Codec.findDecoderByName(sound.form.codec as FFDecoderCodec);
  const [stream] = audioStreams(format);
  if (codec !== null && stream !== undefined) stream.codecpar.codecId = codec.id;
}

function isSelfDescribing(format: FormatContext): boolean {
  return format.nbStreams > 0 && SELF_DESCRIBING.has(format.iformat?.name ?? '');
}

/** Before any packet is read: FFmpeg would show the first ones to a parser, if not to a decoder. */
function refuseUndecodable(name: string, format: FormatContext): void {
  const ids = audioStreams(format).map((stream) => stream.codecpar.codecId);
  // Some are known only once a packet was read.
  if (ids.length === 0 || ids.some((id) => id === AV_CODEC_ID_NONE || decoderOf(id) !== null)) return;
  throw undecodable(name, ids[0]);
}

function audioStreams(format: FormatContext): Stream[] {
  return format.streams.filter((stream) => stream.codecpar.codecType === AVMEDIA_TYPE_AUDIO);
}

function selectAudio(name: string, format: FormatContext): { stream: Stream; warnings: string[] } {
  const streams = format.streams;
  const audio = audioStreams(format);
  if (audio.length === 0) {
    const held = streams.some((stream) => stream.codecpar.codecType === AVMEDIA_TYPE_VIDEO)
      ? 'pictures only'
      : `${streams.length} streams, none of them audio`;
    throw new MillpondError(
      'ERR_AUDIO_NO_STREAM',
      `An input holds audio, got ${jsonText(name)} with ${held}. Leave the file out.`,
    );
  }
  const decodable = audio.filter((stream) => decoderOf(stream.codecpar.codecId) !== null);
  const best = audio.length === 1 ? 0 : format.findBestStream(AVMEDIA_TYPE_AUDIO);
  const stream = decodable.find(({ index }) => index === best) ?? decodable[0] ?? audio[0];
  for (const other of streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL;
  const warnings =
    audio.length > 1
      ? [`Took audio stream ${stream.index}, one of ${audio.length}; the others were left out.`]
      : [];
  return { stream, warnings };
}
