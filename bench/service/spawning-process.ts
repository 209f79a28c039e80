/**
 * What people run today: a plain Fastify server that starts an ffmpeg for each request, with pipes on both
 * sides, for all at once, or for some at a time while others wait in a queue.
 */
import { spawn } from 'node:child_process';
import fastify from 'fastify';

export interface SpawningOptions {
  readonly program: string;
  /** What it is told, by the path of the request. */
  readonly args: Readonly<Record<string, readonly string[]>>;
  /** At once; null for all. */
  readonly most: number | null;
}

const MOST_BODY_BYTES = 512 * 1024 * 1024;

const { program, args, most }: SpawningOptions = JSON.parse(process.argv[2]);
const queue: (() => void)[] = [];
let running = 0;

const app = fastify({ bodyLimit: MOST_BODY_BYTES });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
for (const [path, options] of Object.entries(args)) {
  app.post(path, async (request, reply) => {
    if (running === most) await new Promise<void>((resolve) => queue.push(resolve));
    else running++;
    try {
      reply.type('application/octet-stream').send(await transcode(request.body as Buffer, options));
    } finally {
      const next = queue.shift();
      if (next === undefined) running--;
      else next();
    }
    return reply;
  });
}
console.log(await app.listen({ port: 0, host: '127.0.0.1' }));

function transcode(body: Buffer, options: readonly string[]): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn(program, ['-v', 'error', '-i', 'pipe:0', ...options, 'pipe:1']);
  const pieces: Buffer[] = [];
  let complaints = '';
  child.stdout.on('data', (piece) => pieces.push(piece));
  child.stderr.on('data', (piece) => {
    complaints += piece;
  });
  child.on('error', reject);
  child.stdin.on('error', () => {});
  child.on('close', (status) => {
    if (status === 0) resolve(Buffer.concat(pieces));
    else reject(new Error(complaints));
  });
  child.stdin.end(body);
  return promise;
}
