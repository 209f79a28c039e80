/**
 * Tags that say how loud an audio file is: ReplayGain (decibels towards -18 LUFS), R128 (1/256 dB towards -23
 * LUFS, RFC 7845) and iTunNORM. Pure rules: they stay true when the audio gets louder or quieter, and are of
 * the family that players of the target look for, or they go.
 */
import { gainFactor } from '../kernels.ts';
import type { TagField } from '../tags/model.ts';
import type { SampleChange } from './sample-change.ts';
import type { TargetName } from './targets.ts';

type LevelChange = Pick<SampleChange, 'gainDb' | 'bits' | 'levelUnknown'>;

interface FittedFields {
  readonly fields: readonly TagField[];
  readonly warnings: readonly string[];
}

type Family = 'REPLAYGAIN' | 'R128';

/** What players of a target look for. */
const FAMILIES: Readonly<Record<TargetName, Family>> = {
  flac: 'REPLAYGAIN',
  ogg: 'REPLAYGAIN',
  mp3: 'REPLAYGAIN',
  opus: 'R128',
  wav: 'REPLAYGAIN',
  m4a: 'REPLAYGAIN',
};

const LOUDNESS = /^(replaygain_|r128_|itunnorm$)/i;
/** Says nothing of one level, so no gain changes it. */
const UNMOVED = /^REPLAYGAIN_((TRACK|ALBUM)_RANGE|REFERENCE_LOUDNESS|ALGORITHM)$/;

const REPLAYGAIN_LUFS = -18;
const R128_LUFS = -23;
/** What ReplayGain's older reference in dB of sound pressure, 89, is above its own in LUFS. */
const SPL_OVER_LUFS = 89 - REPLAYGAIN_LUFS;
const Q7_8 = 256;

/** The fields as they are right for the output; others than these stay as they are. */
export function fitLoudness(fields: readonly TagField[], to: TargetName, change: LevelChange): FittedFields {
  const others = fields.filter(({ key }) => !LOUDNESS.test(key));
  if (others.length === fields.length) return { fields, warnings: [] };
  const found = fields.filter(({ key }) => LOUDNESS.test(key)).map(({ key, value }) => [key, value] as const);
  const family = FAMILIES[to];
  const warnings: string[] = [];
  let loud: Entries = found;
  if (change.levelUnknown) {
    loud = [];
    warnings.push(`${names(found)} left out: by mixing, fades or a kernel it is not as loud as they say.`);
  } else if (change.gainDb !== 0) {
    loud = afterGain(found, change);
    if (loud.length > 0) warnings.push('ReplayGain and R128 tags were adjusted by the gain.');
    const lost = found.filter(([key]) => !loud.some(([kept]) => kept === key));
    if (lost.length > 0) warnings.push(`${names(lost)} left out: what they say after the gain is not known.`);
  }
  if (loud.some(([key]) => isOf(otherThan(family), key))) {
    const made = inFamily(loud, family);
    if (made.length > 0)
      warnings.push(`${to} has ${family} tags: the ${otherThan(family)} gains became such.`);
    const scopes = made.map(([key]) => key.replace(/^[^_]+/, otherThan(family)));
    const lost = loud.filter(([key]) => isOf(otherThan(family), key) && !scopes.includes(key.toUpperCase()));
    if (lost.length > 0) warnings.push(noPlace(to, lost));
    loud = [...loud.filter(([key]) => !isOf(otherThan(family), key)), ...made];
  }
  return { fields: inPlace(fields, loud), warnings };
}

/** In the order of the source; what is new comes last. */
function inPlace(fields: readonly TagField[], loud: Entries): TagField[] {
  const left = [...loud];
  const kept = fields.flatMap((field) => {
    if (!LOUDNESS.test(field.key)) return [field];
    const at = left.findIndex(([key]) => key === field.key);
    return at < 0 ? [] : left.splice(at, 1).map(([, value]) => ({ ...field, value }));
  });
  return [...kept, ...left.map(([key, value]) => ({ key, value }))];
}

