/**
 * A bare Debian server with WireGuard in its kernel becomes a VPN server as in production: the operator's `server
 * add`, a real API, real SSH. Then packets, limits, moves, reboots and host faults.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import {
  type Call,
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import {
  type ClientNetwork,
  createInternet,
  type Internet,
  type VpnServerNetwork,
} from '../harness/internet.ts';
import { HOST_FAULTS } from '../harness/host-faults.ts';
import { untilHealthy } from '../harness/platform.ts';
import { runProgram } from '../harness/program.ts';
import { startTestHost, type TestHost } from '../harness/test-host.ts';
import { until } from '../harness/until.ts';
import { processIds, processStatus } from '../harness/vpn-server.ts';
import { startWireGuardClient, type WireGuardClient } from '../harness/wireguard-client.ts';
import { CONTRACTS, copyAgentSuites, expectAgentSuitePasses } from './agent-suites/on-machine.ts';
import { imageFolder, inRound, isFull, say, timed } from './round.ts';
import { PATIENCE_MS, startVirtualMachine, type VirtualMachine } from './virtual-machine.ts';

const CVAULT = fileURLToPath(new URL('../../packages/cli/bin/cvault.mjs', import.meta.url));
const CAP_NET_ADMIN = '0000000000001000';
const AGENT = 'agent.mjs serve --interface wg0';
const UNITS = ['cvault-interface@wg0', 'cvault-agent@wg0'];
const POOL = '10.71.0.0/16';
const KBIT = 1_000;
/**
 * As low as possible without waiting for minutes: an emulated machine must be able to carry several times as much.
 */
const SLOW = 200 * KBIT;

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let internet: Internet;
let network: VpnServerNetwork;
let machine: VirtualMachine;
let admin: Call;
let east: string;
let alice: TestUser;
let bob: TestUser;
let phone: WireGuardClient;
let laptop: WireGuardClient;
let shop: ClientNetwork;
let device: DeviceBody;
let other: DeviceBody;

/** Runs the operator's command line and returns its output. */
async function cvault(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { status, stdout, stderr } = await runProgram([process.execPath, CVAULT, ...args], {
    timeoutMs: PATIENCE_MS,
    env: { PATH: process.env['PATH'], CVAULT_URL: plane.baseUrl, CVAULT_ADMIN_KEY: secrets.CVAULT_ADMIN_KEY },
  });
  expect(status, stderr).toBe(0);
  return { stdout: stdout.trim(), stderr };
}

/** Registers a device and waits until its VPN server has it: an emulated one can take longer than the call waits. */
async function register(user: TestUser, region: string): Promise<DeviceBody> {
  const { status, body } = await registerDevice(user, { deviceName: 'phone', region });
  expect([201, 202]).toContain(status);
  await untilActive(user, body.id);
  return body;
}

const untilActive = (user: TestUser, id: string) =>
  until(
    'the device is active',
    async () =>
      (await user.call<{ status: string }>('GET', `/api/v1/devices/${id}`)).body.status === 'active',
    PATIENCE_MS,
  );

/** The client's addresses as the echo page sees them, over IPv4 and IPv6. Waits for its answer. */
async function comesFrom(client: WireGuardClient): Promise<(string | undefined)[]> {
  const ask = (url: string) =>
    until(`${url} answers through the tunnel`, () => client.fetch(url, 10_000), PATIENCE_MS);
  return [await ask(internet.echoUrl), await ask(internet.echoUrl6)];
}

const pings = async (client: WireGuardClient, address: string) =>
  (await client.run(['ping', '-n', '-q', '-c', '3', '-i', '0.5', '-W', '5', address])).status === 0;

const healthy = () => untilHealthy(database, plane.baseUrl, secrets, PATIENCE_MS);

beforeAll(async () => {
  database = await createTestDatabase();
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  shop = await internet.addClient('shop');
  const networks = [await internet.addClient('phone'), await internet.addClient('laptop')] as const;
  [plane, machine, phone, laptop] = await Promise.all([
    startControlPlane(database.url.reveal(), secrets, {
      CVAULT_RECONCILE_SECONDS: '5',
      CVAULT_METER_SECONDS: '2',
      CVAULT_QUARANTINE_SECONDS: '1',
    }),
    timed('boot', () => startVirtualMachine({ network, image: imageFolder() })),
    startWireGuardClient(networks[0].namespace),
    startWireGuardClient(networks[1].namespace),
  ]);
  admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  bob = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Bob’s company');
});

afterAll(async () => {
  await plane?.stop();
  await Promise.all([phone?.stop(), laptop?.stop()]);
  await machine?.stop();
  await internet?.destroy();
  await database?.close();
});

