/**
 * One file into another: decode, kernels, encode, block by block through one lease. Synchronous; runs on one
 * thread.
 * Invariants: every lease is released on every path; the output is the same whatever the block sizes were;
 * the output appears whole or not at all.
 */
import { MillpondError } from '../errors.ts';
import { timesOf } from '../files/times.ts';
import { jsonText } from '../text/escaping.ts';
import { nowMs } from '../timers.ts';
import type { Block } from './block.ts';
import { withBlocks } from './blocks.ts';
import { carriedTags } from './carried.ts';
import { createDecoder, type Decoder } from './decode/decoder.ts';
import { wavChunks } from './decode/wav-chunks.ts';
import { type AudioJobContext, decodeBlocks, stretchOf } from './decoded-blocks.ts';
import { digestOf, SampleDigest } from './digest.ts';
import { createEncoder, type Encoder } from './encode/encoder.ts';
import { appendChunks, chunksBehind } from './encode/wav-chunks.ts';
import { downMix, type Fade, fade, gain, gainFactor, scale } from './kernels.ts';
import { openDecoder } from './open-decoder.ts';
import type { AudioInfo } from './plan/audio-info.ts';
import { mixMatrix, mustMix } from './plan/channels.ts';
import { type AudioLimits, mostOutput, tooLarge } from './plan/limits.ts';
import {
  checkRequest,
  isProcessed,
  type OutputChecks,
  type TranscodeRequest,
  type TranscodeResult,
  type TranscodeSettings,
} from './plan/request.ts';
import { sampleChange } from './plan/sample-change.ts';
import { streamNotes } from './plan/streams.ts';
import { planTarget, type TargetPlan } from './plan/targets.ts';
import { mostBytes } from './plan/upper-bound.ts';
import { chunksLeftOut, type WavChunk } from './plan/wav-chunks.ts';
import { createSink, type MadeSink } from './sinks/create-sink.ts';
import type { ToCome } from './sinks/sink.ts';
import { type AudioInput, openSource } from './sources/open-source.ts';
import { partOf } from './sources/part.ts';
import { isStream, type Source } from './sources/source.ts';
import { behindId3 } from './survey/id3v2.ts';
import { Window } from './survey/window.ts';
import { verifyOutput } from './verify.ts';

/**
 * Hz. The lossy targets have only rates that players know. A small file of a few samples a second, which may
 * be a log of measurements, would become an enormous one.
 */
const LEAST_LOSSY_RATE = 1000;

const FLOAT_BITS = 32;

/** Of the progress of a file that is verified: the rest is decoding it again. */
const ENCODING_SHARE = 0.75;

/**
 * Works in place on the first `frames` frames of a block; `position` is how many frames of the output came
 * before.
 */
export type Kernel = (block: Block, frames: number, position: number) => void;

/** What the blocks of one file hold, as its output will have it. */
export interface BlockFormat {
  /** Hz. */
  readonly sampleRate: number;
  /** Planes of a block that hold sound. A block may have more, which a kernel leaves alone. */
  readonly channels: number;
}

/**
 * Converts one file.
 * @param process makes a kernel of the caller's own for the file, which gets every block once, in order,
 * after all that the request asks for and at the output's rate and channels. It is called once, before the
 * first block; what it or its kernel throws ends the file, and no output appears.
 * @throws MillpondError `ERR_AUDIO_*`, `ERR_OUTPUT_*`, `ERR_INVALID_ARGUMENT`, and whatever the pool throws;
 * the signal's reason when cancelled
 */
export function transcode(
  request: TranscodeRequest,
  context: AudioJobContext,
  process?: (format: BlockFormat) => Kernel,
): TranscodeResult {
  context.signal.throwIfAborted();
  checkRequest(request);
  const totalFrames = request.fadeOutSeconds ? countFrames(request.input, request, context) : 0;
  const path = typeof request.input === 'string' ? request.input : null;
  const source = openSource(request.input);
  const times = request.preserveTimes && path !== null ? timesOf(path) : undefined;
  return convert(source, { ...request, totalFrames }, context, {
    create: ({ mostBytes }) => createSink(request.output, context.pool, mostBytes, times),
    path,
    checks: request,
    ...(process !== undefined && { process }),
  });
}

