/**
 * The life of a VPN server under its operator: added, added again, claimed by another control plane, broken and
 * repaired; and the state after a failed addition. Everything is real: API processes, PostgreSQL, sshd, WireGuard.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './harness/internet.ts';
import { type Operator, startOperator } from './harness/operator.ts';
import { runProgram } from './harness/program.ts';
import { type NamespaceHost, startTestHost } from './harness/test-host.ts';
import { until } from './harness/until.ts';
import { processIds, runScriptOverSsh } from './harness/vpn-server.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const NAME = 'US-East-Primary';
const CONFLICT = 5;
const USAGE = 2;
const SOON = { CVAULT_RECONCILE_SECONDS: '2' };

let ours: Operator;
let theirs: Operator;
let internet: Internet;
let network: VpnServerNetwork;
let host: NamespaceHost;
let phone: WireGuardClient;

const addArguments = () => [
  ...['server', 'add', `root@${network.managementAddress}`, '--region', 'us-east', '--name', NAME],
  ...['--endpoint', network.publicAddress, '--pool', '10.8.0.0/24', ...host.sshOptions],
];

const rows = async ({ database }: Operator) =>
  (
    await database.pool.query<{ id: string; state: string }>(
      'SELECT id, state FROM servers ORDER BY created_at',
    )
  ).rows;

/** Everything that an installation could change, except packages. */
async function fingerprint(): Promise<string> {
  const files = `find /etc /root /usr/lib/cvault /var/lib/cvault -xdev -type f \\
    ! -name '*-' ! -name .pwd.lock ! -name ld.so.cache -exec sha256sum {} + 2>/dev/null | sort -k 2`;
  const links = "find /etc /usr/lib/cvault /var/lib/cvault -xdev -type l -path '*cvault*' 2>/dev/null | sort";
  const state = [
    'ls -d /run/cvault* /var/log/cvault* /var/lib/cvault /usr/lib/cvault 2>/dev/null',
    'sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.rp_filter net.ipv4.conf.all.send_redirects',
    'ip -oneline link show type wireguard; ip -oneline link show dev wg0 2>&1',
    'nft list tables',
    'ip rule; ip -6 rule',
    // Those started by systemd, without the tools that they run.
    "pgrep -P 1 -af 'agent.mjs serve|wireguard-go'",
  ];
  const script = [files, links, ...state].map((line) => `echo; ${line}`).join('\n');
  return host.must(['sh', '-c', `${script}\ntrue`]);
}

beforeAll(async () => {
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  const phoneNetwork = await internet.addClient('phone');
  [ours, theirs, host, phone] = await Promise.all([
    startOperator(SOON),
    startOperator(SOON),
    startTestHost({ namespace: network.namespace, init: 'systemd', address: network.managementAddress }),
    startWireGuardClient(phoneNetwork.namespace),
  ]);
});

afterAll(async () => {
  await phone?.stop();
  await host?.stop();
  await internet?.destroy();
  for (const operator of [ours, theirs]) await operator?.stop();
});

