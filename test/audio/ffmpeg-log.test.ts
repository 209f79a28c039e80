import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { listenToFfmpeg } from '../../src/audio/ffmpeg-log.ts';
import type { LogEvent } from '../../src/telemetry/log.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-ffmpeg-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, text: string): URL {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, `import { parentPort } from 'node:worker_threads';\n${text}`);
  return pathToFileURL(file);
}

function logged() {
  const events: LogEvent[] = [];
  return { events, log: { write: (event: LogEvent) => void events.push(event), close: () => {} } };
}

const LISTENING = 'parentPort.postMessage(null);';
const ENDS = "parentPort.once('message', () => parentPort.close());";

describe('the thread that listens to FFmpeg', () => {
  it('starts only where the log shows what it hears', async () => {
    const { events, log } = logged();
    for (const level of [undefined, 'warn', 'error', 'silent'] as const) {
      await (await listenToFfmpeg(log, level, new URL('file:///nowhere.mjs')))();
    }
    expect(events).toEqual([]);
  });

  it('is heard to its last word', async () => {
    const said = "parentPort.postMessage({ level: 'error', message: 'bad header' });";
    const last = `parentPort.once('message', () => {
      parentPort.postMessage({ level: 'warning', message: 'last' });
      parentPort.close();
    });`;
    const { events, log } = logged();
    const stop = await listenToFfmpeg(log, 'debug', program('said', LISTENING + said + last));
    await stop();
    expect(events).toEqual([
      { event: 'ffmpeg', severity: 'info', text: 'bad header' },
      { event: 'ffmpeg', severity: 'debug', text: 'last' },
    ]);
  });

  it.each([
    ['cannot start', "throw new Error('no FFmpeg here');", 'no FFmpeg here'],
    ['fails later', `${LISTENING}${ENDS}setImmediate(() => { throw new Error('broken'); });`, 'broken'],
  ])('may be one that %s: the batch goes on, and the log says so', async (name, text, reason) => {
    const { events, log } = logged();
    const stop = await listenToFfmpeg(log, 'info', program(name.replace(' ', '-'), text));
    await expect.poll(() => events).toHaveLength(1);
    await stop();
    expect(events).toEqual([
      { event: 'ffmpeg', severity: 'info', text: `FFmpeg's messages are lost: ${reason}` },
    ]);
  });

  it('may end in silence', async () => {
    const { log } = logged();
    await (await listenToFfmpeg(log, 'info', program('silent', '')))();
  });
});
