/** Whether this sender and a known one see the same: both send to one server, on the same schedule. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPackage } from '../peers.ts';
import { percentiles, significant } from '../rounds.ts';
import { isDone, type Load, latencyMs, play, throughput } from './play.ts';
import type { Server } from './servers.ts';

const CONNECTIONS = 8;
const SECONDS = 4;
/** Of what the server can. */
const SHARE = 0.5;

/** @returns a note */
export async function compareSenders(server: Server, load: Load): Promise<string> {
  const { program, version, remedy } = findPackage('autocannon');
  if (version === undefined) return `autocannon is not here: ${remedy}.`;
  const [file] = load.files;
  const plan = {
    connections: CONNECTIONS,
    seconds: SECONDS,
    loads: [{ ...load, files: [file] }],
    same: true,
  };
  const rate = Math.floor(throughput(await play(server, { ...plan, rate: null })) * SHARE);
  const { sent } = await play(server, { ...plan, rate });
  const ours = percentiles(sent.filter(isDone).map(latencyMs));
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(program, 'autocannon.js'),
    ...['--json', '--no-progress', '-m', 'POST', '-H', 'content-type=application/octet-stream'],
    ...['-c', String(CONNECTIONS), '-d', String(SECONDS), '-R', String(rate), '-i', file],
    `http://127.0.0.1:${server.port}${server.pathOf(load.work)}`,
  ]);
  const { latency } = JSON.parse(stdout) as { latency: { p50: number; p99: number } };
  const told = ({ p50, p99 }: { p50: number; p99: number }) =>
    `p50 ${significant(p50)} ms, p99 ${significant(p99)} ms`;
  return `The sender, checked at ${rate}/s of one clip to ${server.name}: ${told(ours)}; autocannon ${version}: ${told(latency)}.`;
}
