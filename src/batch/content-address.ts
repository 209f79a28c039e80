/** The name of an output by what it is made of: hosts of one engine fingerprint make the same bytes. Pure. */
import { createHash } from 'node:crypto';
import { canonical } from './journal/settings.ts';

interface Ingredients {
  /** SHA-256 of the source's bytes, in hex. */
  readonly source: string;
  /** What is made of it. */
  readonly settings: object;
  /** As `engineFingerprint` says it. */
  readonly engine: string;
}

/** 64 hexadecimal digits. Another version of what they stand for has another first word. */
export function contentAddress({ source, settings, engine }: Ingredients): string {
  const parts = ['millpond.address/1', source, canonical(settings), engine];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
