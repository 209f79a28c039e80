import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createLog, type LogEvent } from '../../src/telemetry/log.ts';

const SOURCE = new URL('../../src/telemetry/log.ts', import.meta.url).href;

const leak: LogEvent = { event: 'leak', task: 'transcode', leases: 2, bytes: 131_072 };
const exhaustion: LogEvent = {
  event: 'exhaustion',
  shard: 3,
  requests: 3,
  limitBytes: 104_857_600,
  usedBytes: 104_800_000,
};

function capture(options: Parameters<typeof createLog>[0] = {}) {
  const clock = { ms: 1_000_000 };
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { clock, lines, log: createLog({ now: () => clock.ms, destination, ...options }) };
}

function runScript(body: string) {
  const script = `import { createLog } from ${JSON.stringify(SOURCE)};\n${body}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
}

describe('the log', () => {
  it('writes one JSON line for an event, with its numbers as fields and the injected time', () => {
    const { log, lines } = capture();
    log.write(exhaustion);
    expect(lines).toEqual([
      {
        ...exhaustion,
        level: 40,
        time: 1_000_000,
        pid: process.pid,
        name: 'millpond',
        msg: 'Requests for memory were refused: the budget held no more within their deadlines.',
      },
    ]);
  });

  it.each([
    { level: undefined, written: ['worker-death', 'leak'] },
    { level: 'info', written: ['start', 'worker-death', 'leak', 'reclaim', 'shutdown'] },
    { level: 'error', written: ['worker-death'] },
    { level: 'silent', written: [] },
  ] as const)('writes at level $level what is that severe: $written', ({ level, written }) => {
    const { log, lines } = capture({ level });
    log.write({ event: 'start', threads: 2, budgetBytes: 104_857_600, safety: 'sampled' });
    log.write({ event: 'worker-death', shard: 1, exitCode: 1 });
    log.write(leak);
    log.write({ event: 'reclaim', shard: 1, bytes: 12_288 });
    log.write({ event: 'shutdown', tasks: 9, peakBytes: 4096, endBytes: 0, wallMs: 12 });
    expect(lines.map((line) => line.event)).toEqual(written);
  });

  it('takes the severity of an FFmpeg message and its text', () => {
    const { log, lines } = capture();
    log.write({ event: 'ffmpeg', severity: 'info', text: 'chatter' });
    log.write({ event: 'ffmpeg', severity: 'error', component: 'mp3float', text: 'Header missing\n' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 50, component: 'mp3float', msg: 'Header missing' });
  });

  it('holds back a storm of one kind, not of another, and says how much it held back', () => {
    const { log, lines, clock } = capture({ linesPerWindow: 2, windowMs: 1000 });
    for (let index = 0; index < 7; index++) log.write(leak);
    log.write(exhaustion);
    expect(lines.map((line) => line.event)).toEqual(['leak', 'leak', 'exhaustion']);

    clock.ms += 999;
    log.write(leak);
    expect(lines).toHaveLength(3);
    clock.ms += 1;
    log.write(leak);
    log.write(leak);
    log.write(leak);
    expect(lines.slice(3).map((line) => line.suppressed)).toEqual([6, undefined]);

    log.close();
    expect(lines[5]).toMatchObject({ event: 'leak', suppressed: 1, level: 40 });
    log.close();
    expect(lines).toHaveLength(6);
  });

  it('starts a new window when the clock is set back', () => {
    const { log, lines, clock } = capture({ linesPerWindow: 1, windowMs: 1000 });
    log.write(leak);
    clock.ms -= 3_600_000;
    log.write(leak);
    expect(lines).toHaveLength(2);
  });

  it('writes to stderr before the process dies, even by an abort', () => {
    const { stderr, stdout, signal } = runScript(`
      const log = createLog();
      for (let shard = 0; shard < 9; shard++) log.write({ event: 'worker-death', shard, exitCode: 134 });
      process.abort();
    `);
    expect(signal).toBe('SIGABRT');
    expect(stdout).toBe('');
    const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line).shard)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('does not load pino when nothing is written', () => {
    const { stdout, stderr } = runScript(`
      import { createRequire } from 'node:module';
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('/pino/'));
      const log = createLog({ level: 'warn' });
      log.write({ event: 'start', threads: 2, budgetBytes: 1024, safety: 'off' });
      log.close();
      const before = loaded();
      createLog({ destination: { write() {} } }).write({ event: 'leak', task: 'a', leases: 1, bytes: 1 });
      console.log(JSON.stringify([before, loaded()]));
    `);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([false, true]);
  });
});
