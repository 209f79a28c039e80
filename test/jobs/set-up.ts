import { readFileSync, writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { defineJob } from '../../src/worker.ts';

/** A job that writes down in a file what is done in its thread before and after. */
interface Data {
  readonly diary: string;
  readonly fails?: 'setup' | 'teardown' | 'never-ends';
}

let diary = '';
let fails: Data['fails'];

function note(what: string): void {
  writeFileSync(diary, `${threadId} ${what}\n`, { flag: 'a' });
}

export default defineJob(
  (_input: undefined, { data }) => {
    note('runs');
    return {
      thread: threadId,
      data,
      name: process.env.MILLPOND_TEST_NAME ?? null,
      home: process.env.HOME ?? null,
    };
  },
  {
    terminable: true,
    setup: async ({ data }) => {
      ({ diary, fails } = data as Data);
      await new Promise((done) => setImmediate(done));
      note('begins');
      if (fails === 'setup') throw new Error('no licence was found');
    },
    teardown: async () => {
      note('ends');
      if (fails === 'teardown') throw new Error('the cache cannot be written');
      if (fails === 'never-ends') await new Promise(() => {});
      // For longer than it takes to end a thread.
      for (let turn = 0; turn < 20_000; turn++) await new Promise((done) => setImmediate(done));
      note(`has ended after ${readFileSync(diary, 'utf8').split('\n').length - 1} lines`);
    },
  },
);