/** What is asked for, once it is known whence and where to. */
interface Conversion extends TranscodeSettings {
  /** Of the source, where there is a fade at its end. */
  readonly totalFrames: number;
}

/** What a conversion has of whoever asked for it. */
interface ConversionParts {
  /** Makes the sink, when it is known what goes into it. */
  create(toCome: ToCome): MadeSink;
  /** Of the audio file, where its user knows one. Default: none. */
  readonly path?: string | null;
  /** Default: none. */
  readonly checks?: OutputChecks;
  /** As of {@link transcode}. */
  readonly process?: (format: BlockFormat) => Kernel;
}

/**
 * Converts a source, which it takes over, into a sink.
 * @throws MillpondError as {@link transcode}
 */
export function convert(
  source: Source,
  request: Conversion,
  context: AudioJobContext,
  { create, path = null, checks: { hash = false, verify = false } = {}, process }: ConversionParts,
): TranscodeResult {
  const chunks = chunksWithin(source);
  const most = mostOutput(request.maxOutputBytes, source.size);
  using decoder = createDecoder(source, request);
  const processed = process !== undefined || isProcessed(request);
  const plan = planTarget(decoder.info, { ...request, processed });
  if (!plan.lossless && decoder.info.sampleRate < LEAST_LOSSY_RATE)
    throw tooSlow(source.name, request, decoder.info);
  decoder.configure(plan.kind, plan.sampleRate);
  // A cancelled job makes no file any more, so that an interrupt knows all there are.
  context.signal.throwIfAborted();
  const change = sampleChange(decoder.info, plan, request, process !== undefined);
  using open = new DisposableStack();
  const carrying = { request, change, chunks: chunks.found, path, open };
  const { tagWriter, notes } = carriedTags(decoder.info, plan, carrying);
  using sink = create({
    mostBytes: mostBytes(decoder.info, plan, tagWriter.size),
    frames:
      decoder.exactFrames === null
        ? null
        : Math.round((decoder.exactFrames * plan.sampleRate) / decoder.info.sampleRate),
    frameBytes: (plan.layout.nbChannels * (plan.bits ?? FLOAT_BITS)) / 8,
    withChunks: (written) =>
      chunksBehind(written + tagWriter.behind, chunks.source, chunks.found, change).end,
  });
  const streamed = sink.bytes.kind === 'stream';
  const lacking = streamed ? streamNotes(plan.to, tagWriter) : tagWriter.endNotes;
  const digest = plan.lossless && (hash || verify) ? new SampleDigest(plan.bits) : null;
  using encoder = createEncoder(sink, { ...plan, tagWriter }, digest);
  const steps = kernels(request, decoder.info, plan);
  if (process) {
    steps.push(process({ sampleRate: plan.sampleRate, channels: plan.layout.nbChannels }));
  }
  const warned = watchScale(decoder.info, plan, steps);
  const checkSize = () => {
    if (sink.size() > most) throw tooLarge(most);
  };
  const encoding = verify ? stretchOf(context, 0, ENCODING_SHARE) : context;
  const frames = pump({ decoder, encoder, steps, plan, checkSize }, encoding);
  if (frames === 0 && !plan.lossless) throw empty(source.name, request);
  const finishedMs = nowMs();
  encoder.finish();
  context.encoded?.(nowMs() - finishedMs);
  const lostChunks =
    streamed || isStream(source)
      ? chunksLeftOut(chunks.found, 'a stream has no place for such')
      : plan.to === 'wav'
        ? chunksLeftOut(
            appendChunks(sink, chunks.source, chunks.found, change),
            'the samples are not as they were',
          )
        : chunksLeftOut(chunks.found, `${plan.to} has no place for such`);
  checkSize();
  const samples = digest?.end() ?? null;
  const { sampleRate, bits, layout } = plan;
  const channels = layout.nbChannels;
  if (verify) {
    const encoded = { to: plan.to, frames, sampleRate, channels, bits, samples };
    verifyOutput(sink, encoded, stretchOf(context, ENCODING_SHARE, 1));
  }
  const sha256 = hash ? digestOf(sink.written(), context) : null;
  // The caller was told that the job was cancelled: then no output may appear any more.
  context.signal.throwIfAborted();
  return {
    frames: encoder.frames,
    sampleRate,
    channels,
    seconds: encoder.frames / sampleRate,
    bytesWritten: sink.commit(),
    ...sink.take(),
    bits,
    sha256,
    samples,
    warnings: [...decoder.warnings, ...plan.warnings, ...notes, ...lostChunks, ...warned, ...lacking],
  };
}

