/**
 * Options that are taken from the environment where the command line has none, under names of their own,
 * which are said of values that do not do.
 */
import type { Command, Option } from 'commander';
import { isMillpondError, MillpondError } from '../errors.ts';

/** For the help alone, once they are added: Commander would read them, and call them by their options. */
export function showEnvironment(options: readonly Option[]): void {
  for (const one of options) one.env(environmentName(one));
}

function environmentName(option: Option): string {
  return `MILLPOND_${option.name().replaceAll('-', '_').toUpperCase()}`;
}

/** How a value is called that does not do: as it was given. */
export function givenName(command: Command, option: Option): string {
  const fromEnvironment = command.getOptionValueSource(option.attributeName()) === 'env';
  return fromEnvironment ? environmentName(option) : `--${option.name()}`;
}

/** @throws what `read` throws, under the name by which the option was given */
export function named<Value>(name: string, option: Option, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const own = `--${option.name()} `;
    if (!isMillpondError(error) || !error.message.startsWith(own)) throw error;
    throw new MillpondError(error.code, `${name} ${error.message.slice(own.length)}`, { cause: error });
  }
}

/** Where the command line has none. */
export function readEnvironment(command: Command, options: readonly Option[]): void {
  for (const option of options) {
    const name = environmentName(option);
    const text = process.env[name];
    const key = option.attributeName();
    const isGiven = ![undefined, 'default'].includes(command.getOptionValueSource(key));
    if (text === undefined || isGiven) continue;
    const value = named(name, option, () => option.parseArg?.(text, undefined as never) ?? text);
    command.setOptionValueWithSource(key, value, 'env');
  }
}
