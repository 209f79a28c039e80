/** Numbers with a total, such as 3 of 12, which Vorbis comments have as two fields. Pure. */

interface Numbered {
  readonly number: string;
  readonly total: string;
}

/** Of texts as they are: a total may stand behind the number, too. */
export function numbered(number = '', total = ''): Numbered {
  const [, first, second] = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(number) ?? [];
  return { number: first ?? number, total: total || (second ?? '') };
}

/** As 16 bits hold it; `null` for what is none. Nothing is 0. */
export function smallNumber(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '') return 0;
  const value = Number(trimmed);
  return /^\d+$/.test(trimmed) && value <= 0xffff ? value : null;
}
