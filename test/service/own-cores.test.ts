import { expect, it } from 'vitest';
import { OwnCores } from '../../src/service/own-cores.ts';

it('says what this process took of the cores in the last second or more', () => {
  let usedMs = 500;
  const own = new OwnCores(() => usedMs, 0);
  usedMs = 800;
  expect(own.at(999)).toBe(0);
  expect(own.at(1_500)).toBe(0.2);
  usedMs = 5_000;
  expect(own.at(2_499)).toBe(0.2);
  expect(own.at(11_500)).toBe(0.42);
});
