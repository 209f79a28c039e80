import { describe, expect, it } from 'vitest';
import type { Task, TaskResult } from '../../src/messages/tasks.ts';
import { readResult, readTask, writeResult, writeTask } from '../../src/messages/wire.ts';

const crate = (loan: number) => ({ buffer: new ArrayBuffer(8), tier: 1, asked: 0, length: 5, loan });
const nothing = { input: undefined, crates: [], places: [], gifts: [] };
const places = [[0], [1, 'list', '3', 'deep'], [0, 'again']] as const;
const gifts = [
  { tier: 1, buffers: [new ArrayBuffer(1), new ArrayBuffer(2)] },
  { tier: 2, buffers: [new ArrayBuffer(3)] },
];
const error = [{ base: 'Error', name: 'Error', message: 'm', stack: undefined, fields: [] }] as const;
const leaks = [{ length: 3, stack: null }];

describe('a task arrives as it was sent', () => {
  it.each<[string, Partial<Task>]>([
    ['with nothing', {}],
    ['with an input', { input: { a: [1, null] } }],
    ['with an input that is null', { input: null }],
    ['with leases', { input: { list: [null] }, crates: [crate(1), crate(2)], places }],
    ['with gifts only', { gifts }],
    ['with gifts and leases', { input: 0, crates: [crate(7)], places: [[0]], gifts }],
  ])('%s', (_what, parts) => {
    const task: Task = { ...nothing, task: 41, ...parts };
    expect(readTask(structuredClone(writeTask(task)))).toEqual(task);
  });

  it('as a number alone when that is all', () => {
    expect(writeTask({ ...nothing, task: 41 })).toBe(41);
  });
});

describe('a result arrives as it was sent', () => {
  const empty = { crates: [], places: [], homebound: [] };
  it.each<[string, TaskResult]>([
    ['with a value', { value: { a: 1 } }],
    ['with an error', { error }],
    ['with leaks and a pin', { value: 1, leaks, pinned: 2 }],
    ['with leaks alone', { leaks }],
    ['with a pin alone', { pinned: 1 }],
    ['with leases', { value: null, crates: [crate(0), crate(3)], places }],
    ['with loans that go home', { homebound: [crate(4)] }],
    ['with all', { value: 1, leaks, crates: [crate(0)], places: [[0]], homebound: [crate(4), crate(5)] }],
  ])('%s', (_what, result) => {
    expect(readResult(structuredClone(writeResult(result)))).toEqual({ ...empty, ...result });
  });

  it('as nothing when that is all', () => {
    expect(writeResult({})).toBeUndefined();
    expect(readResult(undefined)).toEqual({});
  });
});
