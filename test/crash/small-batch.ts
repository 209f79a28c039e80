/**
 * A batch of small files of several formats, to be killed and run again, and what has to be true of its
 * folders. Owns a scratch folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { writeWav } from '../audio/wav.ts';
import { claimsOf, JOURNAL, KEPT_BESIDE } from './claims.ts';
import type { Found } from './disk.ts';
import type { Tracing } from './strace.ts';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** When a file came to be as it is: one that is made again is another file, or was changed later. */
type Identity = string;

const FOLDERS = ['', 'one', 'one/two', 'a name with spaces'];

export class SmallBatch {
  readonly folder = mkdtempSync(join(tmpdir(), 'millpond-crash-'));
  readonly input = join(this.folder, 'in');
  readonly out = join(this.folder, 'out');
  readonly temporary = join(this.folder, 'tmp');
  readonly #kept = join(this.folder, 'kept');
  readonly #command: readonly string[];
  readonly #to: string;
  readonly #options: readonly string[];
  /** What an undisturbed run makes, by the path below `out`. */
  #expected: ReadonlyMap<string, Buffer> = new Map();

  private constructor(command: readonly string[], to: string, options: readonly string[]) {
    this.#command = command;
    this.#to = to;
    this.#options = options;
  }

  /**
   * @param command what Node runs
   * @param to the format of the outputs
   * @param options of the command, besides
   */
  static async make(
    command: readonly string[],
    to: string,
    files: number,
    options: readonly string[] = [],
  ): Promise<SmallBatch> {
    const batch = new SmallBatch(command, to, options);
    try {
      await batch.#fill(files);
      batch.reset();
      await batch.#toItsEnd();
      batch.#expected = new Map([...batch.look()].filter(isOutput).map(([name, bytes]) => [name, bytes!]));
      if (batch.#expected.size !== files) throw new Error('The undisturbed run made too little.');
    } catch (error) {
      batch[Symbol.dispose]();
      throw error;
    }
    return batch;
  }

  async #fill(files: number): Promise<void> {
    const made = join(this.folder, 'made');
    for (let file = 0; file < files; file++) {
      const frames = 4000 * (1 + (file % 5));
      const samples = Int16Array.from({ length: frames }, (_, at) => 8000 * Math.sin((at * (file + 3)) / 40));
      const planes = file % 3 === 0 ? [samples, samples.toReversed()] : [samples];
      const place = join(file % 4 === 3 ? made : this.input, FOLDERS[file % 7] ?? '');
      mkdirSync(place, { recursive: true });
      writeWav(join(place, `${file}.wav`), planes, { rate: 8000 });
    }
    mkdirSync(this.temporary, { recursive: true });
    // A quarter of the inputs is FLAC.
    const { ended } = this.#run(['transcode', made, '--to', 'flac', '--out', this.input, '--quiet']);
    const { code, stderr } = await ended;
    if (code !== 0) throw new Error(stderr);
    for (const place of readdirSync(this.input)) {
      if (place.startsWith('.')) rmSync(join(this.input, place), { recursive: true });
    }
  }

  /** Without outputs. */
  reset(): void {
    for (const folder of [this.out, this.temporary]) rmSync(folder, { recursive: true, force: true });
    mkdirSync(this.temporary);
  }

