/** What every worker of a runtime loads first: it joins the runtime once its jobs are loaded and set up. */
import { workerData } from 'node:worker_threads';
import { giveWay } from '../machine/thread-priority.ts';
import type { WorkerStart } from '../messages/start.ts';
import { loadJob } from './job-file.ts';
import { JobThread } from './job-thread.ts';

/** Piscina waits for it, and takes what it becomes for a job, which it is never asked for. */
export default start(workerData.millpond);

async function start(given: WorkerStart): Promise<() => void> {
  const thread = new JobThread(given);
  const jobs = [];
  for (const address of given.jobs) jobs.push(await loadJob(address));
  await thread.setUp(jobs);
  giveWay(given.nice);
  thread.serve(jobs);
  return () => {};
}
