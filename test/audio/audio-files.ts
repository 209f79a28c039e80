/** What audio tests share: a scratch folder, reading a file whole, and measuring tones. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Block, type BlockKind } from '../../src/audio/block.ts';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import type { AudioInfo } from '../../src/audio/plan/audio-info.ts';
import type { TranscodeRequest, TranscodeResult } from '../../src/audio/plan/request.ts';
import { type BlockFormat, type Kernel, transcode } from '../../src/audio/transcode.ts';
import { dirtyShard, type TestShard } from '../stand.ts';

/** A folder of its own for a test file, removed afterwards. */
export function scratch(): (name: string) => string {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millpond-audio-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

interface DecodedFile {
  readonly info: AudioInfo;
  /** Samples, one array per channel. */
  readonly planes: (Float32Array | Int32Array)[];
  readonly frames: number;
  readonly warnings: readonly string[];
}

export function readAll(path: string, kind: BlockKind = 'f32', blockBytes = 65_536): DecodedFile {
  const decoder = openDecoder(path);
  try {
    const { info } = decoder;
    decoder.configure(kind, info.sampleRate);
    const block = new Block(dirtyShard().acquire(blockBytes), info.channels, kind);
    const parts: (Float32Array | Int32Array)[][] = Array.from({ length: info.channels }, () => []);
    let frames = 0;
    for (let count = decoder.read(block); count > 0; count = decoder.read(block)) {
      for (const [channel, part] of parts.entries()) part.push(block.planes[channel].slice(0, count));
      frames += count;
    }
    const planes = parts.map((part) => {
      const whole = kind === 'f32' ? new Float32Array(frames) : new Int32Array(frames);
      let at = 0;
      for (const piece of part) {
        whole.set(piece, at);
        at += piece.length;
      }
      return whole;
    });
    return { info, planes, frames, warnings: decoder.warnings };
  } finally {
    decoder.close();
  }
}

export interface Job extends Partial<TranscodeRequest> {
  readonly block?: { readonly bytes: number };
  readonly signal?: AbortSignal;
  readonly pool?: TestShard;
  readonly progress?: (fraction: number) => void;
  readonly process?: (format: BlockFormat) => Kernel;
}

/**
 * Converts with defaults, and checks that every lease came back. Tests of failures give a pool of their own.
 */
export function convert(
  input: string,
  output: string,
  to: TranscodeRequest['to'],
  job: Job = {},
): TranscodeResult {
  const {
    block = { bytes: 65_536 },
    signal = new AbortController().signal,
    progress,
    process,
    ...rest
  } = job;
  const { pool = dirtyShard(), ...request } = rest;
  const result = transcode({ ...request, input, output, to }, { pool, signal, block, progress }, process);
  if (pool.lent !== 0) throw new Error(`${pool.lent} leases were not released`);
  return result;
}

/** Level (peak of a sine at this frequency) of a stretch of samples, by correlation. */
export function levelAt(samples: ArrayLike<number>, rate: number, hertz: number): number {
  let cosine = 0;
  let sine = 0;
  for (let i = 0; i < samples.length; i++) {
    const angle = (2 * Math.PI * hertz * i) / rate;
    cosine += samples[i] * Math.cos(angle);
    sine += samples[i] * Math.sin(angle);
  }
  return (2 * Math.hypot(cosine, sine)) / samples.length;
}

/** Hz, from the distance of the first and the last upward zero crossing. */
export function frequencyOf(samples: ArrayLike<number>, rate: number): number {
  let first = -1;
  let last = -1;
  let crossings = -1;
  for (let i = 1; i < samples.length; i++) {
    if (samples[i - 1] < 0 && samples[i] >= 0) {
      const at = i - samples[i] / (samples[i] - samples[i - 1]);
      if (first < 0) first = at;
      last = at;
      crossings++;
    }
  }
  return (crossings * rate) / (last - first);
}

/** The piano notes of the two sample packages: short stereo Ogg Vorbis files. */
export function pianoNotes(): string[] {
  const folders = ['piano-release', 'piano-velocity10'];
  return folders.flatMap((folder) => {
    const audio = new URL(`../../node_modules/@audio-samples/${folder}/audio/`, import.meta.url).pathname;
    return readdirSync(audio)
      .sort()
      .map((name) => join(audio, name));
  });
}