/** Omitted in the shortened round: other tests check the same with wireguard-go, and here they take minutes. */
const testInFull: (what: string, tried: () => Promise<void>) => void = isFull ? test : () => undefined;

describe('installation', () => {
  test('the machine is bare, and its kernel has WireGuard', async () => {
    for (const program of ['node', 'wg', 'nft', 'conntrack']) {
      expect((await machine.run(['sh', '-c', `command -v ${program}`])).status, program).not.toBe(0);
    }
    expect((await machine.run(['test', '-e', '/usr/lib/cvault'])).status).toBe(1);
    expect((await machine.run(['ip', 'link', 'show', 'dev', 'wg0'])).status).toBe(1);
    expect(await machine.must(['cat', '/proc/sys/net/ipv4/ip_forward'])).toBe('0\n');
    expect(await machine.must(['modinfo', '-F', 'name', 'wireguard'])).toBe('wireguard\n');
    say((await machine.must(['uname', '-srv'])).trim());
  });

  test('`server add` makes it a VPN server with the kernel’s WireGuard', async () => {
    const { stdout, stderr } = await timed('server add, with apt-get install', () =>
      cvault(
        ...['server', 'add', `root@${network.managementAddress}`, '--region', 'east', '--name', 'east'],
        ...['--endpoint', network.publicAddress, '--pool', POOL, ...machine.sshOptions],
      ),
    );
    east = stdout;
    expect(JSON.parse((await cvault('server', 'test', east)).stdout)).toMatchObject({
      interfaceName: 'wg0',
    });
    expect(stderr).toContain('packages to install: wireguard-tools nftables conntrack nodejs');
    expect(stderr).toContain('kernel WireGuard, UDP port 51820');
    expect(await machine.must(['ip', '-details', 'link', 'show', 'dev', 'wg0'])).toContain('wireguard');
    expect(await processIds(machine, 'wireguard-go')).toEqual([]);
    expect(await machine.must(['systemctl', 'cat', UNITS[0]!])).toContain('Type=oneshot');
    expect(await machine.must(['systemctl', 'is-enabled', ...UNITS])).toBe('enabled\nenabled\n');
    expect(await machine.must(['systemctl', 'is-active', ...UNITS])).toBe('active\nactive\n');
  });

  test('the agent runs without root, with CAP_NET_ADMIN only', async () => {
    const [pid = ''] = await processIds(machine, AGENT);
    const status = await processStatus(machine, pid);
    const uid = (await machine.must(['id', '-u', 'cvault'])).trim();
    expect(status.get('Uid')?.split('\t')).toEqual([uid, uid, uid, uid]);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status.get(set), set).toBe(CAP_NET_ADMIN);
    }
  });

  test('the agent receives kernel events despite its unit’s restrictions', async () => {
    const running = async () => (await machine.must(['ps', '-e', '-o', 'args='])).split('\n');
    for (const monitor of ['nft monitor', 'ip -oneline monitor']) {
      const found = await until(
        `${monitor} runs`,
        async () => (await running()).some((line) => line.startsWith(monitor)),
        PATIENCE_MS,
      );
      expect(found).toBe(true);
    }
  });
});

