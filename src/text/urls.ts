/** Parts of URLs, as messages may show them. Pure. */

/** All up to the last `@` goes, but for the scheme: a password may hold anything where it was not escaped. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/)?.*@/is, '$1');
}
