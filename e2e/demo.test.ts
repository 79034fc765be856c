/**
 * A developer's first steps: `npm start`, then the exact commands of README.md. Also without root, and at a second
 * start.
 */
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asUser, createCaller, must } from './harness/api-client.ts';
import {
  type Demo,
  type DemoFile,
  NPM_START,
  REPOSITORY,
  START_MS,
  startDemo as start,
} from './harness/demo.ts';
import { runProgram } from './harness/program.ts';

/** As a non-root process that still owns the files, so the repository need not be readable for everybody. */
const NOT_ROOT = [
  'unshare',
  '--user',
  '--map-user=1000',
  '--map-group=1000',
  process.execPath,
  'packages/api/dist/main.js',
];

async function signIn(demo: DemoFile): Promise<string> {
  const { accessToken } = await must(
    createCaller(demo.baseUrl, { 'x-api-key': demo.tenant.apiKey })<{ accessToken: string }>(
      'POST',
      '/api/v1/auth/login',
      demo.user,
    ),
  );
  return accessToken;
}

/** The shell commands of README's section «Try it», without `npm start`. */
async function readmeLines(): Promise<string> {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
  const section = /^## Try it$(.*?)^## /ms.exec(readme)?.[1] ?? '';
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
  expect(blocks[0]).toBe('npm start\n');
  return blocks.slice(1).join('');
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-demo-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('npm start, as root', () => {
  let demo: Demo;

  beforeAll(async () => {
    demo = await start(join(folder, '.cvault'), NPM_START);
  }, START_MS);

  test('the VPN server is real, and the credentials are the owner’s alone', async () => {
    expect(demo.vpnServer.kind).toBe('real');
    expect(demo.tenant.name).toBe('Test Company Inc');
    expect(demo.user.email).toBe('test@example.com');
    expect((await stat(join(folder, '.cvault/demo.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, '.cvault'))).mode & 0o777).toBe(0o700);
    for (const secret of [demo.adminKey, demo.tenant.apiKey, demo.user.password]) {
      expect(demo.log().includes(secret)).toBe(false);
    }
  });

  test('README’s exact commands show packets that come from the VPN server', async () => {
    await symlink(join(REPOSITORY, 'scripts'), join(folder, 'scripts'));
    const { status, stdout, stderr } = await runProgram(
      ['bash', '-c', `cd "$0" && set -eu\n${await readmeLines()}`, folder],
      { timeoutMs: 60_000 },
    );
    expect(status, stderr).toBe(0);
    const [, endpoint] = /^Endpoint = (.*):51820$/m.exec(stdout) ?? [];
    expect(stdout).toMatch(/^Address = 10\.8\.0\.2\/32, fd[0-9a-f:]+::a08:2\/128$/m);
    expect(stdout).toMatch(/^AllowedIPs = 0\.0\.0\.0\/0, ::\/0$/m);
    expect(stdout).toContain(`you come from ${endpoint ?? ''}\n`);
  });

  test('a second start keeps the data and the credentials', async () => {
    const before = demo;
    const user = asUser(before.baseUrl, before.tenant.apiKey, await signIn(before));
    const { devices } = await must(user<{ devices: { id: string }[] }>('GET', '/api/v1/devices'));
    expect(devices).toHaveLength(1);
    expect(await before.stop()).toBe(0);
    demo = await start(join(folder, '.cvault'), NPM_START);
    expect(demo.tenant).toEqual(before.tenant);
    expect(demo.user).toEqual(before.user);
    const again = asUser(demo.baseUrl, demo.tenant.apiKey, await signIn(demo));
    const kept = await must(again<{ devices: { id: string; status: string }[] }>('GET', '/api/v1/devices'));
    expect(kept.devices.map(({ id, status }) => [id, status])).toEqual([[devices[0]?.id, 'active']]);
  });

  test('it removes everything again', async () => {
    const { netns } = demo.vpnServer;
    expect(await demo.stop()).toBe(0);
    expect((await runProgram(['ip', 'netns', 'list'])).stdout).not.toContain(netns);
    await expect(readFile(join(folder, '.cvault/demo.json'))).rejects.toThrow();
  });
});

test('without root the VPN server is simulated, and the demo says so; the API is complete', async () => {
  const dataDir = join(folder, 'not-root');
  await mkdir(dataDir);
  const demo = await start(dataDir, NOT_ROOT);
  try {
    expect(demo.vpnServer.kind).toBe('simulated');
    expect(demo.log()).toContain('THE VPN SERVER IS SIMULATED');
    const user = asUser(demo.baseUrl, demo.tenant.apiKey, await signIn(demo));
    const { status, body } = await user('POST', '/api/v1/devices', { deviceName: 'phone' });
    expect([status, body['status']]).toEqual([201, 'active']);
  } finally {
    expect(await demo.stop()).toBe(0);
  }
});
