import { expect } from 'vitest';

/** An error with this code. */
export const coded = (code: string) => expect.objectContaining({ code });
