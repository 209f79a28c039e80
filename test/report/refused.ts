/** What is said of a recording that is refused. */
import { expect } from 'vitest';
import { isMillpondError, type MillpondError } from '../../src/errors.ts';
import { parseRun } from './parse-run.ts';

function failure(recording: string): MillpondError {
  try {
    parseRun('run.millpond', recording);
  } catch (error) {
    if (isMillpondError(error)) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

export function messageOf(recording: string): string {
  const { code, message } = failure(recording);
  expect(code).toBe('ERR_RECORDING_INVALID');
  return message;
}
