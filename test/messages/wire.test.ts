import { describe, expect, it } from 'vitest';
import type { Task, TaskResult } from '../../src/messages/tasks.ts';
import {
  isUnbegun,
  readResults,
  readTasks,
  readUnbegun,
  writeResults,
  writeTasks,
  writeUnbegun,
} from '../../src/messages/wire.ts';

const crate = (loan: number) => ({ buffer: new ArrayBuffer(8), tier: 1, asked: 0, length: 5, loan });
const nothing = { job: 0, input: undefined, crates: [], places: [], gifts: [] };
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
    ['for another job', { job: 3 }],
    ['for the last job there can be, with the last number', { job: 2 ** 21, task: 2 ** 31 - 1, input: 0 }],
    ['with an input', { input: { a: [1, null] } }],
    ['with an input that is null', { input: null }],
    ['with leases', { input: { list: [null] }, crates: [crate(1), crate(2)], places }],
    ['with gifts only', { gifts }],
    ['with gifts and leases', { input: 0, crates: [crate(7)], places: [[0]], gifts }],
  ])('%s', (_what, parts) => {
    const task: Task = { ...nothing, task: 41, ...parts };
    expect(readTasks(structuredClone(writeTasks([task])))).toEqual([task]);
  });

  it('as a number alone when that is all', () => {
    expect(writeTasks([{ ...nothing, task: 41 }])).toBe(41);
  });

  it('among others, in their order', () => {
    const tasks: Task[] = [
      { ...nothing, task: 7 },
      { ...nothing, task: 8, job: 1, input: null },
      { ...nothing, task: 9, input: [1], gifts },
    ];
    expect(readTasks(structuredClone(writeTasks(tasks)))).toEqual(tasks);
  });
});

describe('tasks come back as they were sent', () => {
  it.each([[1], [3]])('%i of them', (count) => {
    const task = { ...nothing, job: 2, input: { list: [null] }, crates: [crate(1), crate(2)], places };
    const tasks: Task[] = Array.from({ length: count }, (_, at) => ({ ...task, task: 41 + at, gifts }));
    const message = structuredClone(writeUnbegun(tasks));
    expect(isUnbegun(message) && readUnbegun(message)).toEqual(tasks);
  });

  it('and are no results', () => {
    const results: TaskResult[] = [{ task: 5, value: 'unbegun' }, { task: 6 }];
    for (const some of [results, results.slice(1), results.slice(0, 1)]) {
      expect(isUnbegun(writeResults(some))).toBe(false);
    }
    expect(isUnbegun('unread')).toBe(false);
  });
});

describe('a result arrives as it was sent', () => {
  const empty = { crates: [], places: [], homebound: [] };
  it.each<[string, Omit<TaskResult, 'task'>]>([
    ['with a value', { value: { a: 1 } }],
    ['with an error', { error }],
    ['with leaks and a pin', { value: 1, leaks, pinned: 2 }],
    ['with leaks alone', { leaks }],
    ['with a pin alone', { pinned: 1 }],
    ['with leases', { value: null, crates: [crate(0), crate(3)], places }],
    ['with files', { value: null, files: [{ path: '/tmp/a', bytes: 7 }], places: [[0, 'file']] }],
    ['with loans that go home', { homebound: [crate(4)] }],
    ['with all', { value: 1, leaks, crates: [crate(0)], places: [[0]], homebound: [crate(4), crate(5)] }],
  ])('%s', (_what, result) => {
    const [arrived] = readResults(structuredClone(writeResults([{ task: 5, ...result }])) as never);
    expect(arrived).toEqual({ task: 5, ...empty, ...result });
  });

  it('as the number of its task when that is all', () => {
    expect(writeResults([{ task: 5 }])).toBe(5);
    expect(readResults(5)).toEqual([{ task: 5 }]);
  });

  it('among others, in their order', () => {
    const results: TaskResult[] = [{ task: 5 }, { task: 6, ...empty, value: null }, { task: 7 }];
    expect(readResults(structuredClone(writeResults(results)) as never)).toEqual(results);
  });
});
