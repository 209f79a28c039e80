/** Audio that lies, of the fuzzer and of what was found: each body has a typed answer. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostileFile } from '../../fuzz/campaign.ts';
import { type Honest, keptFiles, madeFiles } from '../../fuzz/seeds.ts';
import { attacked, post, told } from './standing.ts';

const service = attacked();
const SEED = 15;
const FILES = 120;
const AT_ONCE = 6;

let folder = '';
let honest: Honest[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-attacks-'));
  honest = [...madeFiles(folder), ...keptFiles()];
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Audio that is made in spite of all, or one of these: what says that it lasts for days is too late. */
const ANSWERS =
  /^(?:200|413 ERR_(?:AUDIO_TOO_LONG|OUTPUT_TOO_LARGE)|415 ERR_AUDIO_OPEN|503 ERR_TOO_LATE|422 ERR_AUDIO_(?:NO_STREAM|DECODE|ENCODE|UNSUPPORTED)), open$/;
const WORK = [
  '/v1/transcode?to=wav',
  '/v1/transcode?to=flac',
  '/v1/transcode?to=opus&delivery=stream',
  '/v1/analyze',
];

async function answersTo(bodies: readonly Buffer[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += AT_ONCE) {
    const some = bodies.slice(from, from + AT_ONCE);
    const answers = await Promise.all(
      some.map(async (body, i) => {
        const target = WORK[(from + i) % WORK.length];
        const heard = await service.attempt(post(body, target), 1);
        // A stream that has begun can only be cut off.
        return heard.answers.length === 0 && target.endsWith('stream') && heard.closed
          ? '200, open'
          : told(heard);
      }),
    );
    for (const [i, answer] of answers.entries())
      expect(answer, `body ${from + i} of seed ${SEED}`).toMatch(ANSWERS);
  }
}

test(`${FILES} hostile files of seed ${SEED} have a typed answer each`, async () => {
  await answersTo(Array.from({ length: FILES }, (_, number) => hostileFile(honest, SEED, number).bytes));
  await service.stands();
}, 120_000);

test('what the fuzzer found has, too, and so has what ended a process once', async () => {
  const findings = new URL('../../fuzz/findings/', import.meta.url);
  const bodies = readdirSync(findings)
    .filter((name) => name.endsWith('.bin'))
    .map((name) => readFileSync(new URL(name, findings)));
  const refused = keptFiles().find(({ name }) => name === 'adx/refused')?.bytes as Buffer;
  await answersTo([
    ...bodies,
    refused,
    Buffer.alloc(1),
    Buffer.alloc(65_536),
    Buffer.from('#EXTM3U\nfile:///etc/passwd\n'),
  ]);
  await service.stands();
}, 60_000);
