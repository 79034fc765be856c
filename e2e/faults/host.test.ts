/**
 * Plants faults on a VPN server's host, one at a time. Within ten seconds the agent repairs the fault, or the
 * operator sees it everywhere and no device is reported active. Meanwhile no packet passes between two devices, and
 * no device reaches a service of the VPN server.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import { aServer } from '../../packages/api/src/testing/fixtures.ts';
import {
  type Call,
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from '../harness/api-client.ts';
import { createCli } from '../harness/cli.ts';
import { type ControlPlane, makeSecrets } from '../harness/control-plane.ts';
import type { ClientNetwork } from '../harness/internet.ts';
import { HOST_FAULTS } from '../harness/host-faults.ts';
import {
  readMetric,
  type SshVpnServer,
  startReplicas,
  startSshVpnServer,
  untilHealthy,
} from '../harness/platform.ts';
import { say } from '../harness/round.ts';
import { until } from '../harness/until.ts';
import { startWireGuardClient, type WireGuardClient } from '../harness/wireguard-client.ts';

/** The promised time, counted from the fault. */
const TOLD_WITHIN_MS = 10_000;
/** For recoveries that depend on others: a supervisor starts a process, a client makes a handshake. */
const BACK_WITHIN_MS = 90_000;

interface Server {
  readonly id: string;
  readonly state: string;
  readonly condition: string;
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
}
interface ServerEvent {
  readonly id: number;
  readonly type: string;
  readonly code: string;
  readonly at: string;
  readonly detail: string;
}

/** Repeatedly tries the VPN server's SSH through the tunnel. */
const KNOCK = `setInterval(() => {
  const socket = require('node:net').connect(22, process.argv[1]);
  socket.on('error', () => {}).setTimeout(300, () => socket.destroy());
}, 100)`;

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let vpn: SshVpnServer;
let admin: Call;
let alice: TestUser;
let phone: WireGuardClient;
let laptop: WireGuardClient;
let laptopAddresses: readonly string[];
let leaks: () => Promise<number>;

const onHost = (...argv: string[]) => vpn.host.must(argv);
const server = async (id = vpn.id) =>
  (await must(admin<{ servers: Server[] }>('GET', '/api/v1/admin/servers'))).servers.find(
    (each) => each.id === id,
  )!;
const events = async () =>
  (await must(admin<{ events: ServerEvent[] }>('GET', `/api/v1/admin/events?serverId=${vpn.id}&limit=100`)))
    .events;
const epoch = async () =>
  (await must(admin<{ epoch: string }>('GET', `/api/v1/admin/servers/${vpn.id}/health`))).epoch;
const doctor = () => createCli(plane, secrets).run('doctor', '--deep');
const addressesOf = (config: string) =>
  /^Address = (.*)$/m
    .exec(config)![1]!
    .split(', ')
    .map((text) => text.split('/')[0]!);

async function packetsPass(): Promise<void> {
  await until(
    'packets pass',
    async () => (await phone.fetch(vpn.internet.echoUrl, 2_000)) !== undefined,
    BACK_WITHIN_MS,
  );
}

/** @param last the last event before the fault: the doctor lists repairs of a whole day */
async function expectDoctorSaysMended(last: number, code: string): Promise<void> {
  const { status, stdout, stderr } = await doctor();
  expect(status, stdout + stderr).toBe(0);
  const mended = (await events()).filter(({ id, type }) => id > last && type === 'server.mended');
  const { at, detail } = mended.find((event) => event.code === code)!;
  expect(stdout).toMatch(new RegExp(`^${code} +faults +${at} +`, 'm'));
  expect(stdout).toContain(detail);
}

async function allIsWell(): Promise<void> {
  await until('it is healthy', async () => (await server()).condition === 'healthy', BACK_WITHIN_MS);
  await packetsPass();
}

