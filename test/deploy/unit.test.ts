/** The unit of systemd: how much it leaves open, and that a service can live with what it closes. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { noise, wav } from '../audio/wav.ts';
import { childrenOf } from '../crash/processes.ts';
import { whyNoStrace } from '../crash/strace.ts';
import { bin, checkout } from '../e2e/millpond.ts';

const unit = readFileSync(join(checkout, 'deploy/millpond.service'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'millpond-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The values of a setting, in their order. */
function settings(name: string): string[] {
  return Array.from(unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm')), ([, value]) => value);
}

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const analyze = (...args: string[]): string =>
  execFileSync('systemd-analyze', ['--no-pager', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** What systemd calls by such a name; of groups in it all that they have. A call stands for itself. */
function callsOf(group: string): string[] {
  if (!group.startsWith('@')) return [group];
  const lines = analyze('syscall-filter', group).split('\n').slice(1);
  const names = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  return names.flatMap(callsOf);
}

const withSystemd = process.platform === 'linux' && has('systemd-analyze');

describe.runIf(withSystemd)('the unit, as systemd sees it,', () => {
  it('leaves open no more than 2 of 10', () => {
    const said = analyze('security', '--offline=true', join(checkout, 'deploy/millpond.service'));
    const level = Number(/Overall exposure level for millpond\.service: ([\d.]+)/.exec(said)?.[1]);
    expect(level).toBeGreaterThan(0);
    expect(level).toBeLessThanOrEqual(2);
  });

  it('is understood, line by line', () => {
    const here = unit.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`);
    writeFileSync(join(folder, 'millpond.service'), here);
    expect(analyze('verify', join(folder, 'millpond.service'))).toBe('');
  });
});

describe('the unit', () => {
  it('starts the command where an install has it', () => {
    const { bin: commands } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
    const [start] = settings('ExecStart');
    expect(start).toBe(
      `/usr/bin/node /opt/millpond/node_modules/millpond/${commands.millpond.slice(2)} serve`,
    );
  });

  it('waits for longer than the service takes to leave', async () => {
    const { resolveServiceOptions } = await import('../../src/service/options.ts');
    expect(Number(settings('TimeoutStopSec')[0]) * 1000).toBeGreaterThan(
      resolveServiceOptions().drainMs + 10_000,
    );
  });
});

describe.runIf(withSystemd && whyNoStrace() === null)('a service under the unit', () => {
  /** Every call that it and its processes make from their start to their end, with work in between. */
  async function calls(): Promise<Set<string>> {
    const trace = join(folder, 'trace');
    const args = ['-f', '-qq', '-e', 'signal=none', '-o', trace, process.execPath, ...bin, 'serve'];
    const more = ['--port', '0', '--threads', '1', '--wait', '900', '--work-dir', join(folder, 'work')];
    const strace = spawn('strace', [...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => strace.once('close', resolve));
    for await (const line of createInterface({ input: strace.stderr })) {
      const url = /listening at (\S+);/.exec(line)?.[1];
      if (url === undefined) continue;
      const planes = [noise(200_000, 16, 1), noise(200_000, 16, 2)];
      for (const to of ['wav', 'mp3', 'opus&delivery=stream']) {
        const body = wav(planes);
        const response = await fetch(`${url}/v1/transcode?to=${to}`, { method: 'POST', body });
        expect(response.status).toBe(200);
        await response.arrayBuffer();
      }
      for (const pid of childrenOf(strace.pid as number)) process.kill(pid, 'SIGTERM');
    }
    await ended;
    const names = readFileSync(trace, 'utf8').matchAll(/^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)/gm);
    return new Set(Array.from(names, ([, name]) => name));
  }

  it('makes no call that is not allowed', async () => {
    const allowed = new Set<string>();
    for (const filter of settings('SystemCallFilter')) {
      const groups = filter.replace(/^~/, '').split(' ');
      for (const call of groups.flatMap(callsOf)) {
        if (filter.startsWith('~')) allowed.delete(call);
        else allowed.add(call);
      }
    }
    const made = await calls();
    expect(made.size).toBeGreaterThan(40);
    expect([...made].filter((call) => !allowed.has(call)).sort()).toEqual([]);
  });
});
