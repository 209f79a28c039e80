/** Tags that only one family can hold: whether an output has that family, and whether they still fit it. */
import type { NativeTag } from '../tags/model.ts';
import type { SampleChange } from './sample-change.ts';
import type { TargetName } from './targets.ts';

const FAMILIES: Readonly<Partial<Record<TargetName, NativeTag['family']>>> = {
  flac: 'flac',
  mp3: 'id3',
  wav: 'id3',
};

/** How loud to play it, in numbers that nobody changes by a gain. */
const LEVELS: ReadonlySet<string> = new Set(['RVA2', 'RVAD', 'XRVA', 'RGAD', 'EQU2', 'EQUA']);
/** Positions in samples of the source, on a CD, which must be a whole number of its sectors. */
const POSITIONS: ReadonlySet<string> = new Set(['CUESHEET']);

interface FittedNatives {
  readonly natives: readonly NativeTag[];
  readonly warnings: readonly string[];
}

export function fitNatives(
  natives: readonly NativeTag[],
  to: TargetName,
  { rate, gainDb, levelUnknown }: Pick<SampleChange, 'rate' | 'gainDb' | 'levelUnknown'>,
): FittedNatives {
  const placed = natives.filter(({ family }) => family === FAMILIES[to]);
  const wrong = (name: string) =>
    (LEVELS.has(name) && (gainDb !== 0 || levelUnknown)) || (POSITIONS.has(name) && rate.from !== rate.to);
  return {
    natives: placed.filter(({ name }) => !wrong(name)),
    warnings: [
      ...leftOut(
        natives.filter((native) => !placed.includes(native)),
        `${to} has no place for such tags.`,
      ),
      ...leftOut(
        placed.filter(({ name }) => wrong(name)),
        'the samples are not as they were.',
      ),
    ],
  };
}

function leftOut(natives: readonly NativeTag[], why: string): string[] {
  const names = [...new Set(natives.map(({ name }) => name))].sort();
  return names.length === 0
    ? []
    : [`${names.join(', ')} ${names.length === 1 ? 'was' : 'were'} left out: ${why}`];
}
