/**
 * What Redis keeps for a time, it keeps until a time of its wall clock: once that is set back, locks last for
 * longer than they were asked for, and so does what BullMQ keeps between two looks for ended ones. A host
 * that died just then would keep its pages for as long as the clock was set back. So what lasts longer than
 * it can have been asked for is cut to that. Holds nothing; whoever looks first in each interval does it for
 * all.
 */
import type { Redis } from 'ioredis';

/** A lock says in its token for how long it was asked for. */
export function lockToken(token: string, lockMs: number): string {
  return `${token}:${lockMs}`;
}

/**
 * KEYS: since when was looked; what BullMQ keeps between two looks; the list of pages that are held.
 * ARGV: what names of locks begin with, their end, milliseconds between two looks.
 */
const SCRIPT = `
local everyMs = tonumber(ARGV[3])
local lookedMs = redis.call('PTTL', KEYS[1])
if lookedMs >= 0 and lookedMs <= everyMs then return end
redis.call('SET', KEYS[1], '', 'PX', everyMs)
if redis.call('PTTL', KEYS[2]) > everyMs then redis.call('DEL', KEYS[2]) end
for _, id in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
  local lock = ARGV[1] .. id .. ARGV[2]
  local askedMs = tonumber(string.match(redis.call('GET', lock) or '', ':(%d+)$'))
  if askedMs and redis.call('PTTL', lock) > askedMs then redis.call('PEXPIRE', lock, askedMs) end
end`;

/** @param queue with its prefix, as BullMQ names it */
export async function cutOverlongLocks(client: Redis, queue: string, everyMs: number): Promise<void> {
  const keys = ['looked', 'stalled-check', 'active'].map((name) => `${queue}:${name}`);
  await client.eval(SCRIPT, keys.length, ...keys, `${queue}:`, ':lock', everyMs);
}
