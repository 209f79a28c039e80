/** Names of options of the command. Pure. */

/** The options of the library, by those of the command. */
const OPTIONS = {
  budgetBytes: '--budget',
  spoolFolder: 'TMPDIR',
  maxSeconds: '--max-duration',
  maxOutputBytes: '--max-output',
  'its timeoutMs': 'its --job-timeout',
};

/** What the runtime advises in the names of its own options, in those of the command. */
export function withOptionNames(advice: string): string {
  return Object.entries(OPTIONS).reduce((text, [name, option]) => text.replaceAll(name, option), advice);
}

/** How the command calls what outputs are made with. */
export const OPTION_NAMES: ReadonlyMap<string, string> = new Map([
  ['to', '--to'],
  ['rate', '--rate'],
  ['channels', '--channels'],
  ['bits', '--bits'],
  ['bitrate', '--bitrate'],
  ['gainDb', '--gain'],
  ['fadeInSeconds', '--fade-in'],
  ['fadeOutSeconds', '--fade-out'],
  ['cover', '--cover'],
  ['coverSize', '--cover-size'],
]);
