/** What `millpond serve` is told, and what it says of what does not do. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { childrenOf } from '../crash/processes.ts';
import { millpond, scratch, start } from './millpond.ts';

const at = scratch();
const SECRET = 'radio-0123456789abcdef';

interface Setting {
  value: unknown;
  from: string;
}

/** What `--print-config` says of some options. */
async function config(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Record<string, Setting>> {
  const { code, stdout, stderr } = await start(['serve', '--print-config', ...args], env).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

it('is taken from the command line, the environment and a file, in this order', async () => {
  const file = at('config.json');
  writeFileSync(file, JSON.stringify({ port: 1, threads: 1, budget: '201MiB', drain: 1.5 }));
  const env = { MILLPOND_CONFIG: file, MILLPOND_PORT: '2', MILLPOND_THREADS: '2' };
  const { port, threads, budget, drain, host, keep } = await config(['--port', '3'], env);
  expect({ port, threads, budget, drain, host, keep }).toEqual({
    port: { value: 3, from: 'command line' },
    threads: { value: 2, from: 'environment' },
    budget: { value: '201MiB', from: 'file' },
    drain: { value: 1.5, from: 'file' },
    host: { value: '127.0.0.1', from: 'default' },
    keep: { value: 900, from: 'default' },
  });
});

it('is printed so that it can be given again', async () => {
  const first = await config(['--threads', '2', '--trust-proxy', '10.0.0.0/8, ::1', '--max-body', '3k']);
  const values = Object.entries(first).filter(([, { value }]) => value !== null);
  writeFileSync(at('again.json'), JSON.stringify(Object.fromEntries(values.map(([k, v]) => [k, v.value]))));
  const second = await config(['--config', at('again.json')]);
  const plain = (all: Record<string, Setting>) =>
    Object.entries(all).map(([name, { value }]) => [name, value]);
  expect(plain(second)).toEqual(plain(first));
  expect(plain(first)).toContainEqual(['max-requests', 1000]);
  expect(plain(first)).toContainEqual(['budget', '148MiB']);
});

it.each<[string[], NodeJS.ProcessEnv, RegExp]>([
  [['--port', '70000'], {}, /^millpond: --port 70000: a port is a whole number from 0 to 65535\. Write/],
  [[], { MILLPOND_THREADS: 'many' }, /^millpond: MILLPOND_THREADS many: the number of threads is .* Write/],
  [[], { MILLPOND_BUDGET: '10k' }, /^millpond: MILLPOND_BUDGET 10k: A service has .*, got 10 KiB\. Raise it/],
  [[], { MILLPOND_TOKEN_FILE: 'none' }, /^millpond: MILLPOND_TOKEN_FILE none: ENOENT.* Name another one\./],
  [[], { MILLPOND_CONFIG: 'none' }, /^millpond: MILLPOND_CONFIG none: it is a file of JSON: ENOENT/],
  // What the command line has is not looked for in the environment.
  [['--port', 'x'], { MILLPOND_PORT: 'y' }, /^millpond: --port x: a port/],
  [['--budget', '10k'], {}, /^millpond: --budget 10k: A service has .*, got 10 KiB\. Raise it/],
  [['--work-dir-size', '0'], {}, /^millpond: --work-dir-size 0: it is 1MiB at least\. Write/],
  [['--max-body', '0'], {}, /^millpond: --max-body 0: it is 1 at least\. Write/],
  [['--min-rate', '2GiB'], {}, /^millpond: --min-rate 2GiB: it is 1GiB a second at most\. Write/],
  [['--watching', 'all'], {}, /^millpond: --watching all: who may ask is one of open, token\./],
  [['--trust-proxy', '10.0.0.0/8,proxy'], {}, /^millpond: --trust-proxy 10.*: a proxy is an address.* Write/],
  [['--token-file', 'none'], {}, /^millpond: --token-file none: ENOENT.* Name another one\./],
  [['--config', 'none'], {}, /^millpond: --config none: it is a file of JSON: ENOENT/],
  [['--host', ''], {}, /^millpond: --host '': an address has a name or a number\. Write/],
  [['--host', '192.0.2.1'], {}, /^millpond: .* got 192\.0\.2\.1 port 8080: EADDRNOTAVAIL\. Write another/],
  [['--prot', '1'], {}, /unknown option '--prot'\n\(Did you mean --port\?\)/],
])('%j with %j in the environment ends with 2 and says what would do', async (args, env, message) => {
  const { code, stdout, stderr } = await start(['serve', ...args], env).ended;
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

it.each([
  ['{ "prot": 1 }', /: it has "prot", which is no option\. Did you mean port\?/],
  ['[1]', /: it is an object\. Write for example/],
  ['{', /: it is a file of JSON: /],
  ['{ "port": "x" }', /--port x: a port is a whole number/],
])('of a file that holds %s what is wrong is said', async (text, message) => {
  writeFileSync(at('wrong.json'), text);
  const { code, stderr } = await millpond('serve', '--config', at('wrong.json'));
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

it.each([
  ['radio', /: line 1 is a name, a token and perhaps a weight\. Write/],
  ['radio short-secret', /: the token of client radio has 16 to 4096 characters of ASCII.* Change its line/],
  [`radio ${SECRET} much`, /: the weight of client radio is over 0 and 1000 at most, got NaN\./],
  [`a ${SECRET}\nb ${SECRET}`, /: the token of client b is its own, got that of another\./],
  [`a/b ${SECRET}`, /: a client has a name of its own, of letters/],
  ['# none\n', /: it has a line for each client\. Write one, or leave the option out\./],
])('of tokens that stand in %j what is wrong is said, without them', async (text, message) => {
  writeFileSync(at('wrong-tokens'), text);
  const { code, stderr } = await millpond('serve', '--token-file', at('wrong-tokens'));
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/short-secret|0123456789/);
  expect(code).toBe(2);
});

it('says which port is taken, and leaves no process', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { child, ended } = start(['serve', '--port', `${port}`, '--threads', '1']);
  const { code, stderr } = await ended;
  taken.close();
  expect(stderr).toMatch(new RegExp(`got 127\\.0\\.0\\.1 port ${port}: EADDRINUSE\\. Write another --port`));
  expect({ code, children: childrenOf(child.pid as number) }).toEqual({ code: 2, children: [] });
});
