/** Fields by the names that a family of tags has for them. */
import type { TagField } from '../model.ts';
import { keyOf, type TagFamily } from '../table.ts';
import type { Gathering } from './gathering.ts';

const PARTS = /^\s*(\d*)\s*\/\s*(\d*)\s*$/;
const OTHER_PARTS = /^([^/]*)\/([^/]*)$/;

interface Named {
  readonly family: TagFamily;
  /** As the table has it. */
  readonly name: string;
  /** Its key where the table does not have it. */
  readonly otherwise: string;
}

type Extra = Pick<TagField, 'language' | 'description'>;

/** A value of two parts, such as `3/12`, becomes two fields. */
export function addNamed(
  into: Gathering,
  { family, name, otherwise }: Named,
  value: string,
  extra: Extra = {},
): void {
  const key = keyOf(family, name);
  const number = key === undefined ? keyOf(family, `${name}/1`) : undefined;
  if (number === undefined) {
    into.addField({ key: key ?? otherwise, value, ...extra });
    return;
  }
  const [, first = value, second = ''] = PARTS.exec(value) ?? OTHER_PARTS.exec(value) ?? [];
  const total = keyOf(family, `${name}/2`);
  if (first !== '') into.addField({ key: number, value: first });
  if (second !== '' && total !== undefined) into.addField({ key: total, value: second });
}