  /** As a leader of a process group. */
  start(tracing?: Tracing, options: readonly string[] = []): Run {
    const { input, out } = this;
    const args = ['transcode', input, '--to', this.#to, '--out', out, '--threads', '1', '--quiet'];
    return this.#run([...args, ...this.#options, ...options], tracing);
  }

  #run(args: readonly string[], tracing?: Tracing): Run {
    const command = [process.execPath, ...this.#command, ...args];
    const [program, ...rest] =
      tracing === undefined ? command : [tracing.program, ...tracing.args, ...command];
    const child = spawn(program, rest, {
      cwd: this.folder,
      detached: true,
      env: { ...process.env, TMPDIR: this.temporary, XDG_CACHE_HOME: join(this.folder, 'cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]!.setEncoding('utf8').on('data', (part: string) => {
        text[name] += part;
      });
    }
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, ...text }));
    });
    return { child, ended };
  }

  /** The same again, undisturbed: everything has to be there then. */
  async finish(): Promise<void> {
    const done = await this.finished();
    await this.#toItsEnd();
    await this.checkDone(done);
  }

  async #toItsEnd(options: readonly string[] = []): Promise<void> {
    const { code, stderr } = await this.start(undefined, options).ended;
    if (code !== 0) throw new Error(`An undisturbed run ended with ${code}: ${stderr}`);
  }

  /** How long an undisturbed run takes, from nothing. */
  async timed(): Promise<number> {
    this.reset();
    const began = performance.now();
    await this.finish();
    return performance.now() - began;
  }

  /** All that is in the folder of the outputs, by the path in it. */
  look(): Found {
    return new Map(
      entriesIn(this.out).map(([name, isFolder]) => [
        name,
        isFolder ? null : readFileSync(join(this.out, name)),
      ]),
    );
  }

  /** Keeps the outputs that are there, for {@link restore}. */
  keep(): void {
    for (const name of this.#expected.keys()) {
      mkdirSync(dirname(join(this.#kept, name)), { recursive: true });
      linkSync(join(this.out, name), join(this.#kept, name));
    }
  }

  /** Makes the folder what it was. Outputs that were whole are those that were kept: a journal knows them. */
  restore(found: Found): void {
    this.reset();
    if (found.size > 0) mkdirSync(this.out);
    for (const [name, bytes] of found) {
      if (bytes === null) mkdirSync(join(this.out, name));
      else if (this.#expected.get(name)?.equals(bytes))
        linkSync(join(this.#kept, name), join(this.out, name));
      else writeFileSync(join(this.out, name), bytes);
    }
  }

  /** A run over what a power loss has left: in the end all is there, and what was done is what it was. */
  async recover(found: Found, options: readonly string[]): Promise<void> {
    this.restore(found);
    const done = await this.finished();
    await this.#toItsEnd(options);
    await this.checkDone(done);
  }

  /**
   * What has to be true at any time: under the name of an output is the whole output, and the journal can be
   * read and says of nothing that it is done which is not there.
   */
  async check(found: Found = this.look()): Promise<void> {
    for (const [name, bytes] of found) {
      if (!isOutput([name, bytes])) continue;
      const expected = this.#expected.get(name);
      if (expected === undefined) throw new Error(`Nobody asked for '${name}'.`);
      if (!expected.equals(bytes!)) throw new Error(`'${name}' is not whole: ${bytes!.length} bytes.`);
    }
    await this.checkClaims(found);
  }

  /** What has to be true after a power loss: there may be torn outputs that the journal does not know. */
  async checkClaims(found: Found): Promise<void> {
    for (const name of await this.claims(found)) {
      const bytes = found.get(name);
      if (bytes === undefined)
        throw new Error(`The journal says that '${name}' is done, and it is not there.`);
      if (!bytes?.equals(this.#expected.get(name)!)) {
        throw new Error(`The journal says that '${name}' is done, and it is not whole.`);
      }
    }
  }

  /** The outputs that the journal calls done. */
  async claims(found: Found): Promise<readonly string[]> {
    const journal = found.get(JOURNAL);
    return journal ? claimsOf(journal) : [];
  }

  /** What is done by the journal, and who it is. */
  async finished(): Promise<ReadonlyMap<string, Identity>> {
    return new Map((await this.claims(this.look())).map((name) => [name, this.#identity(name)]));
  }

  #identity(name: string): Identity {
    const { ino, mtimeNs } = statSync(join(this.out, name), { bigint: true });
    return `${ino} ${mtimeNs}`;
  }

  /**
   * What has to be true in the end: every output is there once, whole, and nothing else.
   * @param before what was done before; it has to be what it was
   */
  async checkDone(before: ReadonlyMap<string, Identity> = new Map()): Promise<void> {
    const found = this.look();
    const missing = [...this.#expected.keys()].filter((name) => !found.has(name));
    if (missing.length > 0) throw new Error(`Not there: ${missing.join(', ')}`);
    await this.check(found);
    this.checkNothingElse(found);
    this.#checkSame(before);
  }

  /** What has to be true whenever a run was not killed. */
  checkNothingElse(found: Found = this.look()): void {
    const strays = [...found.keys()].filter(
      (name) => found.get(name) !== null && !this.#expected.has(name) && !KEPT_BESIDE.includes(name),
    );
    strays.push(...entriesIn(this.temporary).map(([name]) => join(basename(this.temporary), name)));
    if (strays.length > 0) throw new Error(`What nobody asked for is left: ${strays.join(', ')}`);
  }

  /** What has to be true whenever a run was killed. @param before what was done before that run */
  async checkKept(before: ReadonlyMap<string, Identity>): Promise<void> {
    await this.check();
    this.#checkSame(before);
  }

  #checkSame(before: ReadonlyMap<string, Identity>): void {
    for (const [name, identity] of before) {
      if (this.#identity(name) !== identity) throw new Error(`'${name}' was done, and was done again.`);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Neither hidden nor in a hidden folder. */
function isOutput([name, bytes]: readonly [string, Buffer | null]): boolean {
  return bytes !== null && !name.split('/').some((part) => part.startsWith('.'));
}

/** By the path in the folder, and whether it is a folder. */
function entriesIn(folder: string): (readonly [string, boolean])[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries.map(
    (entry) => [join(entry.parentPath, entry.name).slice(folder.length + 1), entry.isDirectory()] as const,
  );
}

function list(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true });
}