/** The chunks of a WAV, and where they lie. Looked for at once, since those of a stream go by. */
function chunksWithin(source: Source): { found: WavChunk[]; source: Source } {
  using opening = new DisposableStack();
  opening.use(source);
  const window = new Window(source);
  const begin = behindId3(window);
  const untagged = begin === 0 ? source : partOf(source, begin, source.size);
  const found = wavChunks(begin === 0 ? window : new Window(untagged));
  opening.move();
  return { found, source: untagged };
}

function kernels(request: Conversion, source: AudioInfo, plan: TargetPlan): Kernel[] {
  const { gainDb = 0, fadeInSeconds = 0, fadeOutSeconds = 0 } = request;
  const steps: Kernel[] = [];
  if (mustMix(source.layout, plan.layout)) {
    const matrix = mixMatrix(source.layout, plan.layout);
    steps.push((block, frames) => downMix(block, frames, matrix));
  }
  const channels = plan.layout.nbChannels;
  if (gainDb !== 0) {
    const factor = gainFactor(gainDb);
    steps.push((block, frames) => gain(block, frames, channels, factor));
  }
  if (fadeInSeconds > 0 || fadeOutSeconds > 0) {
    const shape: Fade = {
      inFrames: Math.round(fadeInSeconds * plan.sampleRate),
      outFrames: Math.round(fadeOutSeconds * plan.sampleRate),
      totalFrames: Math.round((request.totalFrames * plan.sampleRate) / source.sampleRate),
    };
    steps.push((block, frames, position) => fade(block, frames, channels, shape, position));
  }
  return steps;
}

/** Looks at every sample last of all, where the target may not hold some; gathers what it found. */
function watchScale(source: AudioInfo, plan: TargetPlan, steps: Kernel[]): Iterable<string> {
  const found = new Set<string>();
  if (plan.kind !== 's32' && (source.depth.type === 'float' || steps.length > 0)) {
    const channels = plan.layout.nbChannels;
    steps.push((block, frames) => {
      const { over, invalid } = scale(block, frames, channels);
      if (over && plan.bits !== null)
        found.add('Samples over full scale were clipped; --gain makes room for them.');
      if (invalid) found.add('Samples that are not numbers became silence.');
    });
  }
  return found;
}

interface Pumped {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
  readonly steps: readonly Kernel[];
  readonly plan: TargetPlan;
  /** Throws where the output has become too large. */
  checkSize(): void;
}

function pump({ decoder, encoder, steps, plan, checkSize }: Pumped, context: AudioJobContext): number {
  const channels = Math.max(decoder.info.channels, plan.layout.nbChannels);
  let position = 0;
  const shape = { channels, kind: plan.kind, sampleRate: plan.sampleRate };
  decodeBlocks(decoder, shape, context, (block, frames) => {
    const startedMs = nowMs();
    for (const step of steps) step(block, frames, position);
    encoder.write(block, frames);
    context.encoded?.(nowMs() - startedMs);
    checkSize();
    position += frames;
    return frames * plan.layout.nbChannels * 4;
  });
  return position;
}

/** Frames that an audio file decodes to. @throws MillpondError as `openDecoder` and its reads */
export function countFrames(input: AudioInput, limits: AudioLimits, context: AudioJobContext): number {
  using decoder = openDecoder(input, limits);
  const { channels, sampleRate } = decoder.info;
  withBlocks({ channels, kind: 'f32', sampleRate }, context, (block) => decoder.read(block) > 0);
  return decoder.decodedFrames;
}

/** Their files would hold no sound and no player opens them; WAV and FLAC have a valid empty form. */
function empty(name: string, request: TranscodeSettings): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `An empty audio file can become wav or flac only, got ${jsonText(name)} for ${request.to}. Leave the file out.`,
  );
}

function tooSlow(name: string, request: TranscodeSettings, { sampleRate }: AudioInfo): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `An audio file of less than ${LEAST_LOSSY_RATE} Hz can become wav or flac only, got ${sampleRate} Hz in ${jsonText(name)} for ${request.to}. Check its header.`,
  );
}
