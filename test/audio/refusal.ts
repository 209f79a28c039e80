import { expect } from 'vitest';

export function refusal(code: string, text: string | RegExp = '') {
  const message = typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text);
  return expect.objectContaining({ code, message });
}
