/**
 * Inputs of a batch over hosts, what one host makes of them, and what has to be true of the folders when it
 * is done. Owns a scratch folder.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import type { PageSummary } from '../../src/cluster/store.ts';
import { writeWav } from '../audio/wav.ts';
import { seeded } from '../simulation/choices.ts';
import { KILLS_ITS_HOST, KILLS_ITS_PROCESS } from './process-faults.ts';

const run = promisify(execFile);

export interface Verdict {
  readonly files: number;
  readonly pages: number;
  /** Pages left by hosts that died. */
  readonly deaths: number;
  /** Outputs that were made more than once. */
  readonly twice: number;
}

const DEADLY = [
  ['3', KILLS_ITS_PROCESS, 'ERR_NATIVE_CRASH'],
  ['5', KILLS_ITS_HOST, 'ERR_HOST_LOST'],
] as const;

export class BatchFolder implements Disposable {
  readonly folder: string;
  readonly input: string;
  readonly #command: readonly string[];
  readonly #to: string;
  /** Inputs that kill, and how each is named in the results. */
  readonly #deadly = new Map<string, string>();
  #expected = new Map<string, Buffer>();
  #batches = 0;
  /** By the last command, on stderr. */
  said = '';

  private constructor(command: readonly string[], to: string, within: string) {
    this.folder = mkdtempSync(join(within, 'millpond-cluster-'));
    this.input = join(this.folder, 'in');
    this.#command = command;
    this.#to = to;
  }

  /** @param command with its program */
  static async make(
    command: readonly string[],
    { to, files, seed, within = tmpdir() }: { to: string; files: number; seed: number; within?: string },
  ): Promise<BatchFolder> {
    const batch = new BatchFolder(command, to, within);
    const choices = seeded(seed);
    for (let file = 0; file < files; file++) {
      const place = join(batch.input, `${file % 7}`);
      mkdirSync(place, { recursive: true });
      const frames = 2000 + choices.pick(40_000);
      const samples = Int16Array.from({ length: frames }, (_, at) => 8000 * Math.sin((at * (file + 3)) / 40));
      writeWav(join(place, `${file}.wav`), [samples], { rate: 8000 });
    }
    const alone = join(batch.folder, 'alone');
    await batch.millpond('transcode', batch.input, '--to', to, '--out', alone, '--quiet');
    for (const [place, name, code] of DEADLY) {
      mkdirSync(join(batch.input, place), { recursive: true });
      writeWav(join(batch.input, place, name), [new Int16Array(8000)], { rate: 8000 });
      batch.#deadly.set(join(batch.input, place, name), code);
    }
    batch.#expected = new Map(filesIn(alone).map((name) => [name, readFileSync(join(alone, name))]));
    if (batch.#expected.size !== files) throw new Error('one host made too little');
    return batch;
  }

  async millpond(...args: string[]): Promise<string> {
    const [program, ...rest] = this.#command;
    const { stdout, stderr } = await run(program, [...rest, ...args]);
    this.said = stderr;
    return stdout;
  }

  /** The folder for the next batch's outputs. */
  nextOut(): string {
    return join(this.folder, `out-${++this.#batches}`);
  }

  /** @returns its id */
  async submit(out: string, broker: readonly string[], ...options: string[]): Promise<string> {
    return this.submitDeadly([], out, broker, ...options);
  }

  /** With inputs that kill, too. @param names theirs @returns its id */
  async submitDeadly(
    names: readonly string[],
    out: string,
    broker: readonly string[],
    ...options: string[]
  ): Promise<string> {
    const left = DEADLY.map(([, name]) => name).filter((name) => !names.includes(name));
    const excluded = left.flatMap((name) => ['--exclude', name]);
    const command = ['cluster', 'submit', this.input, '--to', this.#to, '--out', out];
    return (await this.millpond(...command, ...broker, ...excluded, ...options)).trim();
  }

  /** Throws what of a batch that is done is not as it has to be. @param names of its inputs that kill */
  async check(out: string, id: string, names: readonly string[] = []): Promise<Verdict> {
    const made = filesIn(out);
    const missing = [...this.#expected.keys()].filter((name) => !made.includes(name));
    if (missing.length > 0)
      throw new Error(`${missing.length} outputs are missing, ${missing[0]} among them`);
    if (made.length > this.#expected.size) {
      throw new Error(`there is more than outputs: ${made.find((name) => !this.#expected.has(name))}`);
    }
    for (const [name, bytes] of this.#expected) {
      if (!readFileSync(join(out, name)).equals(bytes)) throw new Error(`${name} has other bytes`);
    }
    const left = filesIn(join(out, '.millpond/cluster', id, 'work'));
    if (left.length > 0) throw new Error(`work was left: ${left[0]}`);
    return this.#checkResults(out, id, names);
  }

  async #checkResults(out: string, id: string, names: readonly string[]): Promise<Verdict> {
    const isIn = ([input]: readonly [string, string]) => names.includes(basename(input));
    const deadly = new Map([...this.#deadly].filter(isIn));
    const store = new FolderStore(out, id);
    const seen = new Set<string>();
    const verdict = { files: 0, pages: 0, deaths: 0, twice: 0 };
    for await (const some of store.results()) {
      for (const { ref, isSplit } of some) {
        if (isSplit) continue;
        const result = await store.result(ref);
        const { deaths, twice } = result?.summary as PageSummary;
        verdict.pages++;
        verdict.deaths += deaths;
        verdict.twice += twice;
        for (const line of result?.lines ?? []) {
          const input = line.input as string;
          if (seen.has(input)) throw new Error(`${input} has two results`);
          seen.add(input);
          const wanted = deadly.get(input) ?? 'done';
          if ((line.state === 'failed' ? line.code : line.state) === wanted) continue;
          throw new Error(`a file is not ${wanted}: ${JSON.stringify(line)}`);
        }
      }
    }
    verdict.files = seen.size;
    if (seen.size !== this.#expected.size + deadly.size) throw new Error(`${seen.size} files have results`);
    return verdict;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => !name.startsWith('.millpond/'))
    .sort();
}
