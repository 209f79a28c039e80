/**
 * The engine fingerprint: hosts that share it make the same bytes of the same file with the same settings. A
 * digest of versions and of a test, whose answer is kept between runs in a folder of the user's own. Asks the
 * file system; holds nothing.
 */
import { execFile } from 'node:child_process';
import { closeSync, lstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { EngineTest } from '../audio/engine-test.ts';
import { MillpondError } from '../errors.ts';
import { writeWhole } from '../files/whole-file.ts';
import { execArgvFor } from '../isolation/exec-argv.ts';
import { escaped, shortened } from '../text/escaping.ts';
import { packageVersion } from '../version.ts';

/** What was found out before, and about what. */
interface Kept {
  readonly about: string;
  readonly fingerprint: string;
}

const FINGERPRINT = /^[0-9a-f]{64}$/;
/** Of a file that was made here: some hundred bytes, of CPUs with many features some thousand. */
const MOST_KEPT_BYTES = 65_536;

/**
 * What an earlier run found out, if nothing is another since, neither versions nor FFmpeg's binary nor the
 * CPU: it is the read of one small file. Else it is tested, in a process of its own, which takes half a
 * second or so.
 * @param folder of the user's own, which keeps it; null for none
 * @throws MillpondError `ERR_WORKER_BOOTSTRAP` where FFmpeg does not run here
 */
export async function engineFingerprint(folder: string | null): Promise<string> {
  const about = engineHere();
  if (folder === null || about === null) return fingerprintOf(await testApart());
  const path = join(folder, `${crc32(about).toString(16).padStart(8, '0')}.json`);
  const known = readKept(path, about);
  if (known !== null) return known;
  const fingerprint = await fingerprintOf(await testApart());
  const kept: Kept = { about, fingerprint };
  try {
    writeWhole(path, `${JSON.stringify(kept)}\n`);
  } catch {
    // The next run tests again.
  }
  return fingerprint;
}

function readKept(path: string, about: string): string | null {
  try {
    if (lstatSync(path).size > MOST_KEPT_BYTES) return null;
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept;
    return kept.about === about && FINGERPRINT.test(kept.fingerprint) ? kept.fingerprint : null;
  } catch {
    return null;
  }
}

async function testApart(): Promise<EngineTest> {
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const program = new URL(`../../workers/engine${extension}`, import.meta.url);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...execArgvFor(extension),
      fileURLToPath(program),
    ]);
    return JSON.parse(stdout);
  } catch (cause) {
    throw new MillpondError(
      'ERR_WORKER_BOOTSTRAP',
      `Work with audio needs FFmpeg, which is tested once on each machine; the test ended with: ${shortened(escaped((cause as Error).message), 1000)}. Check the installation; docs/platforms.md says what it needs.`,
      { cause },
    );
  }
}

async function fingerprintOf({ libraries, results }: EngineTest): Promise<string> {
  // It takes 5 ms to load, and is seldom needed.
  const { createHash } = await import('node:crypto');
  const { platform, arch } = process;
  const parts = ['millpond.engine/1', packageVersion(), platform, arch, libraries, results];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** All that a test's answer depends on; null where FFmpeg's binary is not found, which may be any then. */
function engineHere(): string | null {
  const { platform, arch, versions } = process;
  try {
    const name = `@seydx/node-av-${platform}-${arch}${platform === 'win32' ? '-msvc' : ''}`;
    const binary = createRequire(import.meta.url).resolve(name);
    const { size, mtimeNs } = statSync(binary, { bigint: true });
    // The kernels are JavaScript, so what V8 makes of them counts, too.
    return JSON.stringify([packageVersion(), versions.v8, binary, `${size}`, `${mtimeNs}`, cpuFeatures()]);
  } catch {
    return null;
  }
}

/** Of one core: its whole paragraph on Linux, but for what changes all the time. */
function cpuFeatures(): string {
  let text: string;
  try {
    const fd = openSync('/proc/cpuinfo', 'r');
    try {
      const head = Buffer.alloc(8192);
      text = head.toString('latin1', 0, readSync(fd, head));
    } finally {
      closeSync(fd);
    }
  } catch {
    return cpus()[0]?.model ?? '';
  }
  const lines = text.split('\n\n')[0].split('\n');
  return lines
    .filter((line) => /^(vendor_id|cpu family|model|stepping|flags|Features|CPU )/.test(line))
    .join();
}
