/** Machines that cannot become a VPN server, or not yet: one clear message, and nothing left half running. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderInstallation } from '../packages/api/src/fleet/install/index.ts';
import { readAgentBundle } from './harness/agent-bundle.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './harness/internet.ts';
import { offerPackages } from './harness/package-archive.ts';
import { startTestHost, type TestHost } from './harness/test-host.ts';
import { until } from './harness/until.ts';
import { processIds, runScriptOverSsh } from './harness/vpn-server.ts';

const SERVER_ID = '0b6f4f3e-6c1d-4c6e-9a57-2f0e1c5b8d11';

/** Nobody has the private half: no agent on these machines is ever contacted. */
const CONTROL_KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`;

/** Starts, but does not work. */
const BROKEN_AGENT = `process.exit(process.argv.includes('--version') ? 0 : 1);`;

let internet: Internet;
let network: VpnServerNetwork;
let host: TestHost;
let agentBundle: string;

beforeAll(async () => {
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  agentBundle = await readAgentBundle();
  host = await startTestHost({
    namespace: network.namespace,
    init: 'systemd',
    address: network.managementAddress,
  });
});

afterAll(async () => {
  await host?.stop();
  await internet?.destroy();
});

function script(changes: { agentBundle?: string; listenPort?: number } = {}): string {
  return renderInstallation({
    serverId: SERVER_ID,
    interfacePublicKey: null,
    replaceKey: false,
    interfaceName: 'wg0',
    listenPort: 51820,
    gatewayAddresses: ['10.8.0.1/24'],
    controlPublicKey: CONTROL_KEY,
    agentBundle,
    version: '0.1.0',
    ...changes,
  });
}

/** Runs the installation, which must fail with this message and leave nothing running. */
async function expectRefusal(what: RegExp, text = script()): Promise<string> {
  const { status, stdout, stderr } = await runScriptOverSsh(host, network.managementAddress, text);
  expect(stderr).toMatch(what);
  expect(stderr).toMatch(/ {2}why: \S/);
  expect(stderr).toMatch(/ {2}what to do: \S/);
  expect(stderr.match(/FAILED/g)).toHaveLength(1);
  expect(stdout).toBe('');
  expect(status).toBe(1);
  expect(await processIds(host, 'agent.mjs')).toEqual([]);
  expect(await processIds(host, 'wireguard-go')).toEqual([]);
  return stderr;
}

/** Changes the machine during a test. */
async function withChange(change: string, undo: string, body: () => Promise<unknown>): Promise<void> {
  await host.must(['sh', '-c', change]);
  try {
    await body();
  } finally {
    await host.must(['sh', '-c', undo]);
  }
}

async function expectUntouched(): Promise<void> {
  expect((await host.run(['test', '-e', '/usr/lib/cvault'])).status).toBe(1);
  expect((await host.run(['test', '-e', '/var/lib/cvault'])).status).toBe(1);
}

describe('refused before anything is changed', () => {
  test('a user who is not root', async () => {
    const { status, stderr } = await host.run(
      ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', 'sh', '-s'],
      { input: script() },
    );
    expect(stderr).toMatch(/FAILED: this is not root/);
    expect(status).toBe(1);
    await expectUntouched();
  });

  test.each(['11.9', '9.13', 'kali-rolling', ''])('Debian version %j', async (version) => {
    await withChange(
      `cp /etc/debian_version /root/version; printf '%s' '${version}' >/etc/debian_version`,
      'cp /root/version /etc/debian_version',
      () => expectRefusal(/FAILED: this system is not supported/),
    );
    await expectUntouched();
  });

  test('a foreign user with the same name', async () => {
    await withChange('useradd --create-home cvault', 'userdel cvault', () =>
      expectRefusal(/FAILED: a user named cvault exists already/),
    );
    await expectUntouched();
  });

  test('a foreign interface with the same name', async () => {
    await withChange('ip link add wg0 type veth peer name other', 'ip link del wg0', () =>
      expectRefusal(/FAILED: the interface wg0 exists already/),
    );
    await expectUntouched();
  });

  test('unavailable packages', async () => {
    await offerPackages(host, []);
    await withChange('mv /usr/sbin/conntrack /root/', 'mv /root/conntrack /usr/sbin/', async () => {
      const text = await expectRefusal(
        /FAILED: these packages were installed, but their programs are missing: conntrack/,
      );
      expect(text).toContain('packages to install: conntrack');
    });
    await withChange(
      'echo "deb file:/nowhere ./" >/etc/apt/sources.list; mv /usr/sbin/conntrack /root/',
      'mv /root/conntrack /usr/sbin/',
      () => expectRefusal(/FAILED: the package lists could not be read/),
    );
    await expectUntouched();
  });

  test('a truncated script', async () => {
    const text = script();
    const { stdout } = await runScriptOverSsh(host, network.managementAddress, text.slice(0, -200));
    expect(stdout).toBe('');
    await expectUntouched();
  });
});

describe('undone', () => {
  test('a taken UDP port', async () => {
    const holder = `require('dgram').createSocket('udp4').bind(51820)`;
    await withChange(
      `systemd-run --quiet --unit=port-holder /usr/bin/node -e "${holder}"; sleep 1`,
      'systemctl stop port-holder',
      () => expectRefusal(/FAILED: the interface wg0 does not come up/),
    );
    expect((await host.run(['ip', 'link', 'show', 'dev', 'wg0'])).status).toBe(1);
    await expectUntouched();
  });

  test('an agent that does not start', async () => {
    await expectRefusal(/FAILED: the agent does not answer/, script({ agentBundle: BROKEN_AGENT }));
    expect((await host.run(['ip', 'link', 'show', 'dev', 'wg0'])).status).toBe(1);
    await expectUntouched();
  });

  test.each([
    ['AllowUsers root', /FAILED: sshd does not let user cvault in/],
    ['AllowGroups root', /FAILED: sshd does not let user cvault in/],
    ['DenyUsers nobody cv*', /FAILED: sshd does not let user cvault in/],
    ['DenyGroups cvault', /FAILED: sshd does not let user cvault in/],
    ['AuthorizedKeysFile /etc/ssh/keys', /FAILED: sshd does not read the control key/],
    ['Match User cvault\nPubkeyAuthentication no', /FAILED: sshd takes no keys/],
  ])('an sshd with %j', async (line, what) => {
    await withChange(
      `printf '%s\\n' '${line}' >/etc/ssh/sshd_config.d/z.conf`,
      'rm /etc/ssh/sshd_config.d/z.conf',
      () => expectRefusal(what),
    );
    await expectUntouched();
  });
});

test('an upgrade to an agent that does not start: tunnels stay up, and the previous agent runs', async () => {
  const good = script();
  expect(await runScriptOverSsh(host, network.managementAddress, good)).toMatchObject({ status: 0 });
  const key = await host.must(['wg', 'show', 'wg0', 'public-key']);
  const bad = await runScriptOverSsh(host, network.managementAddress, script({ agentBundle: BROKEN_AGENT }));
  expect(bad.status).toBe(1);
  expect(bad.stderr).toContain('the VPN server is as it was before');
  await until('the agent is at work', async () => {
    const hello = await host.run([
      'node',
      '/usr/lib/cvault/agent.mjs',
      'relay',
      '--socket',
      '/run/cvault/wg0.sock',
    ]);
    return hello.stdout.includes('"type":"hello"');
  });
  expect(await host.must(['wg', 'show', 'wg0', 'listen-port'])).toBe('51820\n');
  const mended = await runScriptOverSsh(host, network.managementAddress, good);
  expect(mended.status, mended.stderr).toBe(0);
  expect(await host.must(['wg', 'show', 'wg0', 'public-key'])).toBe(key);
});

test('the interface’s port stays, whatever endpoint devices get', async () => {
  const { status, stderr } = await runScriptOverSsh(
    host,
    network.managementAddress,
    script({ listenPort: 51821 }),
  );
  expect(status, stderr).toBe(0);
  expect(await host.must(['wg', 'show', 'wg0', 'listen-port'])).toBe('51820\n');
});

test('only missing packages are installed', async () => {
  await offerPackages(host, ['conntrack', 'wireguard-tools']);
  await host.must(['dpkg', '--purge', '--force-depends', 'conntrack', 'wireguard-tools']);
  expect((await host.run(['sh', '-c', 'command -v wg || command -v conntrack'])).status).toBe(127);
  const before = await host.must(['dpkg-query', '--show']);
  const { status, stderr } = await runScriptOverSsh(host, network.managementAddress, script());
  expect(status, stderr).toBe(0);
  expect(stderr).toContain('installing packages: wireguard-tools conntrack');
  const after = await host.must(['dpkg-query', '--show']);
  const added = after.split('\n').filter((line) => !before.includes(line));
  expect(added.map((line) => line.split('\t')[0]).sort()).toEqual(['conntrack', 'wireguard-tools']);
});