type Entries = readonly (readonly [key: string, value: string])[];

/** Exactly, or not at all. */
function afterGain(entries: Entries, { gainDb, bits }: LevelChange): Entries {
  const factor = gainFactor(gainDb);
  const peaks = entries.map(([key, value]) => [key.toUpperCase(), numberOf(value)] as const);
  const clipped = (scope: string): boolean =>
    bits !== null && factor > 1 && peaks.some(([key, peak]) => key === `${scope}PEAK` && peak * factor > 1);

  function adjusted(key: string, value: string): string | null {
    if (UNMOVED.test(key)) return value;
    const [, family, scope, kind] = /^(REPLAYGAIN|R128)_((?:TRACK|ALBUM)_)?(GAIN|PEAK)$/.exec(key) ?? [];
    if (family === undefined || clipped(`REPLAYGAIN_${scope ?? ''}`)) return null;
    if (family === 'R128') return kind === 'GAIN' ? q78(numberOf(value) / Q7_8 - gainDb) : null;
    return kind === 'GAIN' ? decibels(numberOf(value) - gainDb) : linear(numberOf(value) * factor);
  }

  return entries.flatMap(([key, value]) => {
    const now = adjusted(key.toUpperCase(), value);
    return now === null ? [] : [[key, now] as const];
  });
}

/** What a family lacks and can have from the other: gains only, since R128 has nothing else. */
function inFamily(entries: Entries, family: Family): Entries {
  const value = (name: string) => entries.find(([key]) => key.toUpperCase() === name)?.[1];
  const reference = referenceOf(value('REPLAYGAIN_REFERENCE_LOUDNESS'));
  return ['TRACK_GAIN', 'ALBUM_GAIN'].flatMap((gain) => {
    if (value(`${family}_${gain}`) !== undefined) return [];
    const given = numberOf(value(`${otherThan(family)}_${gain}`));
    const made =
      family === 'R128' ? q78(given + R128_LUFS - reference) : decibels(given / Q7_8 + reference - R128_LUFS);
    return made === null ? [] : [[`${family}_${gain}`, made] as const];
  });
}

function isOf(family: string, key: string): boolean {
  return key.toUpperCase().startsWith(`${family}_`);
}

function otherThan(family: Family): Family {
  return family === 'R128' ? 'REPLAYGAIN' : 'R128';
}

/** LUFS of what a ReplayGain of 0 dB is as loud as. */
function referenceOf(text: string | undefined): number {
  if (text === undefined) return REPLAYGAIN_LUFS;
  return /lufs/i.test(text) ? numberOf(text) : numberOf(text) - SPL_OVER_LUFS;
}

/** Some programs write a comma. NaN for anything but one number and its unit. */
function numberOf(text = ''): number {
  const [, digits] = /^\s*([+-]?\s?\d+(?:[.,]\d+)?)\s*(?:dB|LU|LUFS)?\s*$/i.exec(text) ?? [];
  return digits === undefined ? Number.NaN : Number(digits.replace(',', '.').replace(/\s/, ''));
}

function decibels(value: number): string | null {
  // No minus before zero.
  return Number.isFinite(value) ? `${(Math.round(value * 100) / 100 || 0).toFixed(2)} dB` : null;
}

function linear(value: number): string | null {
  return Number.isFinite(value) ? value.toFixed(6) : null;
}

/** A signed number of 16 bits, as RFC 7845 has it. */
function q78(decibels: number): string | null {
  const value = Math.round(decibels * Q7_8);
  return value >= -32_768 && value <= 32_767 ? String(value || 0) : null;
}

function noPlace(to: TargetName, entries: Entries): string {
  return `${names(entries)} left out: ${to} has no place for such tags.`;
}

function names(entries: Entries): string {
  const all = entries.map(([key]) => key).sort();
  return `${all.join(', ')} ${all.length === 1 ? 'was' : 'were'}`;
}
