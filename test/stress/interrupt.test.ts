import { expect, it } from 'vitest';
import { stopsCleanly } from '../e2e/interrupted.ts';
import { hoursOfWork, scratch } from '../e2e/millpond.ts';

const at = scratch();

it('SIGINT twenty times in the middle of work stops cleanly each time', async () => {
  const input = hoursOfWork(at('in'));
  for (let round = 0; round < 20; round++) {
    await stopsCleanly(input, at(`out-${round}`), round % 2 ? 'mp3' : 'flac');
  }
  expect.hasAssertions();
});
