import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { noise, writeWav } from '../audio/wav.ts';
import { scratch, startProgram } from './millpond.ts';
import type { Regulated } from './regulation.ts';

const at = scratch();

it('regulates itself through growth, pressure, clearing and an emergency, and the output stays the same', async () => {
  const input = writeWav(at('in.wav'), [noise(400_000, 16, 1), noise(400_000, 16, 2)], { rate: 48_000 });
  const program = fileURLToPath(new URL('./regulation.ts', import.meta.url));
  const { child, ended } = startProgram(process.execPath, [
    '--conditions=millpond-source',
    program,
    input,
    join(input, '..'),
  ]);
  // It works until it has seen everything: one that never does must not outlive the test.
  onTestFinished(() => void child.kill('SIGKILL'));
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([0, '']);
  const result: Regulated = JSON.parse(stdout);
  const { snapshot, blocks } = result;

  const { grow, shrink, trim, emergency } = snapshot.decisions.counts;
  expect(Math.min(grow, shrink, trim, emergency)).toBeGreaterThan(0);
  const grown = Math.max(...blocks.sizes);
  const shrunk = Math.min(...blocks.sizes);
  expect([blocks.sizes.includes(64 * 1024 * 1.5), grown > 64 * 1024, shrunk <= 48 * 1024]).toEqual([
    true,
    true,
    true,
  ]);
  expect([blocks.capped, blocks.longestMs <= 100]).toEqual([true, true]);
  expect(snapshot.cleanup).toMatchObject({ recovered: emergency, recoverySuccessRate: 1 });
  expect(snapshot.cleanup.recovery.count).toBe(emergency);
  expect(snapshot.cleanup.trimmedBytes).toBeGreaterThan(0);
  expect(snapshot.budget.peakBytes).toBeLessThanOrEqual(32 * MiB);
  expect(snapshot.pressure.secondsAtLevel.critical).toBeGreaterThan(0);
  expect([result.refusal, result.startedInEmergency]).toEqual(['ERR_BUDGET_EXHAUSTED', 0]);
  expect(result.heldInEmergency).toBeGreaterThan(0);
  expect(result.events).toEqual(expect.arrayContaining(['pressure', 'sizing', 'emergency', 'recovery']));
  expect(result.outputs).toBeGreaterThan(10);
  expect(result.digests).toHaveLength(1);
  expect(result.endBytes).toBe(0);
});
