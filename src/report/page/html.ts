/** HTML from templates: what is put into one is text, unless it is HTML from a template itself. Pure. */
import { hexCode } from '../../text/escaping.ts';

/** Text that was escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | null | false | readonly Content[];

/**
 * In text and in quoted attributes. Names are not trusted: they must not end an element or reverse a line.
 */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((text, string, index) => text + rendered(contents[index - 1]) + string));
}

/** As it lies in a script element that is not run: nothing in it ends the element, and JSON stays JSON. */
export function jsonInHtml(value: unknown): Html {
  return new Html(JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${hexCode(one)}`));
}

/** Controls, marks of direction, joiners: invisible characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** An untrusted name, with what is invisible in it made visible. */
export function shownName(name: string): string {
  return name.toWellFormed().replace(INVISIBLE, (one) => `\\u{${hexCode(one)}}`);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function rendered(content: Content): string {
  if (content === null || content === false) return '';
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(rendered).join('');
  return shownName(String(content)).replace(/[&<>"']/g, (one) => ENTITIES[one]);
}
