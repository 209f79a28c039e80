/**
 * Tables with a caption and headers that say what they head; in a frame that scrolls where they are too wide.
 * Pure.
 */
import { type Content, type Html, html } from './html.ts';

export interface Column<Row> {
  readonly title: Content;
  /** Text is aligned to its start, figures to their end. */
  readonly isText?: boolean;
  readonly of: (row: Row) => Content;
}

/** The first column heads the rows. */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${columns.map(
    ({ title, isText }) => html`<th scope="col"${isText ? TEXT : ''}>${title}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr>${columns.map((column, index) =>
        index === 0
          ? html`<th scope="row">${column.of(row) ?? NOTHING}</th>`
          : html`<td${column.isText ? TEXT : ''}>${column.of(row) ?? NOTHING}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}

export function folded(title: string, ...contents: readonly Content[]): Html {
  return html`<details><summary>${title}</summary>${contents}</details>`;
}

const TEXT = html` class="text"`;
/** Where nothing was recorded. */
const NOTHING = '–';
