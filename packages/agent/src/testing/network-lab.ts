import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolFailed, createToolRunner, type RunTool } from '../tool.ts';

const TOOLS = ['ip', 'wg', 'nft', 'conntrack', 'ping', 'iperf3', 'sysctl'];

/** Why this machine cannot run a network lab; undefined if it can. */
export async function whyNoNetworkLab(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root';
  const run = createToolRunner();
  for (const tool of TOOLS) {
    try {
      await run('sh', ['-c', 'command -v "$0"', tool]);
    } catch {
      return `needs ${tool}`;
    }
  }
  return undefined;
}

/** A process that the lab started and ends by its id. */
export interface RunningProcess {
  readonly child: ChildProcess;
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** One machine of the lab: a network namespace of its own. */
export interface Namespace {
  readonly name: string;
  /** The arguments that run a command in this namespace. */
  readonly enter: readonly string[];
  /** Runs a command to its end; throws ToolFailed if it fails. */
  readonly run: RunTool;
  /** True if the command ends with status 0. */
  succeeds(tool: string, args: readonly string[]): Promise<boolean>;
  /** Starts a command that keeps running; it ends with the lab at the latest. */
  start(tool: string, args: readonly string[]): RunningProcess;
}

export interface WireGuardInterface {
  readonly interfaceName: string;
  readonly publicKey: string;
  readonly privateKey: string;
  /** Removes the interface and ends the process that serves it. */
  remove(): Promise<void>;
}

export interface NetworkLab {
  namespace(label: string): Promise<Namespace>;
  /** Joins two namespaces by a cable; addresses in CIDR notation. */
  connect(one: LinkEnd, other: LinkEnd): Promise<void>;
  /** Makes a WireGuard interface: the kernel's if available, otherwise wireguard-go's. */
  wireGuard(namespace: Namespace, options: WireGuardOptions): Promise<WireGuardInterface>;
  /** An interface name unique on the machine: all namespaces share wireguard-go's sockets. */
  interfaceName(): string;
  destroy(): Promise<void>;
}

interface LinkEnd {
  readonly namespace: Namespace;
  readonly device: string;
  readonly addresses: readonly string[];
}

interface WireGuardOptions {
  readonly interfaceName?: string;
  readonly privateKey?: string;
  readonly listenPort?: number;
  readonly addresses: readonly string[];
  readonly mtu?: number;
}

/** Builds small networks of namespaces under unique names, and removes exactly what it built. */
export async function createNetworkLab(): Promise<NetworkLab> {
  const id = randomBytes(3).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'network-lab-'));
  const root = withItsWords(createToolRunner());
  const namespaces: string[] = [];
  const processes = new Set<RunningProcess>();
  let interfaces = 0;

  function start(enter: readonly string[], tool: string, args: readonly string[]): RunningProcess {
    const [file = tool, ...rest] = [...enter, tool, ...args];
    const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    child.stdin.on('error', () => undefined);
    const running: RunningProcess = {
      child,
      async stop(signal = 'SIGKILL') {
        processes.delete(running);
        child.kill(signal);
        await gone;
      },
    };
    processes.add(running);
    return running;
  }

  async function namespace(label: string): Promise<Namespace> {
    const name = `cv${id}-${label}`;
    await root('ip', ['netns', 'add', name]);
    namespaces.push(name);
    const enter = ['ip', 'netns', 'exec', name];
    const run = withItsWords(createToolRunner(enter));
    await run('ip', ['link', 'set', 'lo', 'up']);
    // Duplicate address detection blocks IPv6 for the first seconds of a cable.
    await run('sysctl', ['-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']);
    return {
      name,
      enter,
      run,
      async succeeds(tool, args) {
        try {
          await run(tool, args);
          return true;
        } catch (error) {
          if (error instanceof ToolFailed && error.exitCode !== undefined) return false;
          throw error;
        }
      },
      start: (tool, args) => start(enter, tool, args),
    };
  }

  async function connect(one: LinkEnd, other: LinkEnd): Promise<void> {
    await root('ip', [
      ...['link', 'add', one.device, 'netns', one.namespace.name, 'type', 'veth'],
      ...['peer', 'name', other.device, 'netns', other.namespace.name],
    ]);
    for (const end of [one, other]) await bringUp(end.namespace, end.device, end.addresses);
  }

  async function bringUp(where: Namespace, device: string, addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      await where.run('ip', ['address', 'add', address, 'dev', device]);
    }
    await where.run('ip', ['link', 'set', device, 'up']);
  }

  async function wireGuard(where: Namespace, options: WireGuardOptions): Promise<WireGuardInterface> {
    const interfaceName = options.interfaceName ?? nextInterfaceName();
    const privateKey = options.privateKey ?? (await root('wg', ['genkey'])).trim();
    const publicKey = (await root('wg', ['pubkey'], `${privateKey}\n`)).trim();
    let server: RunningProcess | undefined;
    if (!(await where.succeeds('ip', ['link', 'add', interfaceName, 'type', 'wireguard']))) {
      server = where.start('wireguard-go', ['--foreground', interfaceName]);
      await untilSucceeds(() => where.succeeds('wg', ['show', interfaceName, 'public-key']));
    }
    const keyFile = join(folder, interfaceName);
    await writeFile(keyFile, privateKey, { mode: 0o600 });
    const port = options.listenPort === undefined ? [] : ['listen-port', String(options.listenPort)];
    await where.run('wg', ['set', interfaceName, 'private-key', keyFile, ...port]);
    await where.run('ip', ['link', 'set', interfaceName, 'mtu', String(options.mtu ?? 1420)]);
    await bringUp(where, interfaceName, options.addresses);
    return {
      interfaceName,
      publicKey,
      privateKey,
      async remove() {
        await where.run('ip', ['link', 'delete', interfaceName]);
        await server?.stop('SIGTERM');
      },
    };
  }

  function nextInterfaceName(): string {
    return `cv${id}w${++interfaces}`;
  }

  return {
    namespace,
    connect,
    wireGuard,
    interfaceName: nextInterfaceName,
    async destroy() {
      for (const running of [...processes]) await running.stop('SIGTERM');
      for (const name of namespaces) await root('ip', ['netns', 'delete', name]);
      await rm(folder, { recursive: true });
    },
  };
}

/** A test has nothing to hide: a failure shows the tool's output. */
function withItsWords(runTool: RunTool): RunTool {
  return async (tool, args, input) => {
    try {
      return await runTool(tool, args, input);
    } catch (error) {
      if (error instanceof ToolFailed) error.message += ` (${args.join(' ')}): ${error.stderr}`;
      throw error;
    }
  };
}

async function untilSucceeds(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await check()) return;
    await sleep(25);
  }
  throw new Error('gave up waiting');
}
