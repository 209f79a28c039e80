import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  type ChoiceOptions,
  choiceOf,
  withChoiceOptions,
  withExistingOptions,
} from '../../src/cli/choice.ts';
import { refuseInPipeline } from '../../src/cli/pipeline.ts';

/** What is made of a command line. */
function read(...args: string[]) {
  const command = withExistingOptions(withChoiceOptions(new Command('x')))
    .argument('[files...]')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(() => {});
  command.parse(args, { from: 'user' });
  return {
    options: command.opts<ChoiceOptions>(),
    choice: () => choiceOf(command, command.args, command.opts()),
  };
}

describe('of a command line', () => {
  it.each([
    [[], 'replace'],
    [['--skip-existing'], 'skip'],
    [['--newer'], 'newer'],
    [['--no-overwrite'], 'refuse'],
  ] as const)('%j says what becomes of outputs that exist', (args, existing) => {
    expect(read('a.wav', ...args).choice()).toMatchObject({ existing, dryRun: false });
  });

  it.each([
    '{a,b}'.repeat(10),
    '{1..1001}.wav',
    '{a..z}{a..z}',
    '{{a,b,c},{1..500}}',
  ])('a pattern whose braces would be written out without end is refused: %s', (pattern) => {
    expect(() => read('in', '--include', pattern)).toThrow(
      /come to 1000 alternatives at most.*several times/,
    );
  });

  it('a pattern has as many braces as people write', () => {
    const patterns = ['*.{wav,flac,mp3}', '{1..999}.wav', '{a,b}'.repeat(9), '[{]x,y', '{a..c}*'];
    const { options } = read('in', ...patterns.flatMap((pattern) => ['--exclude', pattern]));
    expect(options.exclude).toEqual(patterns);
  });

  it('several lists are read, with or without arguments', () => {
    const choice = read('--files-from', 'a', '--files-from', '-', '-0', '--dry-run').choice();
    expect(choice).toMatchObject({ lists: ['a', '-'], separator: 'nul', dryRun: true });
  });

  it.each([
    [['x', '--skip-existing', '--newer'], /^Of --skip-existing, --newer and --no-overwrite one says /],
    [['x', '--newer', '--no-overwrite'], /^Of --skip-existing/],
    [['x', '-0'], /^--null: .*--files-from\.$/],
    [['-', '--files-from', '-'], /^stdin is read once/],
    [['--files-from', '-', '--files-from', '-'], /^stdin is read once/],
    [['--dry-run'], /missing required argument 'files or folders', or a list of them by --files-from/],
  ])('%j is refused', (args, message) => {
    expect(() => read(...args).choice()).toThrow(message);
  });

  it.each([
    ['--files-from', 'list'],
    ['--base', 'x'],
    ['--dry-run'],
    ['--skip-existing'],
    ['--newer'],
    ['--no-overwrite'],
  ])('%s has no place in a pipeline', (...args) => {
    expect(() => refuseInPipeline(read(...args).options)).toThrow(new RegExp(`^${args[0]}: .*--out -`));
  });
});