beforeAll(async () => {
  database = await createTestDatabase();
  await aServer(database, { region: 'elsewhere', cidr: '10.72.0.0/16' });
  [plane] = (await startReplicas(1, database.url.reveal(), secrets)) as [ControlPlane];
  vpn = await startSshVpnServer(plane, secrets, { poolCidr: '10.71.0.0/16', region: 'faults' });
  admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  const [phoneNetwork, laptopNetwork] = [
    await vpn.internet.addClient('phone'),
    await vpn.internet.addClient('laptop'),
  ];
  [phone, laptop] = await Promise.all([
    startWireGuardClient(phoneNetwork.namespace),
    startWireGuardClient(laptopNetwork.namespace),
  ]);
  const configs: string[] = [];
  for (const client of [phone, laptop]) {
    const { status, body } = await registerDevice(alice, { deviceName: 'client', region: 'faults' });
    expect(status, JSON.stringify(await server())).toBe(201);
    await client.up(body.config);
    configs.push(body.config);
  }
  await packetsPass();
  const phoneAddresses = addressesOf(configs[0]!);
  laptopAddresses = addressesOf(configs[1]!);
  const echo = new URL(vpn.internet.echoUrl).hostname;
  const own = '10.71.0.1';
  /** Counts forbidden packets at a client, and packets from the echo page as proof that counting works. */
  const counting = async ({ namespace }: ClientNetwork, matches: readonly string[]) => {
    await namespace.run(
      'nft',
      ['-f', '-'],
      `table inet leak {
        counter leaked { }
        counter proof { }
        chain arriving { type filter hook prerouting priority raw;
          ${matches.map((match) => `${match} counter name leaked`).join('\n')}
          ip saddr ${echo} counter name proof
        }
      }`,
    );
    return async (name: string) =>
      Number(
        /packets (\d+)/.exec(await namespace.run('nft', ['list', 'counter', 'inet', 'leak', name]))?.[1],
      );
  };
  const fromPhone = phoneAddresses.map(
    (address) => `${address.includes(':') ? 'ip6' : 'ip'} saddr ${address}`,
  );
  const counts = [
    await counting(laptopNetwork, fromPhone),
    await counting(phoneNetwork, [`ip saddr ${own} tcp sport 22`]),
  ];
  leaks = async () => {
    const [some, more] = await Promise.all(counts.map((count) => count('leaked')));
    return some! + more!;
  };
  await until(
    'the laptop gets through',
    async () => (await laptop.fetch(vpn.internet.echoUrl, 2_000)) !== undefined,
  );
  await packetsPass();
  for (const count of counts) expect(await count('proof'), 'the counter counts').toBeGreaterThan(0);
  for (const address of laptopAddresses) {
    phoneNetwork.namespace.start('ping', ['-n', '-q', '-i', '0.1', address]).child.stdout?.resume();
  }
  phoneNetwork.namespace.start(process.execPath, ['-e', KNOCK, own]);
});
afterAll(async () => {
  await plane?.kill();
  await phone?.stop();
  await laptop?.stop();
  await vpn?.stop();
  await database?.close();
});

const nft = (...words: string[]) => onHost('nft', ...words);

