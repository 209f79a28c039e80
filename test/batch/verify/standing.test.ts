import { describe, expect, it } from 'vitest';
import type { Done } from '../../../src/batch/journal/entries.ts';
import { faultSeen, faultWithin } from '../../../src/batch/verify/standing.ts';

const was = { bytes: 1000, mtimeNs: '5' };
const sound = { frames: 10, sampleRate: 8000, channels: 1, bits: 16, samples: null };

function done(output: { sha256?: string } = {}, more: Partial<Done> = {}): Done {
  return { input: { path: '/in/a.wav', ...was }, output: { path: 'a.flac', ...was, ...output }, ...more };
}

const later = { bytes: 1000, mtimeNs: '6' };
const samples = { sound: { ...sound, samples: 'abc' } };

describe('an output beside its line in a journal', () => {
  it.each([
    ['is missing where no file has its name', done(), null, 'missing'],
    ['is changed by another size', done({ sha256: 'abc' }, samples), { ...was, bytes: 999 }, 'changed'],
    ['is changed by another time, where nothing else tells', done(), later, 'changed'],
    [
      'is looked into where the time is another and the digest is known',
      done({ sha256: 'abc' }),
      later,
      null,
    ],
    ['is looked into where the time is another and the samples are known', done({}, samples), later, null],
    ['is looked into where all is as it was', done({}, { sound }), was, null],
  ])('%s', (_, entry, now, fault) => {
    expect(faultSeen(entry, now, false)?.fault ?? null).toBe(fault);
  });

  it('is changed by another time where nobody looks into it, whatever is known', () => {
    expect(faultSeen(done({ sha256: 'abc' }, samples), later, true)?.fault).toBe('changed');
    expect(faultSeen(done(), was, true)).toBeNull();
  });

  it('is torn where it does not decode and is the file that was made, else changed', () => {
    expect(faultWithin(done(), was, '9 frames for 10')).toEqual({ fault: 'torn', why: '9 frames for 10' });
    expect(faultWithin(done({}, samples), later, 'other samples').fault).toBe('changed');
    expect(faultWithin(done({ sha256: 'abc' }), was, 'other bytes').fault).toBe('changed');
  });
});
