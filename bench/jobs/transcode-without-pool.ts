/** The batch's job, line for line, without the pool: every block is new memory. Run by a bare Piscina. */
import type { TranscodeRequest, TranscodeResult } from '../../src/audio/plan/request.ts';
import { transcode } from '../../src/audio/transcode.ts';
import { KiB } from '../../src/bytes.ts';
import { allocating } from './pool-stand-in.ts';

const { signal } = new AbortController();

export default (request: TranscodeRequest): TranscodeResult =>
  transcode(request, { pool: allocating, signal, block: { bytes: 64 * KiB } });