describe('is repaired and reported to the operator', () => {
  test.each(HOST_FAULTS)('$what', async ({ what, code, command }) => {
    const [last, before] = [(await events())[0]?.id ?? 0, await epoch()];
    const start = performance.now();
    await onHost(...command({ poolCidr: '10.71.0.0/16', deviceAddress: laptopAddresses[0]! }));
    await until(
      'it is mended',
      async () =>
        (await events()).some(
          ({ id, type, code: about }) => id > last && type === 'server.mended' && about === code,
        ),
      TOLD_WITHIN_MS,
    );
    say(`${what}: mended after ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    // The agent lost its limits with the table. It starts a new epoch, and the control plane sends them again.
    if (/^traffic_(rules_removed|policies_changed)$/.test(code)) {
      await until('another life has begun', async () => (await epoch()) !== before, BACK_WITHIN_MS);
    }
    await allIsWell();
    expect(await leaks(), 'no packet between devices, none from the VPN server’s services').toBe(0);
    await expectDoctorSaysMended(last, code);
  });

  test.each<[what: string, code: string, plant: () => Promise<unknown>]>([
    [
      'the interface’s key changed',
      'private_key_changed',
      () => onHost('sh', '-c', 'wg genkey >/root/key && wg set wg0 private-key /root/key'),
    ],
    ['wireguard-go’s socket removed', 'interface_lost', () => onHost('rm', '/run/wireguard/wg0.sock')],
    ['the interface deleted', 'interface_lost', () => onHost('ip', 'link', 'delete', 'wg0')],
  ])('by its supervisor, with a new life of the agent: %s', async (what, code, plant) => {
    const [last, before] = [(await events())[0]?.id ?? 0, await epoch()];
    const start = performance.now();
    await plant();
    await until('another life has begun', async () => (await epoch()) !== before, BACK_WITHIN_MS);
    say(`${what}: mended after ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    await allIsWell();
    expect(await leaks(), 'no packet between devices, none from the VPN server’s services').toBe(0);
    await expectDoctorSaysMended(last, code);
  });
});

test('on a full disk the agent mends, and takes devices, as before', async () => {
  const [last, before] = [(await events())[0]?.id ?? 0, await epoch()];
  await vpn.host.limitDisk(0);
  try {
    await expect(onHost('sh', '-c', 'echo more > /root/more')).rejects.toThrow();
    await nft('flush', 'ruleset');
    await until(
      'it is mended',
      async () => (await events()).some(({ id, code }) => id > last && code === 'traffic_rules_removed'),
      TOLD_WITHIN_MS,
    );
    // The agent tells of the mend before it ends; a device that is registered in between is pending.
    await until('another life has begun', async () => (await epoch()) !== before, BACK_WITHIN_MS);
    await allIsWell();
    const { status, body } = await registerDevice(alice, { deviceName: 'on a full disk', region: 'faults' });
    expect([status, body.status]).toEqual([201, 'active']);
  } finally {
    await vpn.host.limitDisk(null);
  }
  expect(await leaks(), 'no packet between devices, none from the VPN server’s services').toBe(0);
});

describe('cannot be repaired and is reported', () => {
  const drops = (hook: string, rules = '') =>
    `table inet mine {\nchain ${hook} {\ntype filter hook ${hook} priority filter; policy drop;\n${rules}\n}\n}\n`;
  const load = (text: string) => vpn.host.must(['nft', '-f', '-'], { input: text });

  test.each<[what: string, code: string, plant: () => Promise<unknown>, undo: () => Promise<unknown>]>([
    [
      'the default route gone',
      'no_route_out',
      () => onHost('sh', '-c', 'ip route show default >/root/route && ip route delete default'),
      () => onHost('sh', '-c', 'ip route add $(cat /root/route)'),
    ],
    [
      'another firewall that forwards nothing',
      'forward_dropped',
      () => load(drops('forward', 'ct state established,related accept')),
      () => nft('delete', 'table', 'inet', 'mine'),
    ],
    [
      'the UDP port closed',
      'port_blocked',
      () =>
        load(drops('input', 'ct state established,related accept; iifname "lo" accept; tcp dport 22 accept')),
      () => nft('delete', 'table', 'inet', 'mine'),
    ],
    [
      'a part of the pool routed elsewhere',
      'route_taken',
      () => onHost('ip', 'route', 'add', 'blackhole', '10.71.128.0/17'),
      () => onHost('ip', 'route', 'delete', 'blackhole', '10.71.128.0/17'),
    ],
    [
      'a routing rule that leads past those of the agent',
      'routing_rule_ahead',
      () => onHost('ip', 'rule', 'add', 'priority', '0', 'from', '10.71.0.0/16', 'lookup', 'main'),
      () => onHost('ip', 'rule', 'delete', 'from', '10.71.0.0/16', 'lookup', 'main'),
    ],
    [
      'a routing rule that stops one device',
      'routing_rule_stops',
      () => onHost('ip', 'rule', 'add', 'priority', '100', 'from', '10.71.9.9', 'prohibit'),
      () => onHost('ip', 'rule', 'delete', 'priority', '100'),
    ],
    [
      'a routing rule that leads packets for devices elsewhere',
      'no_route_back',
      () =>
        onHost(
          'sh',
          '-c',
          'ip route add default dev uplink table 99 && ip rule add priority 100 iif uplink lookup 99',
        ),
      () => onHost('sh', '-c', 'ip rule delete priority 100; ip route flush table 99'),
    ],
    [
      'a queue on the tunnel that holds packets back',
      'queue_foreign',
      () => onHost(...'tc qdisc replace dev wg0 root tbf rate 8kbit burst 2kb latency 50ms'.split(' ')),
      () => onHost('tc', 'qdisc', 'delete', 'dev', 'wg0', 'root'),
    ],
    [
      'a queue on the uplink that loses packets',
      'queue_foreign',
      // Kernels for small machines lack `netem`.
      () => onHost('tc', 'qdisc', 'replace', 'dev', 'uplink', 'root', 'blackhole'),
      () => onHost('tc', 'qdisc', 'delete', 'dev', 'uplink', 'root'),
    ],
    [
      'a device’s address on another interface',
      'address_taken',
      () => onHost('ip', 'address', 'add', `${laptopAddresses[0]!}/32`, 'dev', 'lo'),
      () => onHost('ip', 'address', 'delete', `${laptopAddresses[0]!}/32`, 'dev', 'lo'),
    ],
  ])('%s', async (what, code, plant, undo) => {
    const last = (await events())[0]?.id ?? 0;
    const start = performance.now();
    await plant();
    let pending: DeviceBody;
    try {
      const told = await until(
        'it is told',
        async () => {
          const now = await server();
          return now.condition === 'degraded' && now;
        },
        TOLD_WITHIN_MS,
      );
      say(`${what}: told after ${((performance.now() - start) / 1_000).toFixed(1)} s`);
      expect(told.reasons.map((reason) => reason.code)).toEqual([code]);
      const health = await must(admin<Server>('GET', `/api/v1/admin/servers/${vpn.id}/health`));
      expect(health).toMatchObject({ condition: 'degraded', reasons: [{ code }] });
      const { status, stdout } = await doctor();
      expect(status).toBe(1);
      expect(stdout).toMatch(new RegExp(`^server_degraded +${vpn.id} .* faults: ${code} `, 'm'));
      expect(await readMetric(plane.baseUrl, secrets, 'cvault_server_problem', vpn.id)).toBe(1);
      expect(await readMetric(plane.baseUrl, secrets, 'cvault_server_healthy', vpn.id)).toBe(0);
      expect((await events()).filter(({ id }) => id > last)).toMatchObject([
        { type: 'server.degraded', code },
      ]);
      // In the faulty region, no device becomes active; without a region, devices go elsewhere.
      const here = await registerDevice(alice, { deviceName: 'new', region: 'faults' });
      expect([here.status, here.body.status]).toEqual([202, 'pending']);
      pending = here.body;
      expect((await registerDevice(alice)).body.server.region).toBe('elsewhere');
    } finally {
      await undo();
    }
    await allIsWell();
    await until('what waited is active', async () => {
      const { status } = await must(alice.call<DeviceBody>('GET', `/api/v1/devices/${pending.id}`));
      return status === 'active';
    });
    expect((await events())[0]).toMatchObject({ type: 'server.restored', code });
    expect(await leaks(), 'no packet between devices, none from the VPN server’s services').toBe(0);
  });

  test('the interface moved to another network namespace: it counts as unreachable', async () => {
    const start = performance.now();
    await onHost(
      'sh',
      '-c',
      'unshare --net sleep 1000 >/dev/null 2>&1 & echo $! >/root/other && sleep 0.5 && ip link set wg0 netns $(cat /root/other)',
    );
    await until('it is told', async () => (await server()).condition === 'unreachable', TOLD_WITHIN_MS);
    say(`the interface moved away: told after ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    const { status, stderr } = await doctor();
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`VPN server ${vpn.id} could not be reached`),
    ]);
    expect((await registerDevice(alice, { deviceName: 'new', region: 'faults' })).status).toBe(202);
    await onHost('sh', '-c', 'kill $(cat /root/other)');
    await allIsWell();
    expect(await leaks(), 'no packet between devices, none from the VPN server’s services').toBe(0);
  });
});

test('afterwards everything agrees', () => untilHealthy(database, plane.baseUrl, secrets));
