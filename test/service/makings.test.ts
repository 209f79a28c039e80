import { describe, expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { Admission } from '../../src/service/admission/admission.ts';
import { LeaseShare } from '../../src/service/lease-share.ts';
import { Makings } from '../../src/service/makings.ts';
import { madeOfText, type Result, Results } from '../../src/service/results.ts';
import { Turns } from '../../src/service/turns.ts';
import { WorkDir } from '../../src/service/work-dir.ts';
import { nowMs } from '../../src/timers.ts';
import { scratch } from '../audio/audio-files.ts';
import { dirtyShard } from '../stand.ts';
import { settings } from './admission/settings.ts';

const at = scratch();

const asked = {
  ...{ client: 'one', kind: { to: 'flac', processed: false, from: 'wav' }, bodyBytes: 1000 },
  ...{ seconds: 1, priority: 0, withinMs: 1e6 },
};

const result = (text: string): Result => {
  const made = madeOfText(text, new LeaseShare(dirtyShard(), 64 * KiB), new WorkDir(at('work'), KiB));
  return { address: 'a', type: 'text/plain', made, notes: [] };
};

function world() {
  const makings = new Makings(new Results(1000));
  const turns = new Turns(new Admission(settings(), nowMs()), () => 0);
  const place = () => turns.ask(asked);
  const begun: { signal: AbortSignal; end: PromiseWithResolvers<Result> }[] = [];
  const make = (_: unknown, signal: AbortSignal): Promise<Result> => {
    const end = Promise.withResolvers<Result>();
    begun.push({ signal, end });
    return end.promise;
  };
  const ask = (client: string, signal = new AbortController().signal) => {
    return makings.get('a', { client, signal, place: place(), untilMs: Infinity }, make);
  };
  return { makings, begun, ask };
}

describe('what is being made', () => {
  it('is made once for all who ask meanwhile', async () => {
    const { begun, ask } = world();
    const asked = [ask('one'), ask('another')];
    const made = result('x');
    begun[0].end.resolve(made);
    expect(await Promise.all(asked)).toEqual([made, made]);
    expect(begun.length).toBe(1);
  });

  it('is cancelled when the last one has gone', async () => {
    const { begun, ask } = world();
    const [first, last] = [new AbortController(), new AbortController()];
    const asked = [ask('one', first.signal), ask('another', last.signal)];
    first.abort(new Error('first'));
    await expect(asked[0]).rejects.toThrow('first');
    expect(begun[0].signal.aborted).toBe(false);
    last.abort(new Error('last'));
    await expect(asked[1]).rejects.toThrow('last');
    expect(begun[0].signal.aborted).toBe(true);
  });

  it('begins anew for those who ask while a cancelled one comes to its end', async () => {
    const { makings, begun, ask } = world();
    const gone = new AbortController();
    const asked = ask('one', gone.signal);
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    expect(makings.has('a')).toBe(false);
    const later = ask('another');
    begun[0].end.reject(begun[0].signal.reason);
    await begun[0].end.promise.catch(() => {});
    // The end of the first one is not taken for that of the second.
    expect(makings.has('a')).toBe(true);
    const made = result('x');
    begun[1].end.resolve(made);
    expect(await later).toBe(made);
  });
});
