/**
 * However `npm start` ends, it leaves nothing on the machine, and its data can be used again. Also its messages
 * when it cannot start.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { must, createCaller, asUser, type DeviceBody } from './harness/api-client.ts';
import {
  beginDemo,
  type Demo,
  type DemoFile,
  REPOSITORY,
  START_MS,
  startDemo,
  tracesLeft,
  tracesOf,
} from './harness/demo.ts';
import { mustRun, runProgram } from './harness/program.ts';
import { until } from './harness/until.ts';

// A start takes seconds, and many on a busy machine.
vi.setConfig({ testTimeout: 3 * START_MS, hookTimeout: 3 * START_MS });

const forwarding = () => readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');

let folder: string;
let forwardedBefore: string;
/** Demos to stop at the end, even after a failed test. */
const running: Demo[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-ends-'));
  forwardedBefore = await forwarding();
});

afterEach(async () => {
  for (const demo of running.splice(0)) if (demo.child.exitCode === null) await demo.stop();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function start(name: string, ...more: [command?: readonly string[], env?: Record<string, string>]) {
  const demo = await startDemo(join(folder, name), ...more);
  running.push(demo);
  return demo;
}

/** A process's children with their command lines. */
async function childrenOf(pid: number): Promise<{ pid: number; command: string }[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = text.trim().split(' ').filter(Boolean).map(Number);
  return Promise.all(
    pids.map(async (each) => ({
      pid: each,
      command: (await readFile(`/proc/${each}/cmdline`, 'utf8')).replaceAll('\0', ' '),
    })),
  );
}

/** The process of CVault below npm. */
async function cvaultBelow(npm: number): Promise<number> {
  const child = (await childrenOf(npm)).find(({ command }) => command.includes('scripts/start.mjs'));
  if (child === undefined) throw new Error('npm runs no CVault');
  return child.pid;
}

type End = (demo: Demo) => Promise<void> | void;
const send =
  (signal: NodeJS.Signals, to: 'npm' | 'CVault' | 'all'): End =>
  async ({ child }) => {
    const npm = child.pid!;
    process.kill(to === 'npm' ? npm : to === 'all' ? -npm : await cvaultBelow(npm), signal);
  };

describe('npm start leaves nothing', () => {
  test.each<[string, End]>([
    ['SIGTERM', send('SIGTERM', 'npm')],
    ['SIGINT', send('SIGINT', 'npm')],
    ['Ctrl-C, which a terminal sends to all of them', send('SIGINT', 'all')],
    ['SIGHUP', send('SIGHUP', 'npm')],
    ['kill -9 of npm, its parent', send('SIGKILL', 'npm')],
    ['kill -9 of CVault itself', send('SIGKILL', 'CVault')],
    ['kill -9 of all of them at once', send('SIGKILL', 'all')],
  ])('after %s', async (_what, end) => {
    const demo = await start('one');
    const dataDir = join(folder, 'one');
    expect(demo.vpnServer.kind).toBe('real');
    // Otherwise an empty list of traces would prove nothing.
    expect((await tracesOf(dataDir, demo)).length).toBeGreaterThan(8);
    await end(demo);
    await demo.ended;
    expect(await tracesLeft(dataDir, demo)).toEqual([]);
    expect(await forwarding()).toBe(forwardedBefore);
  });

  test('after its terminal is gone', async () => {
    // `script` is the terminal. Killing it closes the terminal, and the kernel sends the hang-up.
    const demo = await start('one', [
      'script',
      '--quiet',
      '--return',
      '--command',
      'exec npm start',
      '/dev/null',
    ]);
    demo.child.kill('SIGKILL');
    expect(await tracesLeft(join(folder, 'one'), demo)).toEqual([]);
  });

  test('when the process that clears up was killed too: the next start does it', async () => {
    const demo = await start('one');
    const dataDir = join(folder, 'one');
    const reaper = (await tracesOf(dataDir, demo)).find((trace) => trace.includes('reaper.js'));
    process.kill(Number(reaper?.split(' ')[0]), 'SIGKILL');
    await send('SIGKILL', 'all')(demo);
    await demo.ended;
    expect(await tracesOf(dataDir, demo)).not.toEqual([]);
    const next = await start('one');
    expect(await next.stop()).toBe(0);
    expect(await tracesLeft(dataDir, demo)).toEqual([]);
    expect(await forwarding()).toBe(forwardedBefore);
  });

  test('after an unused connection to its page', async () => {
    const demo = await start('one');
    const { hostname, port } = new URL(demo.vpnServer.echoUrl!);
    const idle = connect(Number(port), hostname);
    await once(idle, 'connect');
    idle.on('error', () => undefined);
    expect(await demo.stop()).toBe(0);
    expect(await tracesLeft(join(folder, 'one'), demo)).toEqual([]);
    idle.destroy();
  });

  test.each(['making a VPN server', 'starting PostgreSQL', 'migrating the database', 'linking'])(
    'after a signal in the middle of its start: %s',
    async (step) => {
      const dataDir = join(folder, 'one');
      const begun = beginDemo(dataDir);
      await until('it is at this step', () => Promise.resolve(begun.log().includes(step)), START_MS);
      begun.child.kill('SIGTERM');
      expect(await begun.ended, begun.log()).toBe(0);
      // The start went no further than that step.
      if (step !== 'linking') expect(begun.log()).not.toContain('linking');
      const vpnServer = await vpnServerOf(dataDir);
      expect(await tracesLeft(dataDir, { vpnServer })).toEqual([]);
      expect(await forwarding()).toBe(forwardedBefore);
    },
  );

  test('and what was registered before is there at the next start', async () => {
    const demo = await start('one');
    const { id } = await register(demo, 'kept');
    await send('SIGKILL', 'all')(demo);
    await demo.ended;
    // Immediately: this start has to wait for the last one's clean-up, or do it.
    const next = await start('one');
    const user = await userOf(next);
    const { devices } = await must(user<{ devices: DeviceBody[] }>('GET', '/api/v1/devices'));
    expect(devices.map((device) => [device.id, device.status])).toEqual([[id, 'active']]);
    expect(next.log()).not.toMatch(/building|installing/);
    expect(await next.stop()).toBe(0);
  });
});

const names = new Map<string, DemoFile['vpnServer']>();

/** The VPN server of the demo in this folder, whose names are the same in every start. */
async function vpnServerOf(dataDir: string): Promise<DemoFile['vpnServer']> {
  const known = names.get(dataDir);
  if (known !== undefined) return known;
  const demo = await startDemo(dataDir);
  names.set(dataDir, demo.vpnServer);
  await demo.stop();
  return demo.vpnServer;
}

async function userOf(demo: Demo) {
  const { accessToken } = await must(
    createCaller(demo.baseUrl, { 'x-api-key': demo.tenant.apiKey })<{ accessToken: string }>(
      'POST',
      '/api/v1/auth/login',
      demo.user,
    ),
  );
  return asUser(demo.baseUrl, demo.tenant.apiKey, accessToken);
}

async function register(demo: Demo, deviceName: string): Promise<DeviceBody> {
  const user = await userOf(demo);
  return must(user<DeviceBody>('POST', '/api/v1/devices', { deviceName }));
}

describe('SIGHUP', () => {
  test.each([
    ['nohup npm start', 'nohup npm start'],
    ['nohup node …/main.js', `nohup ${process.execPath} packages/api/dist/main.js`],
  ])('does not end %s', async (_what, line) => {
    // Like a shell. Without exec, so this shell is the first of the group.
    const demo = await start('nohup', ['bash', '-c', `${line}; exit $?`]);
    const [first] = await childrenOf(demo.child.pid!);
    process.kill(first!.pid, 'SIGHUP');
    // The demo checks twice a second whether npm is alive. If it still answers after 3 s, it stays.
    const since = Date.now();
    await until('it has had time to end', () => Promise.resolve(Date.now() - since > 3_000));
    expect((await fetch(`${demo.baseUrl}/health`)).status).toBe(200);
    const user = await userOf(demo);
    expect((await user('GET', '/api/v1/devices')).status).toBe(200);
    // Stops it properly.
    const { pid } = await holderOf(join(folder, 'nohup'));
    process.kill(pid, 'SIGTERM');
    expect(await tracesLeft(join(folder, 'nohup'), demo)).toEqual([]);
  });
});

async function holderOf(dataDir: string): Promise<{ pid: number }> {
  return JSON.parse(await readFile(join(dataDir, 'lock'), 'utf8')) as { pid: number };
}

const CLIENT = [process.execPath, join(REPOSITORY, 'scripts/demo-client.mjs')];

/** Registers a device, requests the page through its tunnel, and returns the answer. */
async function askThroughTunnel(demo: Demo, url: string, deviceName: string): Promise<string> {
  const file = join(folder, `${deviceName}.conf`);
  const { config } = await register(demo, deviceName);
  await writeFile(file, config, { mode: 0o600 });
  return mustRun([...CLIENT, file, '--', 'curl', '-sS', '--max-time', '20', url], { timeoutMs: 60_000 });
}

describe('two at once', () => {
  test('started together, they have separate addresses and do not affect each other', async () => {
    const [one, two] = await Promise.all([start('one'), start('two')]);
    expect(one.vpnServer.echoUrl).not.toBe(two.vpnServer.echoUrl);
    expect(one.baseUrl).not.toBe(two.baseUrl);
    expect(await askThroughTunnel(one, one.vpnServer.echoUrl!, 'one')).toMatch(/^you come from /);
    expect(await one.stop()).toBe(0);
    expect(await tracesLeft(join(folder, 'one'), one)).toEqual([]);
    // Without forwarding, or with the other demo's cable, no answer would return.
    expect(await askThroughTunnel(two, two.vpnServer.echoUrl!, 'two')).toMatch(/^you come from /);
    expect((await forwarding()).trim()).toBe('1');
    expect(await two.stop()).toBe(0);
    expect(await forwarding()).toBe(forwardedBefore);
  });

  test('in one data directory: the second reports it in one sentence and does not affect the first', async () => {
    const demo = await start('one');
    const second = beginDemo(join(folder, 'one'));
    expect(await second.ended).toBe(1);
    expect(second.log()).toMatch(/data directory .* is in use by process \d+.*CVAULT_DATA_DIR/);
    expect(second.log()).not.toMatch(/^\s+at /m);
    expect((await fetch(`${demo.baseUrl}/health`)).status).toBe(200);
    expect(await demo.stop()).toBe(0);
  });
});

test('of many concurrent starts in one data directory, one runs and the others say why not', async () => {
  const dataDir = join(folder, 'one');
  // Once more after a kill, when a dead process's lock is contested.
  const killed = await start('one');
  await send('SIGKILL', 'all')(killed);
  const begun = Array.from({ length: 4 }, () =>
    beginDemo(dataDir, [process.execPath, 'packages/api/dist/main.js']),
  );
  onTestFinished(async () => {
    for (const { child, ended } of begun) {
      child.kill('SIGTERM');
      await ended;
    }
  });
  const codes: (number | null)[] = [];
  for (const { ended } of begun) void ended.then((code) => codes.push(code));
  await until('all but one have ended', () => Promise.resolve(codes.length === 3), START_MS);
  const [winner, ...more] = begun.filter(({ child }) => child.exitCode === null);
  expect(more).toEqual([]);
  expect(codes).toEqual([1, 1, 1]);
  for (const each of begun) if (each !== winner) expect(each.log()).toContain('is in use by process');
  await until('it is ready', () => Promise.resolve(winner?.log().includes('CVault is ready')), START_MS);
  winner?.child.kill('SIGTERM');
  expect(await winner?.ended).toBe(0);
  expect(await tracesLeft(dataDir, killed)).toEqual([]);
});

describe('a taken resource', () => {
  async function listen(port: number, host: string): Promise<Server> {
    const server = createServer();
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  }

  test('a port: a sentence that mentions PORT=, and nothing is left', async () => {
    const server = await listen(0, '127.0.0.1');
    const { port } = server.address() as { port: number };
    const dataDir = join(folder, 'one');
    const begun = beginDemo(dataDir, undefined, { PORT: String(port) });
    expect(await begun.ended).toBe(1);
    expect(begun.log()).toMatch(new RegExp(`Port ${port} .* taken.*PORT=`));
    expect(begun.log()).not.toMatch(/^\s+at |EADDRINUSE/m);
    expect(await tracesLeft(dataDir, { vpnServer: await vpnServerOf(dataDir) })).toEqual([]);
    server.close();
  });

  test('its previous address: it uses another one, where devices reach it', async () => {
    const before = await start('one');
    expect(await before.stop()).toBe(0);
    const { hostname, port } = new URL(before.vpnServer.echoUrl!);
    await mustRun(['ip', 'address', 'add', `${hostname}/32`, 'dev', 'lo']);
    const server = await listen(Number(port), hostname);
    try {
      const demo = await start('one');
      expect(new URL(demo.vpnServer.echoUrl!).hostname).not.toBe(hostname);
      expect(await askThroughTunnel(demo, demo.vpnServer.echoUrl!, 'elsewhere')).toMatch(/^you come from /);
      expect(await demo.stop()).toBe(0);
    } finally {
      server.close();
      await mustRun(['ip', 'address', 'delete', `${hostname}/32`, 'dev', 'lo']);
    }
  });

  test('the port of its page on all addresses: it uses another one', async () => {
    const server = await listen(7777, '0.0.0.0');
    const demo = await start('one');
    expect(await askThroughTunnel(demo, demo.vpnServer.echoUrl!, 'other-port')).toMatch(/^you come from /);
    expect(await demo.stop()).toBe(0);
    server.close();
  });
});

describe('demo-client', () => {
  let demo: Demo;
  let file: string;
  let privateKey: string;

  beforeAll(async () => {
    demo = await startDemo(join(folder, 'clients'));
    others = await allCables();
    file = join(folder, 'client.conf');
    await mustRun([process.execPath, join(REPOSITORY, 'scripts/demo-device.mjs'), file], {
      env: { PATH: process.env['PATH'], CVAULT_DATA_DIR: join(folder, 'clients') },
    });
    privateKey = /^PrivateKey = (.*)$/m.exec(await readFile(file, 'utf8'))![1]!;
  }, START_MS);

  afterAll(async () => {
    await demo?.stop();
    await rm(file, { force: true });
  });

  const allCables = async () =>
    (await mustRun(['ip', '-o', 'link', 'show', 'type', 'veth']))
      .split('\n')
      .map((line) => /\bcvcable\d+/.exec(line)?.[0])
      .filter((name) => name !== undefined);
  let others: readonly string[];
  /** Cables that were added since; demos' cables existed before. */
  const cables = async () => (await allCables()).filter((name) => !others.includes(name));
  /** Small files newer than the configuration, wherever programs put temporary files. */
  const filesWithKey = async () =>
    (
      await runProgram(
        [
          ...['find', tmpdir(), '/run', '/var/tmp', '/dev/shm', '-xdev', '-type', 'f', '-size', '-64k'],
          ...[
            '-newer',
            join(folder, 'clients/demo.json'),
            '-exec',
            'grep',
            '-lsF',
            '--',
            privateKey,
            '{}',
            '+',
          ],
        ],
        { timeoutMs: 120_000 },
      )
    ).stdout
      .split('\n')
      .filter((path) => path !== '' && path !== file);
  const sleepers = async (marker: string) =>
    (await runProgram(['grep', '-lsF', marker, ...(await processFiles())])).stdout
      .split('\n')
      .filter(Boolean);
  const processFiles = async () =>
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((pid) => `/proc/${pid}/cmdline`);

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
    'leaves no process, namespace, interface or key after %s',
    async (signal) => {
      const marker = `3600.${signal.length}${Date.now()}`;
      const namespaces = await mustRun(['ip', 'netns', 'list']);
      const child = spawn(
        CLIENT[0]!,
        [CLIENT[1]!, file, '--', 'sh', '-c', `echo inside; exec sleep ${marker}`],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      onTestFinished(() => void child.kill('SIGKILL'));
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => (said += String(chunk)));
      await until('the tunnel is up', () => Promise.resolve(said.includes('inside')));
      expect(await cables()).toHaveLength(1);
      expect(await filesWithKey()).toEqual([]);
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      await until('its processes and its cable are gone', async () => {
        return (await sleepers(marker)).length === 0 && (await cables()).length === 0;
      });
      expect(await filesWithKey()).toEqual([]);
      expect(await mustRun(['ip', 'netns', 'list'])).toBe(namespaces);
    },
  );

  test('many at once: each has its own addresses', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        runProgram([...CLIENT, file, '--', 'ip', '-4', '-o', 'address', 'show', 'dev', 'uplink'], {
          timeoutMs: 60_000,
        }),
      ),
    );
    for (const { status, stderr } of answers) expect(status, stderr).toBe(0);
    expect(new Set(answers.map(({ stdout }) => /inet (\S+)/.exec(stdout)?.[1])).size).toBe(4);
    expect(await cables()).toEqual([]);
  });

  test('IPv6 goes through the tunnel, too', async () => {
    const answer = await mustRun([...CLIENT, file, '--', 'curl', '-sS', demo.vpnServer.echoUrl6!], {
      timeoutMs: 60_000,
    });
    expect(answer).toMatch(/^you come from 2001:db8:/);
  });
});