describe('packets', () => {
  test('come from the VPN server’s addresses, over handshakes with preshared keys', async () => {
    device = await register(alice, 'east');
    expect(device.config).toContain('PresharedKey');
    await phone.up(device.config);
    expect(await comesFrom(phone)).toEqual([network.publicAddress, network.publicAddress6]);
    expect(await machine.must(['wg', 'show', 'wg0', 'preshared-keys'])).not.toContain('(none)');
    expect(await machine.must(['conntrack', '-L', '--orig-src', device.assignedIp])).toContain(
      `dst=${network.publicAddress}`,
    );
  });

  test('pass neither between two devices nor to the VPN server’s own services', async () => {
    other = await register(bob, 'east');
    await laptop.up(other.config);
    expect(await comesFrom(laptop)).toEqual([network.publicAddress, network.publicAddress6]);
    expect(await pings(phone, other.assignedIp)).toBe(false);
    expect(await pings(laptop, device.assignedIp)).toBe(false);
    for (const address of [network.publicAddress, network.managementAddress]) {
      const ssh = await phone.run(['timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${address}/22`]);
      expect(ssh.status, address).not.toBe(0);
    }
  });
});

describe('limits', () => {
  interface Usage {
    readonly uploadBytes: number;
    readonly downloadBytes: number;
  }
  let limitsPath: string;
  const limit = (limits: object) => must(admin('PATCH', limitsPath, limits));
  const untilLimited = (isLimited: boolean) =>
    until(
      'the kernel has the limit, or has it no more',
      async () => (await machine.must(['nft', 'list', 'limits'])).includes('download_') === isLimited,
      PATIENCE_MS,
    );

  /** Bits received in ten seconds. */
  async function download(): Promise<number> {
    const server = shop.namespace.start('iperf3', ['--server', '--one-off']);
    const { stdout } = await until(
      'iperf3 has measured',
      async () => {
        const ended = await phone.run(['iperf3', '-c', shop.address, '-R', '-t', '10', '-J'], {
          timeoutMs: PATIENCE_MS,
        });
        return ended.status === 0 && ended;
      },
      PATIENCE_MS,
    );
    await server.stop();
    const { end } = JSON.parse(stdout) as { end: { sum_received: { bytes: number } } };
    return end.sum_received.bytes * 8;
  }

  beforeAll(async () => {
    const path = `/api/v1/admin/tenants/${alice.tenantId}/users`;
    const { users } = await must(admin<{ users: { id: string }[] }>('GET', path));
    limitsPath = `${path}/${users[0]!.id}/limits`;
  });

  testInFull('what went through is counted to the byte', async () => {
    const usage = () => must(alice.call<Usage>('GET', `/api/v1/devices/${device.id}/usage`));
    const settled = async () => {
      let last = '';
      await until(
        'usage stands still',
        async () => {
          // Longer than two readings.
          const now = JSON.stringify(await usage());
          await new Promise((resolve) => setTimeout(resolve, 5_000));
          const same = now === JSON.stringify(await usage());
          last = now;
          return same;
        },
        PATIENCE_MS,
      );
      return JSON.parse(last) as Usage;
    };
    // Only the test's own packets: the client's IPv6 background traffic must stay out of the tunnel.
    await phone.run(['sysctl', '-q', '-w', 'net.ipv6.conf.tun.disable_ipv6=1']);
    const onClient = async (file: string) =>
      Number((await phone.run(['cat', `/sys/class/net/tun/statistics/${file}`])).stdout);
    const before = await settled();
    const [sent, received] = [await onClient('tx_bytes'), await onClient('rx_bytes')];
    const { stdout } = await phone.run(
      ['ping', '-n', '-q', '-c', '50', '-i', '0.1', '-s', '1200', '-W', '30', shop.address],
      { timeoutMs: PATIENCE_MS },
    );
    expect(stdout).toContain(' 0% packet loss');
    const after = await settled();
    expect(after.uploadBytes - before.uploadBytes).toBe((await onClient('tx_bytes')) - sent);
    expect(after.downloadBytes - before.downloadBytes).toBe((await onClient('rx_bytes')) - received);
  });

  testInFull('a speed limit holds', async () => {
    const free = await download();
    await limit({ downloadBitsPerSecond: SLOW });
    await untilLimited(true);
    const limited = await download();
    say(
      `in 10 s: ${Math.round(free / KBIT)} kbit without a limit, ${Math.round(limited / KBIT)} with ${SLOW / KBIT} kbit/s`,
    );
    // The bucket adds its own size: a second's worth and 64 KiB.
    const most = 11 * SLOW + 8 * 65_536;
    expect(limited).toBeLessThanOrEqual(most);
    expect(free).toBeGreaterThan(most);
    await limit({ downloadBitsPerSecond: null });
    await untilLimited(false);
  });

  test('a data limit cuts the user off, and lifting it lets packets through again', async () => {
    const { uploadBytes, downloadBytes } = await must(alice.call<Usage>('GET', '/api/v1/usage'));
    await limit({ dataLimitBytes: uploadBytes + downloadBytes + 200_000 });
    const status = async () =>
      (await alice.call<{ status: string }>('GET', `/api/v1/devices/${device.id}`)).body.status;
    await until(
      'the user is cut off',
      async () => {
        await phone.run(['ping', '-n', '-q', '-c', '20', '-i', '0.1', '-s', '1200', '-W', '1', shop.address]);
        return (await status()) === 'suspended';
      },
      PATIENCE_MS,
    );
    expect(await pings(phone, shop.address)).toBe(false);
    expect(await pings(laptop, shop.address), 'nobody else').toBe(true);
    await limit({ dataLimitBytes: null });
    await untilActive(alice, device.id);
    await phone.restart();
    expect(await comesFrom(phone)).toEqual([network.publicAddress, network.publicAddress6]);
  });
});

testInFull('a device moves to another VPN server and back', async () => {
  const westNetwork = await internet.addVpnServer('west');
  const { namespace, managementAddress, publicAddress, publicAddress6 } = westNetwork;
  const west: TestHost = await startTestHost({ namespace, init: 'none', address: managementAddress });
  try {
    const { stdout: westId } = await cvault(
      ...['server', 'add', `root@${managementAddress}`, '--region', 'west', '--name', 'west'],
      ...['--endpoint', publicAddress, ...west.sshOptions],
    );
    const move = async (region: string) => {
      const { status, body } = await alice.call<DeviceBody>('POST', `/api/v1/devices/${device.id}/move`, {
        region,
      });
      expect([200, 202]).toContain(status);
      await untilActive(alice, device.id);
      device = body;
      await phone.down();
      await phone.up(device.config);
    };
    const carries = async (host: TestHost) =>
      (await host.must(['wg', 'show', 'wg0', 'allowed-ips'])).includes(`${device.assignedIp}/`);
    await move('west');
    expect(await comesFrom(phone)).toEqual([publicAddress, publicAddress6]);
    const peers = async (host: TestHost) =>
      (await host.must(['wg', 'show', 'wg0', 'peers'])).trim().split('\n');
    await until('the old VPN server let it go', async () => (await peers(machine)).length === 1, PATIENCE_MS);
    await move('east');
    expect(await comesFrom(phone)).toEqual([network.publicAddress, network.publicAddress6]);
    expect(await carries(machine)).toBe(true);
    await until(
      'so did the other one',
      async () => (await west.must(['wg', 'show', 'wg0', 'peers'])) === '',
      PATIENCE_MS,
    );
    await must(admin('DELETE', `/api/v1/admin/servers/${westId}`));
  } finally {
    await west.stop();
  }
});

describe('reboots', () => {
  test.each(inRound({ short: ['its plug is pulled'], full: ['its plug is pulled', 'in order'] }))(
    'everything is back by itself: %s',
    async (how) => {
      await timed(`reboot (${how})`, () => (how === 'in order' ? machine.restart() : machine.reboot()));
      expect(await comesFrom(phone)).toEqual([network.publicAddress, network.publicAddress6]);
      expect(await comesFrom(laptop)).toEqual([network.publicAddress, network.publicAddress6]);
      await untilActive(alice, device.id);
      await untilActive(bob, other.id);
      expect(await machine.must(['systemctl', 'is-active', ...UNITS])).toBe('active\nactive\n');
      expect(await machine.must(['ip', '-details', 'link', 'show', 'dev', 'wg0'])).toContain('wireguard');
      expect(await pings(phone, other.assignedIp)).toBe(false);
      await healthy();
    },
  );
});

describe('foreign changes of the host are repaired and reported', () => {
  interface ServerEvent {
    readonly id: number;
    readonly type: string;
    readonly code: string;
  }
  const events = async () =>
    (await must(admin<{ events: ServerEvent[] }>('GET', `/api/v1/admin/events?serverId=${east}&limit=100`)))
      .events;

  const faults = inRound({ short: HOST_FAULTS.slice(0, 1), full: HOST_FAULTS });

  test.each(faults)('$what', async ({ what, code, command }) => {
    const last = (await events())[0]?.id ?? 0;
    await machine.must(command({ poolCidr: POOL, deviceAddress: other.assignedIp }));
    await timed(`${what}: mended`, () =>
      until(
        'it is mended',
        async () =>
          (await events()).some(
            (event) => event.id > last && event.type === 'server.mended' && event.code === code,
          ),
        PATIENCE_MS,
      ),
    );
    expect(await comesFrom(phone)).toEqual([network.publicAddress, network.publicAddress6]);
    expect(await pings(phone, other.assignedIp)).toBe(false);
    await healthy();
  });

  test.each(inRound({ short: [], full: ['agent', 'interface'] }))(
    'by systemd: no %s any more',
    async (what) => {
      const [before = ''] = await processIds(machine, AGENT);
      await machine.must(what === 'agent' ? ['kill', '-KILL', before] : ['ip', 'link', 'delete', 'wg0']);
      await timed(`no ${what} any more: another agent is started`, () =>
        until(
          'there is another agent',
          async () => {
            const [now = before] = await processIds(machine, AGENT);
            return now !== before;
          },
          PATIENCE_MS,
        ),
      );
      expect(await comesFrom(phone)).toEqual([network.publicAddress, network.publicAddress6]);
      expect(await pings(phone, other.assignedIp)).toBe(false);
      await healthy();
    },
  );

  test('`cvault doctor --deep` names each of them', async () => {
    const { stdout } = await cvault('doctor', '--deep');
    const codes = [...faults.map(({ code }) => code), ...inRound({ short: [], full: ['interface_lost'] })];
    for (const code of codes) expect(stdout).toMatch(new RegExp(`^${code} +east `, 'm'));
  });
});

// In the full round, they run on their own machine with all of the agent's other suites.
if (!isFull) {
  describe('the agent’s contracts', () => {
    beforeAll(() => copyAgentSuites(machine));
    test.each(CONTRACTS)('%s', (suite) => expectAgentSuitePasses(machine, suite));
  });
}
