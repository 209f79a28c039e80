/** Fields by the names that a family of tags has for them. Pure. */
import type { TagField } from '../model.ts';
import { fieldOf, type TagFamily } from '../table.ts';

/** What made the file: of no source, so the table of what is carried over does not have it. */
const MAKER: Readonly<Partial<Record<TagFamily, string>>> = { id3: 'TSSE', mp4: '©too', riff: 'ISFT' };

/** Values of one name, in order. */
export interface NamedFields {
  /** As the table has it: `TRCK/1`, `TXXX:name`. */
  readonly name: string;
  readonly fields: readonly TagField[];
}

/**
 * Gathers values by name, in the order of their first ones.
 * @param other the name of what the family has none for
 * @returns besides those without any
 */
export function byName(
  fields: readonly TagField[],
  family: TagFamily,
  other: (key: string) => string | null,
): { named: NamedFields[]; left: TagField[] } {
  const named = new Map<string, TagField[]>();
  const left: TagField[] = [];
  for (const field of fields) {
    const names = field.key === 'ENCODER' ? MAKER : fieldOf(field.key)?.names;
    const name = names?.[family] ?? other(field.key);
    if (name === null) left.push(field);
    else {
      const same = named.get(name);
      if (same === undefined) named.set(name, [field]);
      else same.push(field);
    }
  }
  return { named: [...named].map(([name, of]) => ({ name, fields: of })), left };
}

/** Of what tells several comments or lyrics apart, where a target has one value behind another only. */
export function remarksLost(fields: readonly TagField[], to: string): string[] {
  const remarks = Map.groupBy(
    fields.filter(({ language, description }) => language !== undefined || description !== undefined),
    ({ key }) => key,
  );
  const lost = [...remarks].filter(([, same]) => {
    const languages = new Set(same.map(({ language }) => language));
    return languages.size > 1 || same.some(({ description }) => description !== undefined);
  });
  if (lost.length === 0) return [];
  const keys = lost.map(([key]) => key).join(', ');
  return [`Languages and descriptions of ${keys} were left out: ${to} has no place for such.`];
}
