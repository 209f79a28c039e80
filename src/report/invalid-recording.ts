/**
 * Errors for a file that is not a recording, or a damaged one. All that comes from the file is shortened and
 * escaped. Pure.
 */
import { formatBytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { RECORDING_FORMAT, RECORDING_VERSION } from '../telemetry/recording/lines.ts';
import { jsonText, shortened, shown } from '../text/escaping.ts';
import { LIMITS } from './limits.ts';

const SHOWN_CHARACTERS = 60;

/** How some files begin that may be mistaken for a recording. */
const OTHER_FILES: readonly [RegExp, string][] = [
  [/^(RIFF|RF64|fLaC|OggS|ID3|FORM|caff|wvPk)/, 'it is an audio file'],
  [/^(#\[|"StartTimestamp"|Tag=)/, 'it is an interval log of histograms'],
  [/^ +Value +Percentile/, 'it is a table of percentiles'],
  [/^\s*<(!doctype|html)/i, 'it is a page'],
  [/^\s*\{\s*"schema"\s*:\s*"millpond\.run\//, "it is the JSON of a run, which 'millpond health' reads"],
  [/^\s*\{\s*"schema"\s*:\s*"millpond\.report\//, 'it is the JSON of a report'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: how gzip begins
  [/^\u001f\u008b/, 'it is packed by gzip: unpack it first'],
];

/** @param beginning a character each byte */
export function foreign(origin: string, beginning: string): MillpondError {
  const [, what] = OTHER_FILES.find(([pattern]) => pattern.test(beginning)) ?? [];
  return invalid(
    `A recording of a run begins with a line {"kind":"header","format":"${RECORDING_FORMAT}",...}; ${shown(origin)} begins with ${valueText(beginning)}${what === undefined ? '' : `: ${what}`}. Give the file that --record wrote.`,
  );
}

export function empty(origin: string): MillpondError {
  return invalid(
    `A recording of a run has one line at least; ${shown(origin)} is empty. The run may have ended before it began to record: run it again with --record.`,
  );
}

export function newer(origin: string, version: number): MillpondError {
  return invalid(
    `This millpond reads recordings of version ${RECORDING_VERSION}; ${shown(origin)} has version ${version}: it was written by a newer millpond. Update millpond to one as new as the one that recorded it.`,
  );
}

/** @param what a whole sentence's rule and value, such as `its field x is a number, got "y"` */
export function damaged(origin: string, line: number, what: string, options?: ErrorOptions): MillpondError {
  const before =
    line > 2 ? ` What comes before can be read by itself: cut it off with 'head -n ${line - 1}'.` : '';
  return invalid(
    `Line ${line} of ${shown(origin)} is damaged: ${what}. Copy the file again from where it was written.${before}`,
    options,
  );
}

/** @param what with figures, such as `a recording has 10 lines at most` */
export function overLimit(origin: string, what: string): MillpondError {
  return invalid(
    `So that a report takes bounded memory, ${what}; ${shown(origin)} has more. Record shorter runs, or a part of it.`,
  );
}

export function tooLarge(origin: string): MillpondError {
  return overLimit(origin, `a recording has ${formatBytes(LIMITS.fileBytes)} at most`);
}

function invalid(message: string, options?: ErrorOptions): MillpondError {
  return new MillpondError('ERR_RECORDING_INVALID', message, options);
}

export function valueText(value: unknown): string {
  if (typeof value === 'string') return jsonText(shortened(value, SHOWN_CHARACTERS));
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
