/** Lists in messages. Pure. */

/** The first of some texts, and how many there are beside them: `a, b and 3 more`. */
export function listed(texts: readonly string[], most: number): string {
  const more = texts.length > most ? ` and ${texts.length - most} more` : '';
  return `${texts.slice(0, most).join(', ')}${more}`;
}
