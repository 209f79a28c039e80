/** That all servers answer with the same audio, as somebody else decodes it. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import type { Peer } from '../peers.ts';
import { loadBody } from './bodies.ts';
import { Connection } from './connection.ts';
import type { Load } from './play.ts';
import type { Server } from './servers.ts';

const DECODED = ['-f', 's16le', 'pipe:1'];
const MOST_BYTES = 2 ** 30;
/** An MP3 out of a pipe does not say where its padding begins, and a Vorbis end may be left untrimmed. */
const PADDING_BYTES = 4 * 8192;

/** @returns notes */
export async function compareAnswers(
  servers: readonly Server[],
  loads: readonly Load[],
  ffmpeg: Peer,
): Promise<string[]> {
  if (ffmpeg.version === undefined) return [];
  for (const { files, work, name } of loads) {
    const lengths: number[] = [];
    for (const server of servers) {
      const connection = new Connection(server.port, '127.0.0.1', true);
      const { status, body } = await connection.request(server.pathOf(work), loadBody(files[0])(0));
      connection.close();
      assert.equal(
        status,
        200,
        `${server.name} answers ${name} with ${status}: ${body.toString('latin1', 0, 500)}`,
      );
      lengths.push(decodedBytes(body, ffmpeg));
    }
    const apart = Math.max(...lengths) - Math.min(...lengths);
    assert.ok(apart <= PADDING_BYTES, `${name}: answers decode to ${lengths.join(', ')} bytes`);
  }
  return [
    'An answer of each was decoded by the static ffmpeg: all are as long, but for the padding of codecs.',
  ];
}

function decodedBytes(audio: Buffer, { program }: Peer): number {
  const { status, stdout, stderr } = spawnSync(program, ['-v', 'error', '-i', 'pipe:0', ...DECODED], {
    input: audio,
    maxBuffer: MOST_BYTES,
  });
  assert.equal(status, 0, stderr.toString());
  return stdout.length;
}
