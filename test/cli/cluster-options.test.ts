import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BrokerOptions, withBrokerOptions } from '../../src/cli/cluster-options.ts';

afterEach(() => vi.unstubAllEnvs());

async function read(...args: string[]): Promise<BrokerOptions | undefined> {
  let options: BrokerOptions | undefined;
  const command = withBrokerOptions(new Command()).action((given) => {
    options = given;
  });
  await command.parseAsync(args, { from: 'user' });
  return options;
}

describe('a broker is named', () => {
  it('by the command line, else by the environment, else it is on this machine', async () => {
    expect(await read()).toEqual({ broker: 'redis://127.0.0.1:6379', prefix: 'millpond' });
    vi.stubEnv('MILLPOND_BROKER', 'rediss://queue');
    vi.stubEnv('MILLPOND_PREFIX', 'mine');
    expect(await read()).toEqual({ broker: 'rediss://queue', prefix: 'mine' });
    expect(await read('--broker', 'redis://other')).toEqual({ broker: 'redis://other', prefix: 'mine' });
  });

  it.each([
    'http://me:secret@queue',
    'redis://me:sec/ret@queue',
    'secret@queue',
    '',
  ])('and %j does not do: the message has the name it was given by, and no password', async (url) => {
    const code = 'ERR_INVALID_ARGUMENT';
    const message = (name: string) => expect.stringMatching(new RegExp(`^${name} (?!.*secret|.*sec/ret@)`));
    await expect(read('--broker', url)).rejects.toMatchObject({ code, message: message('--broker') });
    vi.stubEnv('MILLPOND_BROKER', url);
    await expect(read()).rejects.toMatchObject({ code, message: message('MILLPOND_BROKER') });
  });
});
