/**
 * A share over a network that is one: a folder of this machine, served by NFS-Ganesha (Debian's nfs-ganesha,
 * nfs-ganesha-vfs), and machines that mount it with Linux' own client. They are kernels in user mode
 * (Debian's user-mode-linux) which see this machine's files, read-only. Owns the server, what stands before
 * it, and one network interface for each machine; only root may have these.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AnswerLoser } from './answers.ts';

const KERNEL = '/usr/bin/linux.uml';
const SERVER = '/usr/bin/ganesha.nfsd';
const MODULE = '/usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so';
const INIT = fileURLToPath(new URL('machine-init.sh', import.meta.url));
const MEMORY = '1G';
const LOOK_MS = 50;
const STARTS_MS = 20_000;

/** Null where it can be had; else why not. */
export function whyNoNfs(): string | null {
  if (process.getuid?.() !== 0) return 'only root can make network interfaces';
  const missing = [KERNEL, SERVER, MODULE, '/bin/busybox'].filter((path) => !existsSync(path));
  if (missing.length === 0) return null;
  const packages = 'user-mode-linux nfs-ganesha nfs-ganesha-vfs busybox-static iproute2';
  return `there is no ${missing.join(', ')}: apt-get install ${packages}`;
}

export class NfsNetwork implements AsyncDisposable {
  readonly #share: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millpond-nfs-'));
  readonly #network = `10.${64 + (process.pid % 64)}.${process.pid % 251}`;
  readonly #machines: string[] = [];
  #server: ChildProcess | null = null;
  #port = 0;
  #answers!: AnswerLoser;
  #seenPort = 0;

  private constructor(share: string) {
    this.#share = share;
  }

  /** @param share the folder that is served; machines have it at the same path */
  static async start(share: string, machines: number): Promise<NfsNetwork> {
    const network = new NfsNetwork(share);
    try {
      // What machines have in memory is a file for this one.
      mkdirSync(network.#memory);
      execFileSync('mount', ['-t', 'tmpfs', 'memory', network.#memory]);
      for (let machine = 0; machine < machines; machine++) network.#addInterface(machine);
      network.#port = await freePort();
      await network.#serve();
      network.#answers = new AnswerLoser(network.#port);
      network.#seenPort = await network.#answers.listen();
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of this machine, for the others. */
  get address(): string {
    return `${this.#network}.1`;
  }

  get env(): NodeJS.ProcessEnv {
    return { TMPDIR: this.#memory, HOME: this.#folder };
  }

  /** Starts a machine that runs a program of Node with what follows; it ends when the program does. */
  command(machine: number, program: string): readonly string[] {
    const given = {
      ADDRESS: `${this.#network}.${4 * machine + 2}`,
      GATEWAY: `${this.#network}.${4 * machine + 1}`,
      MACHINE: `machine-${machine}`,
      SERVER: this.address,
      PORT: this.#seenPort,
      SHARE: this.#share,
      NODE: process.execPath,
      PROGRAM: program,
    };
    const kernel = [`mem=${MEMORY}`, 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${INIT}`, 'quiet'];
    const devices = [`eth0=tuntap,${this.#machines[machine]}`, 'con=null', 'con0=fd:0,fd:2', 'con1=null'];
    const words = Object.entries(given).map(([name, value]) => `${name}=${value}`);
    return [KERNEL, ...kernel, ...devices, ...words, '--'];
  }

  /** The server is killed, and comes again after a while. */
  async killServer(ms: number): Promise<void> {
    await this.#end();
    await pass(ms);
    await this.#serve();
  }

  async stopServer(ms: number): Promise<void> {
    this.#server?.kill('SIGSTOP');
    await pass(ms);
    this.#server?.kill('SIGCONT');
  }

  cutConnections(): void {
    this.#answers.cut();
  }

  /**
   * The server does what it is asked, and is killed before it can say so; it knows nothing of it afterwards.
   * False where nobody asked for it in time.
   */
  async loseAnswer(change: 'link' | 'rename', ms: number): Promise<boolean> {
    const lost = this.#answers.lose(change, () => this.#server?.kill('SIGKILL'));
    const isLost = await Promise.race([lost.then(() => true), pass(ms, false)]);
    if (isLost) await this.killServer(0);
    else this.#answers.forgive();
    return isLost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#answers?.[Symbol.asyncDispose]();
    await this.#end();
    for (const name of this.#machines) execFileSync('ip', ['link', 'delete', name]);
    execFileSync('umount', ['-l', this.#memory]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #memory(): string {
    return join(this.#folder, 'memory');
  }

  #addInterface(machine: number): void {
    const name = `mill${process.pid}-${machine}`.slice(0, 15);
    execFileSync('ip', ['tuntap', 'add', 'dev', name, 'mode', 'tap']);
    this.#machines.push(name);
    execFileSync('ip', ['address', 'add', `${this.#network}.${4 * machine + 1}/30`, 'dev', name]);
    execFileSync('ip', ['link', 'set', name, 'up']);
  }

  async #serve(): Promise<void> {
    const options = join(this.#folder, 'ganesha.conf');
    writeFileSync(options, serverOptions(this.#folder, this.#share, this.#port));
    const log = join(this.#folder, 'ganesha.log');
    const args = ['-F', '-L', log, '-f', options, '-p', join(this.#folder, 'ganesha.pid')];
    this.#server = spawn(SERVER, args, { stdio: 'ignore' });
    const deadline = performance.now() + STARTS_MS;
    while (!(await answers(this.#port))) {
      if (performance.now() > deadline) throw new Error(`the NFS server does not start: ${log}`);
      await pass(LOOK_MS);
    }
  }

  async #end(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

/** The folder is also used from this machine: so the server remembers nothing of it. */
function serverOptions(folder: string, share: string, port: number): string {
  return `
NFS_CORE_PARAM { NFS_Port = ${port}; Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
NFSV4 { Grace_Period = 5; Lease_Lifetime = 4; RecoveryBackend = fs; RecoveryRoot = ${folder}; Minor_Versions = 1; }
MDCACHE { Dir_Chunk = 0; }
EXPORT {
  Attr_Expiration_Time = 0;
  Export_Id = 1; Path = ${share}; Pseudo = /share; Filesystem_id = 1.1;
  Access_Type = RW; Squash = No_Root_Squash; SecType = sys; Protocols = 4; Transports = TCP;
  FSAL { Name = VFS; }
}
`;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  const isThere = await promise;
  socket.destroy();
  return isThere;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