describe('a failed addition leaves nothing', () => {
  let bare: string;

  beforeAll(async () => {
    bare = await fingerprint();
  });

  async function expectNothing(
    ended: { status: number | null; stdout: string; stderr: string },
    words: RegExp,
  ) {
    expect(ended.stderr).toMatch(words);
    expect([ended.status === 0, ended.stdout]).toEqual([false, '']);
    expect(ended.stderr).not.toContain('    at ');
    expect(await rows(ours)).toEqual([]);
    // If ssh was cut, the machine undoes the installation in its own time.
    await until('the machine is as it was', async () => (await fingerprint()) === bare).catch(
      () => undefined,
    );
    expect(await fingerprint()).toBe(bare);
  }

  async function withChange(change: string, undo: string, body: () => Promise<unknown>): Promise<void> {
    await host.must(['sh', '-c', change]);
    try {
      await body();
    } finally {
      await host.must(['sh', '-c', undo]);
    }
  }

  test.each([
    // The installation asks sshd and stops at its answer.
    ['DenyUsers cvault', /sshd does not let user cvault in/],
    ['AllowUsers root', /sshd does not let user cvault in/],
    // The installation cannot see this; the control plane is refused when it connects.
    ['MaxSessions 0\\nMatch User root\\nMaxSessions 10', /\[server_unreachable\]/],
  ])('an sshd with %j', async (line, words) => {
    const reload = 'systemctl reload ssh';
    const file = '/etc/ssh/sshd_config.d/z.conf';
    await host.must(['sh', '-c', `printf '${line}\\n' >${file} && ${reload}`]);
    const ended = await until('sshd is back', async () => {
      const attempt = await ours.cli.run(...addArguments());
      return attempt.stderr.includes('Connection refused') ? undefined : attempt;
    });
    await host.must(['sh', '-c', `rm ${file} && ${reload}`]);
    await expectNothing(ended, words);
  });

  test('an interface with a key in use', async () => {
    await ours.database.pool.query(`
      CREATE FUNCTION take_key() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE unique_violation USING CONSTRAINT = 'public_keys_pkey'; END $$;
      CREATE TRIGGER take_key BEFORE INSERT ON public_keys EXECUTE FUNCTION take_key()`);
    const ended = await ours.cli.run(...addArguments());
    await ours.database.pool.query('DROP FUNCTION take_key CASCADE');
    await expectNothing(ended, /\[public_key_taken\]/);
  });

  test.each([10_000, 862_000])('a disk with room for %i bytes', async (spare) => {
    await host.limitDisk(spare);
    const ended = await ours.cli.run(...addArguments());
    await host.limitDisk(null);
    await expectNothing(ended, /No space left on device/);
  });

  test('a taken UDP port', async () => {
    const holder = `require('dgram').createSocket('udp4').bind(51820)`;
    await withChange(
      `systemd-run --quiet --unit=port-holder /usr/bin/node -e "${holder}"; until ss -lun | grep -q :51820; do sleep 0.1; done`,
      'systemctl stop port-holder',
      async () =>
        expect((await ours.cli.run(...addArguments())).stderr).toContain(
          'the interface wg0 does not come up',
        ),
    );
    expect(await rows(ours)).toEqual([]);
    expect(await fingerprint()).toBe(bare);
  });

  test.each([
    ['before the files are there', 'making user cvault'],
    ['before the control plane has it', 'starting interface wg0'],
  ])('ssh that is cut %s', async (_when, step) => {
    const adding = ours.cli.start(...addArguments());
    let stdout = '';
    let stderr = '';
    adding.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    adding.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(adding, 'close');
    await until('it is at work', () => Promise.resolve(stderr.includes(step)));
    await runProgram(['pkill', '-KILL', '-P', String(adding.pid), '-x', 'ssh']);
    await ended;
    await expectNothing({ status: adding.exitCode, stdout, stderr }, /ssh could not run the installation/);
  });

  test('a killed command: the machine is bare, and the next command replaces its entry', async () => {
    const adding = ours.cli.start(...addArguments());
    let stderr = '';
    adding.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await until('it is at work', () => Promise.resolve(stderr.includes('starting interface wg0')));
    adding.kill('SIGKILL');
    await until('the machine is as it was', async () => (await fingerprint()) === bare);
    expect(await rows(ours)).toMatchObject([{ state: 'provisioning' }]);
    const id = await ours.cli.must(...addArguments());
    expect(await rows(ours)).toEqual([{ id, state: 'active' }]);
    await ours.cli.must('server', 'remove', NAME, '--yes');
    await host.must(['/usr/lib/cvault/remove', 'wg0']);
    // The row of a VPN server that was in use is kept as history.
    await ours.database.pool.query("DELETE FROM servers WHERE state = 'removed'");
    await host.must(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0']);
  });
});

describe('a machine that is a VPN server', () => {
  let id: string;
  let alice: TestUser;
  let device: DeviceBody;
  let before: string;

  const server = async () =>
    (
      await must(
        callAsAdmin(ours.plane.baseUrl, ours.secrets.CVAULT_ADMIN_KEY)<{ publicKey: string }>(
          'GET',
          `/api/v1/admin/servers/${id}`,
        ),
      )
    ).publicKey;

  beforeAll(async () => {
    id = await ours.cli.must(...addArguments());
    alice = await createUser(ours.plane.baseUrl, ours.secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
    ({ body: device } = await registerDevice(alice));
    await phone.up(device.config);
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
  });

  beforeEach(async () => {
    before = await fingerprint();
  });

  const withoutIds = (text: string) => text.replace(/^\d+ /gm, '');
  const repair = (...flags: string[]) => ours.cli.run('server', 'repair', NAME, ...flags, ...host.sshOptions);

  test('is added again: the same server, and nothing changes', async () => {
    expect(await ours.cli.must(...addArguments())).toBe(id);
    expect(await fingerprint()).toBe(before);
    expect(await rows(ours)).toEqual([{ id, state: 'active' }]);
  });

  test('is added again in another region: refused, and nothing changes', async () => {
    const ended = await ours.cli.run(...addArguments(), '--region', 'eu-west');
    expect([ended.status, ended.stdout]).toEqual([CONFLICT, '']);
    expect(ended.stderr).toContain(`is a VPN server already: ${NAME} of region us-east`);
    expect(await fingerprint()).toBe(before);
  });

  test('is claimed by another control plane: refused with instructions, and nothing changes', async () => {
    const ended = await theirs.cli.run(...addArguments());
    expect([ended.status, ended.stdout]).toEqual([CONFLICT, '']);
    expect(ended.stderr).toContain('this control plane does not know it');
    expect(ended.stderr).toContain('/usr/lib/cvault/remove wg0');
    expect(await rows(theirs)).toEqual([]);
    expect(await fingerprint()).toBe(before);
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
  });

  test('gets another control plane’s script manually: the script refuses', async () => {
    const admin = callAsAdmin(theirs.plane.baseUrl, theirs.secrets.CVAULT_ADMIN_KEY);
    const added = await must(
      admin<{ server: { id: string }; installation: string }>('POST', '/api/v1/admin/servers', {
        name: 'theirs',
        region: 'us-east',
        endpointHost: network.publicAddress,
        sshHost: network.managementAddress,
      }),
    );
    const ended = await runScriptOverSsh(host, network.managementAddress, added.installation);
    expect([ended.status, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toContain('FAILED: this machine is a VPN server of another control plane');
    expect(await fingerprint()).toBe(before);
    await theirs.cli.must('server', 'remove', 'theirs', '--yes');
    expect(await rows(theirs)).toEqual([]);
  });

  test('has lost the installation’s files: repaired, and its tunnels stay up', async () => {
    await host.must([
      'sh',
      '-c',
      'rm -r /usr/lib/cvault /etc/cvault /var/lib/cvault /etc/systemd/system/cvault-*',
    ]);
    const ended = await repair();
    expect(ended.status, ended.stderr).toBe(0);
    // The agent is a new process of the restored files.
    expect(withoutIds(await fingerprint())).toBe(withoutIds(before));
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
    expect((await registerDevice(alice, { deviceName: 'tablet' })).body.status).toBe('active');
  });

  test('has an agent that hangs: repaired', async () => {
    const [pid = ''] = await processIds(host, 'agent.mjs serve --interface wg0');
    await host.must(['kill', '-STOP', pid]);
    const ended = await repair();
    expect(ended.status, ended.stderr).toBe(0);
    const { id } = (await registerDevice(alice, { deviceName: 'watch' })).body;
    // The link reopens while the repair ends; a device registered before that becomes active a moment later.
    await until(
      'a new device is active',
      async () => (await alice.call<DeviceBody>('GET', `/api/v1/devices/${id}`)).body.status === 'active',
    );
  });

  test('has a failing repair: nothing changes', async () => {
    await host.must([
      'sh',
      '-c',
      'echo "// older" >>/usr/lib/cvault/agent.mjs && systemctl restart cvault-agent@wg0',
    ]);
    const older = await fingerprint();
    const file = '/etc/ssh/sshd_config.d/z.conf';
    await host.must(['sh', '-c', `echo 'DenyUsers cvault' >${file}`]);
    const ended = await repair();
    await host.must(['rm', file]);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain('the VPN server is as it was before');
    expect(withoutIds(await fingerprint())).toBe(withoutIds(older));
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
    const mended = await repair();
    expect(mended.status, mended.stderr).toBe(0);
  });

  test('keeps its port, whatever endpoint devices get', async () => {
    await ours.cli.must('server', 'set', NAME, '--endpoint-port', '443');
    const ended = await repair();
    await ours.cli.must('server', 'set', NAME, '--endpoint-port', '51820');
    expect(ended.status, ended.stderr).toBe(0);
    expect(await host.must(['wg', 'show', 'wg0', 'listen-port'])).toBe('51820\n');
  });

  test('has lost its key: it gets a new one only on request, and devices need a new configuration', async () => {
    const known = await server();
    await host.must(['sh', '-c', '/usr/lib/cvault/remove wg0']);
    before = await fingerprint();

    const refused = await repair();
    expect(refused.status).toBe(CONFLICT);
    expect(refused.stderr).toContain('--new-key');
    const unasked = await repair('--new-key');
    expect(unasked.status).toBe(USAGE);
    expect(unasked.stderr).toMatch(/its \d+ devices have no tunnel until each has its configuration anew/);
    expect(unasked.stderr).toContain('--yes');
    const added = await ours.cli.run(...addArguments());
    expect(added.status).toBe(CONFLICT);
    expect(added.stderr).toContain(`cvault server repair "${NAME}"`);
    expect(await fingerprint()).toBe(before);
    expect(await server()).toBe(known);

    const repaired = await repair('--new-key', '--yes');
    expect(repaired.status, repaired.stderr).toBe(0);
    expect(await server()).not.toBe(known);
    const config = await must(alice.call<string>('GET', `/api/v1/devices/${device.id}/config`));
    await phone.down();
    await phone.up(config);
    await until('packets flow', async () => (await phone.fetch(internet.echoUrl)) === network.publicAddress);
  });
});
