import { describe, expect, it } from 'vitest';
import { evaluateHealth, type GivenThresholds, resolveHealth } from '../../src/telemetry/health.ts';
import type { HealthThresholds } from '../../src/telemetry/health-findings.ts';
import { HEALTH_CHECKS, type HealthCheckName } from '../../src/telemetry/health-report.ts';
import { snapshotWith } from './snapshot-fixture.ts';

type Changes = Parameters<typeof snapshotWith>[0];

const DEFAULTS = resolveHealth();

const check = (name: HealthCheckName, changes: Changes, thresholds?: HealthThresholds) =>
  evaluateHealth(snapshotWith(changes), thresholds).checks[name];

/** All requests in one cause, 99 in 100 of them within this. */
const requestsTaking = (nanoseconds: number, count = 1000): Changes => {
  const none = { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
  const timed = { count, p50: 10, p90: 20, p99: nanoseconds, p999: 9e9, max: 9e9 };
  const byCause = { hit: timed, mailbox: none, larger: none, fresh: none, waited: none, direct: none };
  return { latency: { byCause } };
};
const missing = { hitRate: 0.5, acquires: 1000 };
const emergencies = (started: number, recovered: number, emergency = false): Changes => ({
  cleanup: { emergencies: started, recovered },
  pressure: { emergency },
});
const waiting = (queued: number, limit: number | null, queueFull: number): Changes => ({
  tasks: { queued },
  queue: { limit, refused: { queueFull } },
});
const times = (nominal: number, elevated: number, high: number, critical: number) => ({
  secondsAtLevel: { nominal, elevated, high, critical },
});

describe('each check', () => {
  it.each<[HealthCheckName, string, Changes, number, 'ok' | 'warn' | 'fail']>([
    ['poolUtilization', 'below', { pool: { ...missing, utilization: 0.899 } }, 89.9, 'ok'],
    ['poolUtilization', 'at warn', { pool: { ...missing, utilization: 0.9 } }, 90, 'warn'],
    ['poolUtilization', 'below fail', { pool: { ...missing, utilization: 0.989 } }, 98.9, 'warn'],
    ['poolUtilization', 'at fail', { pool: { ...missing, utilization: 0.99 } }, 99, 'fail'],
    ['poolUtilization', 'full', { pool: { ...missing, utilization: 1 } }, 100, 'fail'],
    ['poolUtilization', 'full, yet it serves all', { pool: { hitRate: 0.99, utilization: 1 } }, 100, 'ok'],
    ['poolUtilization', 'full, misses at warn', { pool: { hitRate: 0.8, utilization: 1 } }, 100, 'fail'],
    [
      'poolUtilization',
      'full, at the start',
      { pool: { ...missing, acquires: 99, utilization: 1 } },
      100,
      'ok',
    ],

    ['pressureLevel', 'nominal', { pressure: { level: 'nominal', ...times(10, 0, 0, 0) } }, 0, 'ok'],
    ['pressureLevel', 'elevated', { pressure: { level: 'elevated', ...times(10, 0, 0, 0) } }, 1, 'ok'],
    ['pressureLevel', 'high', { pressure: { level: 'high', ...times(10, 0, 0, 0) } }, 2, 'warn'],
    [
      'pressureLevel',
      'critical for a minute',
      { pressure: { level: 'critical', heldSeconds: 60, ...times(1000, 0, 0, 60) } },
      3,
      'fail',
    ],
    [
      'pressureLevel',
      'critical for a moment, as of one large task',
      { pressure: { level: 'critical', heldSeconds: 59.9, ...times(1000, 0, 0, 59.9) } },
      2,
      'warn',
    ],
    [
      'pressureLevel',
      'was high too short',
      { pressure: { level: 'nominal', ...times(91, 0, 5, 4) } },
      0,
      'ok',
    ],
    [
      'pressureLevel',
      'was high for a tenth',
      { pressure: { level: 'nominal', ...times(90, 0, 6, 4) } },
      2,
      'warn',
    ],
    ['pressureLevel', 'was critical', { pressure: { level: 'nominal', ...times(80, 0, 10, 10) } }, 3, 'fail'],
    ['pressureLevel', 'before any time', { pressure: { level: 'nominal', ...times(0, 0, 0, 0) } }, 0, 'ok'],

    ['allocationLatency', 'below', requestsTaking(999_999), 999_999, 'ok'],
    ['allocationLatency', 'at warn', requestsTaking(1e6), 1e6, 'warn'],
    ['allocationLatency', 'below fail', requestsTaking(1e8 - 1), 1e8 - 1, 'warn'],
    ['allocationLatency', 'at fail', requestsTaking(1e8), 1e8, 'fail'],
    ['allocationLatency', 'of too few', requestsTaking(1e8, 999), 1e8, 'ok'],
    ['allocationLatency', 'of none', requestsTaking(0, 0), 0, 'ok'],

    ['hitRatio', 'above', { pool: { acquires: 100, hitRate: 0.801 } }, 0.801, 'ok'],
    ['hitRatio', 'at warn', { pool: { acquires: 100, hitRate: 0.8 } }, 0.8, 'warn'],
    ['hitRatio', 'above fail', { pool: { acquires: 100, hitRate: 0.501 } }, 0.501, 'warn'],
    ['hitRatio', 'at fail', { pool: { acquires: 100, hitRate: 0.5 } }, 0.5, 'fail'],
    ['hitRatio', 'of too few', { pool: { acquires: 99, hitRate: 0 } }, 0, 'ok'],

    ['cleanupFrequency', 'below', { uptimeSeconds: 120, cleanup: { trims: 59 } }, 29.5, 'ok'],
    ['cleanupFrequency', 'at warn', { uptimeSeconds: 120, cleanup: { trims: 60 } }, 30, 'warn'],
    ['cleanupFrequency', 'below fail', { uptimeSeconds: 120, cleanup: { trims: 239 } }, 119.5, 'warn'],
    ['cleanupFrequency', 'at fail', { uptimeSeconds: 120, cleanup: { trims: 240 } }, 120, 'fail'],
    ['cleanupFrequency', 'in a short run', { uptimeSeconds: 3, cleanup: { trims: 29 } }, 29, 'ok'],

    ['recoverySuccessRate', 'above', emergencies(100, 91), 0.91, 'ok'],
    ['recoverySuccessRate', 'at warn', emergencies(10, 9), 0.9, 'warn'],
    ['recoverySuccessRate', 'above fail', emergencies(100, 51), 0.51, 'warn'],
    ['recoverySuccessRate', 'at fail', emergencies(10, 5), 0.5, 'fail'],
    ['recoverySuccessRate', 'of too few', emergencies(4, 0), 0, 'ok'],
    ['recoverySuccessRate', 'of enough', emergencies(5, 2), 0.4, 'fail'],
    ['recoverySuccessRate', 'without any', emergencies(0, 0), 1, 'ok'],
    ['recoverySuccessRate', 'while the first goes on', emergencies(1, 0, true), 1, 'ok'],

    ['oldestTask', 'below', { tasks: { oldestSeconds: 599 } }, 599, 'ok'],
    ['oldestTask', 'at warn', { tasks: { oldestSeconds: 600 } }, 600, 'warn'],
    ['oldestTask', 'at fail', { tasks: { oldestSeconds: 3600 } }, 3600, 'fail'],
    ['queueStandstill', 'below', { tasks: { standstillSeconds: 299 } }, 299, 'ok'],
    ['queueStandstill', 'at warn', { tasks: { standstillSeconds: 300 } }, 300, 'warn'],
    ['queueStandstill', 'at fail', { tasks: { standstillSeconds: 1800 } }, 1800, 'fail'],
    ['silentThread', 'below', { tasks: { silentSeconds: 59 } }, 59, 'ok'],
    ['silentThread', 'at warn', { tasks: { silentSeconds: 60 } }, 60, 'warn'],
    ['silentThread', 'at fail', { tasks: { silentSeconds: 600 } }, 600, 'fail'],
    ['lostThreads', 'of none', { threads: 4, tasks: { lostThreads: 0 } }, 0, 'ok'],
    ['lostThreads', 'of some', { threads: 4, tasks: { lostThreads: 1 } }, 25, 'warn'],
    ['lostThreads', 'of all', { threads: 4, tasks: { lostThreads: 4 } }, 100, 'fail'],
    ['queueFull', 'below', waiting(199, 200, 7), 99.5, 'ok'],
    ['queueFull', 'at warn', waiting(200, 200, 7), 100, 'warn'],
    ['queueFull', 'full, and nobody was refused', waiting(200, 200, 0), 100, 'ok'],
    ['queueFull', 'of any number', waiting(5000, null, 0), 0, 'ok'],
    ['queueFull', 'of no places', waiting(0, 0, 7), 0, 'ok'],
  ])('%s %s', (name, _case, changes, value, state) => {
    const seen = check(name, changes);
    expect([seen.value, seen.state]).toEqual([expect.closeTo(value, 9), state]);
    expect([seen.warnAt, seen.failAt]).toEqual([DEFAULTS[name].warn, DEFAULTS[name].fail]);
  });

  it('says its figures, and what to do when it is not ok', () => {
    expect(check('hitRatio', { pool: { acquires: 4000, hitRate: 0.25 } }).sentence).toBe(
      '25.0 % of 4000 requests were served from pooled memory. Buffers are freed and allocated anew: raise maxIdle of the tiers that miss or budgetBytes, and keep requests within the largest tier.',
    );
    expect(check('hitRatio', { pool: { acquires: 4000, hitRate: 0.9 } }).sentence).toBe(
      '90.0 % of 4000 requests were served from pooled memory.',
    );
    expect(check('hitRatio', { pool: { acquires: 1, hitRate: 0 } }).sentence).toBe(
      '1 request is too few to tell what share comes from pooled memory.',
    );
    expect(check('allocationLatency', requestsTaking(2_345_678)).sentence).toMatch(
      /^99 in 100 of 1000 requests took at most 2\.35 ms\. Requests wait/,
    );
    expect(check('poolUtilization', { pool: { ...missing, utilization: 0.95 } }).sentence).toMatch(
      /^95\.0 % .* and 50\.0 % of 1000 requests .* \(61 MiB of 100 MiB were used at most\)/,
    );
    expect(check('queueFull', waiting(20, 20, 1)).sentence).toBe(
      'Of 20 tasks that may wait, 20 do, and 1 run was refused because the queue was full. More comes than the threads can do: await ready() before run(), send work elsewhere, add threads, or raise maxQueue.',
    );
    expect(check('queueFull', waiting(7, null, 0)).sentence).toBe(
      '7 waiting, and no run was refused because the queue was full.',
    );
    expect(check('recoverySuccessRate', emergencies(3, 2, true)).sentence).toBe(
      '2 of 2 emergencies ended because pressure fell; one is in progress.',
    );
  });

  it('names the memory of the process where that is the cause of pressure', () => {
    const high = { level: 'high', ledgerLevel: 'nominal', processLevel: 'high' } as const;
    expect(check('pressureLevel', { pressure: high }).sentence).toContain(
      'The memory of the process is the cause',
    );
    const ledger = { level: 'high', ledgerLevel: 'high', processLevel: 'nominal' } as const;
    expect(check('pressureLevel', { pressure: ledger }).sentence).toContain(
      'Raise budgetBytes (now 100 MiB)',
    );
  });

  it('takes the slowest causes together for the latency of all requests', () => {
    // 10 000 hits and 50 slow ones: the 99th percentile of all lies between the 99th and the 99.9th of the
    // hits.
    expect(check('allocationLatency', {}).value).toBe(600);
  });
});

describe('the verdict', () => {
  it.each<[string, Changes, string, string]>([
    ['ok when all are', {}, 'ok', 'All checks are fine.'],
    ['warn when one warns', { pool: { hitRate: 0.7 } }, 'warn', 'hitRatio warns; the others are fine.'],
    [
      'fail when one fails',
      { pool: { hitRate: 0.7 }, cleanup: { trims: 9000 } },
      'fail',
      'cleanupFrequency fails; hitRatio warns; the others are fine.',
    ],
    [
      'fail when several fail',
      { pool: { hitRate: 0.1 }, cleanup: { trims: 9000 } },
      'fail',
      'hitRatio, cleanupFrequency fail; the others are fine.',
    ],
  ])('is %s', (_case, changes, verdict, sentence) => {
    expect(evaluateHealth(snapshotWith(changes))).toMatchObject({ verdict, sentence });
  });

  it('has every check, in order', () => {
    expect(Object.keys(evaluateHealth(snapshotWith()).checks)).toEqual([...HEALTH_CHECKS]);
  });
});

describe('who watches the process', () => {
  const answers = (changes: Changes) => {
    const { verdict, live, ready } = evaluateHealth(snapshotWith(changes));
    return [verdict, live, ready];
  };

  it('hears that it lives and is ready, also while something warns', () => {
    expect(answers({})).toEqual(['ok', true, true]);
    expect(answers({ tasks: { oldestSeconds: 700, standstillSeconds: 400 } })).toEqual(['warn', true, true]);
  });

  it.each<[string, Changes]>([
    ['a task has looped for an hour', { tasks: { oldestSeconds: 3600 } }],
    ['the queue stands', { tasks: { standstillSeconds: 1800 } }],
    ['a thread does not answer', { tasks: { silentSeconds: 600 } }],
    ['no thread is left', { threads: 2, tasks: { lostThreads: 2 } }],
  ])('hears that only another process helps where %s', (_what, changes) => {
    expect(answers(changes)).toEqual(['fail', false, false]);
  });

  it('hears to send work elsewhere while memory is short, and not because of one large task', () => {
    const critical = (heldSeconds: number): Changes => ({
      pressure: { level: 'critical', heldSeconds, ...times(1000, 0, 0, 5) },
      cleanup: { emergencies: 1, recovered: 0 },
    });
    expect(answers(critical(61))).toEqual(['fail', true, false]);
    expect(answers(critical(5))).toEqual(['warn', true, true]);
  });

  it('hears of a full queue only where that is to count, and then not that another process helps', () => {
    const full = snapshotWith(waiting(20, 20, 3));
    expect(evaluateHealth(full)).toMatchObject({ verdict: 'warn', live: true, ready: true });
    const strict = resolveHealth({ queueFull: { fail: 100 } });
    expect(evaluateHealth(full, strict)).toMatchObject({ verdict: 'fail', live: true, ready: false });
  });

  it('does not hear of a pool that is too small: another process would be no quicker', () => {
    expect(answers({ pool: { hitRate: 0.1 }, cleanup: { trims: 9000 } })).toEqual(['fail', true, true]);
  });
});

describe('thresholds', () => {
  it('are the defaults where nothing is given', () => {
    const { checks } = evaluateHealth(snapshotWith());
    for (const name of HEALTH_CHECKS) {
      const { warnAt, failAt } = checks[name];
      expect({ warn: warnAt, fail: failAt }, name).toEqual(DEFAULTS[name]);
    }
    expect(resolveHealth({ hitRatio: {} })).toEqual(DEFAULTS);
  });

  it('change one by one', () => {
    const thresholds = resolveHealth({ hitRatio: { warn: 0.95 } });
    expect(thresholds).toEqual({ ...DEFAULTS, hitRatio: { warn: 0.95, fail: 0.5 } });
    expect(check('hitRatio', { pool: { hitRate: 0.95 } }, thresholds).state).toBe('warn');
    expect(check('hitRatio', { pool: { hitRate: 0.96 } }, thresholds).state).toBe('ok');
  });

  it('out of reach switch a check off', () => {
    const off = resolveHealth({
      hitRatio: { warn: -1, fail: -1 },
      poolUtilization: { warn: 101, fail: 101 },
    });
    expect(check('hitRatio', { pool: { hitRate: 0 } }, off).state).toBe('ok');
    expect(check('poolUtilization', { pool: { ...missing, utilization: 1 } }, off).state).toBe('ok');
  });

  it.each([
    [{ hitRate: { warn: 1 } }, /checks poolUtilization, .*; got 'hitRate'/],
    [{ hitRatio: { warning: 1 } }, /warn and fail; hitRatio got 'warning'/],
    [{ hitRatio: { warn: Number.NaN } }, /finite number; hitRatio has warn NaN/],
    [{ pressureLevel: { fail: Number.POSITIVE_INFINITY } }, /finite number; pressureLevel/],
    [{ hitRatio: { warn: '1' as never } }, /finite number; hitRatio/],
    [
      { hitRatio: { warn: 0.4 } },
      /fail is at most warn where less is worse; hitRatio has warn 0.4 and fail 0.5/,
    ],
    [{ pressureLevel: { fail: 1 } }, /fail is at least warn; pressureLevel has warn 2 and fail 1/],
  ])('%j are refused', (given, message) => {
    expect(() => resolveHealth(given as GivenThresholds)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});
