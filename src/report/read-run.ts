/** Reads a recording line by line. A last line that is not whole is left out: that is how a crash leaves a file. */
import { readFile } from 'node:fs/promises';
import { MillpondError } from '../errors.ts';
import type { Decision } from '../sizing/decision.ts';
import type {
  EndLine,
  HeaderLine,
  IntervalLine,
  PressureLine,
  RecordingLine,
  RecoveryLine,
  WorkerLostLine,
} from '../telemetry/recording/lines.ts';
import type { RecordedRun } from './recorded-run.ts';

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export async function readRun(origin: string): Promise<RecordedRun> {
  return parseRun(origin, await readFile(origin, 'utf8'));
}

export function parseRun(origin: string, text: string): RecordedRun {
  const lines = text.split('\n');
  const remarks: string[] = [];
  const rest = lines.pop() as string;
  if (rest !== '') remarks.push(`Line ${lines.length + 1} is not whole and was left out.`);
  let header: HeaderLine | null = null;
  let end: EndLine | null = null;
  const intervals: IntervalLine[] = [];
  const decisions = new Map<number, Decision>();
  const pressures: PressureLine[] = [];
  const recoveries: RecoveryLine[] = [];
  const workersLost: WorkerLostLine[] = [];
  let seconds = 0;
  for (const [at, text] of lines.entries()) {
    const line = parsed(origin, at + 1, text);
    if (line.kind === 'header') header = line;
    else if (line.kind === 'interval') {
      intervals.push(line);
      seconds = Math.max(seconds, line.to);
    } else if (line.kind === 'decision') decisions.set(line.decision.number, line.decision);
    else if (line.kind === 'score') {
      const decision = decisions.get(line.number);
      if (decision !== undefined) decisions.set(line.number, { ...decision, score: line.score });
    } else if (line.kind === 'pressure') pressures.push(line);
    else if (line.kind === 'recovery') recoveries.push(line);
    else if (line.kind === 'worker-lost') workersLost.push(line);
    else if (line.kind === 'end') {
      end = line;
      seconds = Math.max(seconds, line.at);
    }
  }
  if (header === null) throw new MillpondError('ERR_INVALID_ARGUMENT', `${origin} has no header.`);
  if (end === null) remarks.push('The recording has no end: the run crashed, or still goes on.');
  return {
    ...{ origin, fileBytes: Buffer.byteLength(text), header, intervals, decisions: [...decisions.values()] },
    ...{ pressures, recoveries, workersLost, end, seconds, remarks },
  };
}

function parsed(origin: string, number: number, text: string): RecordingLine {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MillpondError('ERR_INVALID_ARGUMENT', `Line ${number} of ${origin} is no JSON.`, { cause });
  }
}
