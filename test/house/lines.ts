import type { Module, Piece } from './module.ts';

const COLUMNS = 110;
const MOST_LINES = 300;

/**
 * Lines over 110 columns, as `file:line`. A comment never is, but for one word (an address) that has no room.
 * Code is broken by the formatter, except for strings, templates and regular expressions: a line passes that
 * would have room without the longest of these on it.
 */
export function longLines({ file, text, comments, literals }: Module): string[] {
  const found: string[] = [];
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const end = start + line.length;
    if ([...line].length > COLUMNS) {
      const within = (piece: Piece): number => Math.min(piece.end, end) - Math.max(piece.start, start);
      const commented = comments.some((comment) => within(comment) > 0);
      const word = /^\s*(?:\/\/|\/?\*\*?)? *\S+(?: \*\/)?$/.test(line);
      const longest = Math.max(0, ...literals().map(within));
      if (commented ? !word : line.length - longest > COLUMNS) found.push(`${file}:${index + 1}`);
    }
    start = end + 1;
  }
  return found;
}

/** Files over 300 lines whose first comment does not say "Over 300 lines because ...". */
export function longFiles(modules: readonly Pick<Module, 'file' | 'text' | 'comments'>[]): string[] {
  return modules
    .filter(({ text, comments: [header] }) => {
      const lines = text.split('\n').length - 1;
      if (lines <= MOST_LINES) return false;
      const words =
        header === undefined ? '' : text.slice(header.start, header.end).replace(/\s*\n[\s*]*/g, ' ');
      return !/\bOver 300 lines because \w/.test(words);
    })
    .map(({ file }) => file);
}
