/** Numbers with a total, such as 3 of 12, which Vorbis comments have as two fields. Pure. */
import type { TagField } from '../model.ts';

interface Numbered {
  /** Empty where there is none that fits. */
  readonly number: string;
  readonly total: string;
  /** What has no place in the two. */
  readonly left: readonly TagField[];
}

/**
 * The first of each, as one place holds them. A total may stand behind its number, too.
 * @param fits whether a text has a place there
 */
export function numbered(
  numbers: readonly TagField[],
  totals: readonly TagField[],
  fits: (text: string) => boolean,
): Numbered {
  const [first, ...others] = numbers;
  const [, number, total] = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(first?.value ?? '') ?? [];
  if (number !== undefined && fits(number) && fits(total)) {
    return { number, total, left: [...others, ...totals.filter(({ value }) => value !== total)] };
  }
  const placed = [numbers, totals].map(([one]) => (one !== undefined && fits(one.value) ? one : null));
  return {
    number: placed[0]?.value ?? '',
    total: placed[1]?.value ?? '',
    left: [...numbers, ...totals].filter((field) => !placed.includes(field)),
  };
}

/** As 16 bits hold it; `null` for what is none. */
export function smallNumber(text: string): number | null {
  const value = Number(text);
  return /^\s*\d+\s*$/.test(text) && value <= 0xffff ? value : null;
}
