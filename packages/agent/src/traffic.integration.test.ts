import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SetOp } from '@cvault/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installAdmissionRules } from './admission-rules.ts';
import { createAgent, type Agent } from './agent.ts';
import { connectInProcess } from './in-process.ts';
import { createLinuxTraffic } from './linux-traffic.ts';
import { networkOf } from './network-address.ts';
import { parsePrefix } from './prefix.ts';
import {
  callInVain,
  callTcpService,
  connectControlPlane,
  createNetworkLab,
  followTcpService,
  randomPublicKey,
  startTcpService,
  untilSilent,
  whyNoNetworkLab,
  type Namespace,
  type NetworkLab,
  type TestControlPlane,
  type WireGuardInterface,
} from './testing/index.ts';
import { createWgBackend } from './wg-backend.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();

const PUBLIC_4 = '203.0.113.1';
/** A second public address, because clients keep the first out of the tunnel: it is their endpoint. */
const OTHER_PUBLIC_4 = '203.0.113.9';
const PUBLIC_6 = '2001:db8:1::1';
const INTERNET_4 = '203.0.113.2';
const INTERNET_6 = '2001:db8:1::2';
const PRIVATE_4 = '192.168.77.2';
const PRIVATE_6 = 'fd77::2';
const METADATA = '169.254.169.254';
/** Addresses that carry an IPv4 address, possibly an inner one, to a machine that unpacks it. */
const TRANSLATED = ['64:ff9b::a09:109', '2002:a09:109::1', '2001:0:a09:109::1'];
const RELAY = '192.88.99.1';
const PORT = 8080;
const OWN = ['10.8.0.1/24', 'fd00:8::1/64'];
/** Narrower than the usual 1420, so that clamping shows. */
const TUNNEL_MTU = 1380;

/** Another firewall, which must stay as it is, and whose `accept` must not override our `drop`. */
const OTHER_FIREWALL = `table inet other {
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    ct state established,related accept
    ip saddr 10.8.0.0/24 accept
  }
}
`;

interface Client {
  readonly namespace: Namespace;
  readonly wg: WireGuardInterface;
  readonly deviceId: string;
  readonly address4: string;
  readonly address6: string;
}

/**
 *   client a --+                        +-- private (192.168.77.2, 169.254.169.254)
 *              +-- internet -- server --+
 *   client b --+   (a router, and a service)
 */
describe.skipIf(missing !== undefined)(`traffic${missing === undefined ? '' : ` (${missing})`}`, () => {
  let lab: NetworkLab;
  let server: Namespace;
  let internet: Namespace;
  let inner: Namespace;
  let wg: WireGuardInterface;
  let a: Client;
  let b: Client;
  let agent: Agent;
  let plane: TestControlPlane;

  beforeAll(async () => {
    lab = await createNetworkLab();
    [server, internet, inner] = [
      await lab.namespace('server'),
      await lab.namespace('internet'),
      await lab.namespace('private'),
    ];
    await lab.connect(
      {
        namespace: server,
        device: 'eth0',
        addresses: [`${PUBLIC_4}/24`, `${OTHER_PUBLIC_4}/24`, `${PUBLIC_6}/64`],
      },
      { namespace: internet, device: 'eth0', addresses: [`${INTERNET_4}/24`, `${INTERNET_6}/64`] },
    );
    await lab.connect(
      { namespace: server, device: 'lan0', addresses: ['192.168.77.1/24', 'fd77::1/64'] },
      {
        namespace: inner,
        device: 'lan0',
        addresses: [
          ...[`${PRIVATE_4}/24`, `${METADATA}/32`, `${RELAY}/32`, `${PRIVATE_6}/64`],
          ...TRANSLATED.map((address) => `${address}/128`),
        ],
      },
    );
    for (const router of [server, internet]) {
      await router.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    }
    await server.run('ip', ['route', 'add', '198.51.100.0/24', 'via', INTERNET_4]);
    // The installation sets this.
    await server.run('sysctl', ['-qw', 'net.ipv4.conf.all.rp_filter=2']);
    for (const address of [METADATA, RELAY]) {
      await server.run('ip', ['route', 'add', `${address}/32`, 'via', PRIVATE_4]);
    }
    for (const address of TRANSLATED) {
      await server.run('ip', ['-6', 'route', 'add', `${address}/128`, 'via', PRIVATE_6]);
    }
    // Without the rules, packets from a tunnel address must find their way back.
    for (const [namespace, via4, via6] of [
      [internet, PUBLIC_4, PUBLIC_6],
      [inner, '192.168.77.1', 'fd77::1'],
    ] as const) {
      await namespace.run('ip', ['route', 'add', '10.0.0.0/8', 'via', via4]);
      await namespace.run('ip', ['-6', 'route', 'add', 'fd00:8::/64', 'via', via6]);
    }
    wg = await lab.wireGuard(server, {
      listenPort: 51820,
      addresses: OWN,
      mtu: TUNNEL_MTU,
    });
    a = await client('a', 2);
    b = await client('b', 3);
    for (const namespace of [server, internet, inner, b.namespace]) await startTcpService(namespace, PORT);
  }, 60_000);

  afterAll(async () => {
    await lab.destroy();
  });

  async function client(label: string, host: number): Promise<Client> {
    const namespace = await lab.namespace(label);
    const [gateway, outer] = [`198.51.100.${host * 8 + 1}`, `198.51.100.${host * 8 + 2}`];
    await lab.connect(
      { namespace: internet, device: `to-${label}`, addresses: [`${gateway}/29`] },
      { namespace, device: 'eth0', addresses: [`${outer}/29`] },
    );
    await namespace.run('ip', ['route', 'add', `${PUBLIC_4}/32`, 'via', gateway]);
    const [address4, address6] = [`10.8.0.${host}`, `fd00:8::${host}`];
    const peer = await lab.wireGuard(namespace, { addresses: [`${address4}/32`, `${address6}/128`] });
    await namespace.run('wg', [
      ...['set', peer.interfaceName, 'peer', wg.publicKey, 'endpoint', `${PUBLIC_4}:51820`],
      ...['allowed-ips', '0.0.0.0/0,::/0'],
    ]);
    await namespace.run('ip', ['route', 'add', 'default', 'dev', peer.interfaceName]);
    await namespace.run('ip', ['-6', 'route', 'add', 'default', 'dev', peer.interfaceName]);
    await server.run('wg', [
      'set',
      wg.interfaceName,
      'peer',
      peer.publicKey,
      'allowed-ips',
      `${address4},${address6}`,
    ]);
    // The VPN server learns a client's endpoint from its first packet. A handshake is slow on a busy machine.
    expect(await pings(namespace, '10.8.0.1', '-w', '30')).toBe(true);
    return { namespace, wg: peer, deviceId: randomUUID(), address4, address6 };
  }

  async function pings(from: Namespace, to: string, ...options: string[]): Promise<boolean> {
    return from.succeeds('ping', ['-n', '-c', '1', '-W', '1', ...options, to]);
  }

  /** Counts the packets that reach a namespace from now on and match. */
  async function countArrivals(
    namespace: Namespace,
    name: string,
    match: string,
  ): Promise<() => Promise<number>> {
    await namespace.run(
      'nft',
      ['-f', '-'],
      `table inet ${name} {
        counter arrivals { }
        chain arriving { type filter hook prerouting priority raw; ${match} counter name arrivals; }
      }`,
    );
    return async () => {
      const text = await namespace.run('nft', ['list', 'counter', 'inet', name, 'arrivals']);
      return Number(/packets (\d+)/.exec(text)?.[1]);
    };
  }

  /** Removes all rules: with only nftables emptied, the routing rules stop every packet. */
  async function takeRulesAway(): Promise<void> {
    await server.run('nft', ['delete', 'table', 'inet', `cvault_${wg.interfaceName}`]);
    for (const family of ['-4', '-6']) {
      const rules = (await server.run('ip', [family, 'rule', 'show'])).split('\n');
      for (const rule of rules.filter((line) => line.endsWith('blackhole'))) {
        const [priority = '', ...words] = rule.replace(' [detached]', '').split(/:?\s+/);
        await server.run('ip', [family, 'rule', 'delete', 'priority', priority, ...words]);
      }
    }
  }

  function setOp(who: Client, generation: number, address4 = who.address4): SetOp {
    return {
      verb: 'set',
      deviceId: who.deviceId,
      generation,
      publicKey: who.wg.publicKey,
      addresses: [address4, who.address6],
    };
  }

  // The packets that the rules should stop must pass without them, or the later tests would prove nothing.
  describe('without the rules', () => {
    test.each([
      ['another device', () => b.address4],
      ['another device by IPv6', () => b.address6],
      ["the VPN server's service on its tunnel address", () => '10.8.0.1'],
      ["the VPN server's service on its tunnel address by IPv6", () => 'fd00:8::1'],
      ["the VPN server's service on its public address", () => OTHER_PUBLIC_4],
      ["the VPN server's service on its public address by IPv6", () => PUBLIC_6],
      ['a private machine', () => PRIVATE_4],
      ['a private machine by IPv6', () => PRIVATE_6],
      ['the metadata service', () => METADATA],
      ['a relay into 6to4', () => RELAY],
      ...TRANSLATED.map((address): [string, () => string] => [
        `an IPv4 address as ${address}`,
        () => address,
      ]),
    ])('a device reaches %s', async (_name, to) => {
      expect(await pings(a.namespace, to())).toBe(true);
      expect(await callTcpService(a.namespace, to(), PORT)).toBeDefined();
    });

    test('the internet reaches a device, and sees its tunnel address', async () => {
      expect(await callTcpService(internet, b.address4, PORT)).toBeDefined();
      expect(await callTcpService(internet, b.address6, PORT)).toBeDefined();
      expect(await callTcpService(a.namespace, INTERNET_4, PORT)).toBe(a.address4);
    });
  });

  describe('with the rules', () => {
    beforeAll(async () => {
      await server.run('nft', ['-f', '-'], OTHER_FIREWALL);
      const backend = await createWgBackend(wg.interfaceName, server.run);
      const traffic = createLinuxTraffic(wg.interfaceName, server.run);
      agent = await createAgent({ backend, traffic, lookIntervalMs: 3_600_000 });
      const stream = connectInProcess(agent);
      plane = await connectControlPlane(stream, stream);
      const results = await plane.apply(setOp(a, 1), setOp(b, 1));
      expect(results.map((result) => result.outcome)).toEqual(['applied', 'applied']);
    });

    afterAll(async () => {
      await agent.close();
    });

    test('are one table of its own, and setting them again changes nothing', async () => {
      const before = await server.run('nft', ['list', 'ruleset']);
      await createLinuxTraffic(wg.interfaceName, server.run).install(OWN);
      expect(await server.run('nft', ['list', 'ruleset'])).toBe(before);
      expect(before.match(/^table .*$/gm)).toEqual([
        'table inet other {',
        `table inet cvault_${wg.interfaceName} {`,
      ]);
    });

    test('a device reaches the internet, which sees the VPN server in its place', async () => {
      expect(await callTcpService(a.namespace, INTERNET_4, PORT)).toBe(PUBLIC_4);
      expect(await callTcpService(a.namespace, INTERNET_6, PORT)).toBe(PUBLIC_6);
      expect(await pings(a.namespace, INTERNET_4)).toBe(true);
      expect(await pings(a.namespace, INTERNET_6)).toBe(true);
    });

    test('a device can ping the tunnel address of the VPN server', async () => {
      expect(await pings(a.namespace, '10.8.0.1')).toBe(true);
      expect(await pings(a.namespace, 'fd00:8::1')).toBe(true);
    });

    test('but not flood it', async () => {
      expect(await a.namespace.succeeds('ping', ['-n', '-q', '-f', '-c', '300', '-w', '2', '10.8.0.1'])).toBe(
        false,
      );
    });

    test.each([
      ['another device', () => b.address4],
      ['another device by IPv6', () => b.address6],
      ["the VPN server's public address", () => OTHER_PUBLIC_4],
      ["the VPN server's public address by IPv6", () => PUBLIC_6],
      ['a private machine', () => PRIVATE_4],
      ['a private machine by IPv6', () => PRIVATE_6],
      ['the metadata service', () => METADATA],
      ['a relay into 6to4', () => RELAY],
      ...TRANSLATED.map((address): [string, () => string] => [
        `an IPv4 address as ${address}`,
        () => address,
      ]),
    ])('a device reaches %s no more', async (_name, to) => {
      const reached = await Promise.all([pings(a.namespace, to()), callInVain(a.namespace, to(), PORT)]);
      expect(reached).toEqual([false, undefined]);
    });

    test.each(['10.8.0.1', 'fd00:8::1'])(
      'a device reaches no service on the tunnel address %s',
      async (to) => {
        expect(await callInVain(a.namespace, to, PORT)).toBeUndefined();
      },
    );

    test('the internet reaches no device', async () => {
      const calls = [b.address4, b.address6].map((address) => callInVain(internet, address, PORT));
      expect(await Promise.all(calls)).toEqual([undefined, undefined]);
    });

    test('an answer that no device asked for does not get into the tunnel', async () => {
      await internet.run(
        'nft',
        ['-f', '-'],
        `table inet forged {
          chain sending {
            type filter hook output priority filter;
            icmp type echo-request icmp type set echo-reply
          }
        }
        `,
      );
      const arrivals = await countArrivals(b.namespace, 'forged', `ip saddr ${INTERNET_4}`);
      expect(await pings(internet, b.address4)).toBe(false);
      expect(await arrivals()).toBe(0);
      await internet.run('nft', ['delete', 'table', 'inet', 'forged']);
    });

    test("the internet still reaches the VPN server's services", async () => {
      expect(await callTcpService(internet, OTHER_PUBLIC_4, PORT)).toBe(INTERNET_4);
      expect(await callTcpService(internet, PUBLIC_6, PORT)).toBe(INTERNET_6);
    });

    test('a source outside the tunnel network is dropped even if WireGuard lets it in', async () => {
      const arrivals = await countArrivals(internet, 'spoofed', 'ip saddr 10.99.0.0/24');
      await server.run('wg', [
        ...['set', wg.interfaceName, 'peer', a.wg.publicKey],
        ...['allowed-ips', `${a.address4},${a.address6},10.99.0.0/24`],
      ]);
      await a.namespace.run('ip', ['address', 'add', '10.99.0.5/32', 'dev', a.wg.interfaceName]);
      await server.run('ip', ['route', 'add', '10.99.0.0/24', 'dev', wg.interfaceName]);
      expect(await pings(a.namespace, INTERNET_4, '-I', '10.99.0.5')).toBe(false);
      expect(await pings(a.namespace, '10.8.0.1', '-I', '10.99.0.5')).toBe(false);
      expect(await arrivals()).toBe(0);
      // The same drift from the other side: the list shows it, and repeating the op mends it.
      const drifted = (await plane.list()).find((peer) => peer.publicKey === a.wg.publicKey);
      expect(drifted?.allowedIps).toContain('10.99.0.0/24');
      await plane.apply(setOp(a, 1));
      const mended = (await plane.list()).find((peer) => peer.publicKey === a.wg.publicKey);
      expect(mended?.allowedIps).not.toContain('10.99.0.0/24');
    });

    test('the address of another device as source is dropped', async () => {
      await a.namespace.run('ip', ['address', 'add', `${b.address4}/32`, 'dev', a.wg.interfaceName]);
      expect(await callInVain(a.namespace, INTERNET_4, PORT, b.address4)).toBeUndefined();
      await a.namespace.run('ip', ['address', 'delete', `${b.address4}/32`, 'dev', a.wg.interfaceName]);
    });

    test('segments are kept small enough for the tunnel, both ways', async () => {
      const fits = TUNNEL_MTU - 40;
      const toInternet = await countArrivals(
        internet,
        'mss',
        `tcp flags & syn == syn tcp option maxseg size > ${fits}`,
      );
      const toDevice = await countArrivals(
        a.namespace,
        'mss',
        `tcp flags & syn == syn tcp option maxseg size > ${fits}`,
      );
      expect(await callTcpService(a.namespace, INTERNET_4, PORT)).toBeDefined();
      expect(await toInternet()).toBe(0);
      expect(await toDevice()).toBe(0);
    });

    describe.each([
      ['', undefined],
      [" and somebody else's routing rule above others", '100'],
    ])('with the whole ruleset flushed%s, packets stop', (_name, priority) => {
      const rule = async (verb: string) => {
        if (priority === undefined) return;
        for (const family of ['-4', '-6']) {
          await server.run('ip', [family, 'rule', verb, 'priority', priority, 'lookup', 'main']);
        }
      };
      beforeAll(async () => {
        expect(await pings(a.namespace, INTERNET_4)).toBe(true);
        await rule('add');
        await server.run('nft', ['flush', 'ruleset']);
      });
      afterAll(async () => {
        await rule('delete');
        await server.run('nft', ['-f', '-'], OTHER_FIREWALL);
        await createLinuxTraffic(wg.interfaceName, server.run).install(OWN);
        expect(await pings(a.namespace, INTERNET_4)).toBe(true);
        expect(await pings(a.namespace, INTERNET_6)).toBe(true);
      });

      test.each([
        ['from a device to another', () => a.namespace, () => b.address4],
        ['from a device to another by IPv6', () => a.namespace, () => b.address6],
        ['from a device to a private machine', () => a.namespace, () => PRIVATE_4],
        ['from a device to the internet', () => a.namespace, () => INTERNET_4],
        ['from a device to the internet by IPv6', () => a.namespace, () => INTERNET_6],
      ])('%s', async (_name, from, to) => {
        const arrivals = await countArrivals(
          to() === b.address4 || to() === b.address6 ? b.namespace : to() === PRIVATE_4 ? inner : internet,
          `stopped${priority ?? ''}_${to().replace(/\W/g, '')}`,
          to().includes(':')
            ? `ip6 daddr ${to()} icmpv6 type echo-request`
            : `ip daddr ${to()} icmp type echo-request`,
        );
        expect(await pings(from(), to())).toBe(false);
        expect(await arrivals()).toBe(0);
      });
      test.each([
        ['tunnel address', '10.8.0.1'],
        ['tunnel address by IPv6', 'fd00:8::1'],
        ['public address', OTHER_PUBLIC_4],
        ['public address by IPv6', PUBLIC_6],
      ])('from a device to services of the host on its %s', async (_name, to) => {
        const reached = await Promise.all([pings(a.namespace, to), callInVain(a.namespace, to, PORT)]);
        expect(reached).toEqual([false, undefined]);
      });
      // The kernel validates IPv4 sources by the same rules. It does not validate IPv6 sources.
      test.each([
        ['', () => b.address4, `ip saddr ${INTERNET_4}`],
        [' by IPv6', () => b.address6, `ip6 saddr ${INTERNET_6}`],
      ])('from elsewhere to a device%s', async (family, to, match) => {
        const arrivals = await countArrivals(
          b.namespace,
          `stoppedin${priority ?? ''}${family.replaceAll(' ', '')}`,
          match,
        );
        expect(await pings(internet, to())).toBe(false);
        expect(await arrivals()).toBe(0);
      });
      test('and the host itself talks on', async () => {
        expect(await pings(server, INTERNET_4)).toBe(true);
        expect(await pings(server, INTERNET_6)).toBe(true);
        expect(await pings(server, PRIVATE_4)).toBe(true);
        expect(await pings(internet, PUBLIC_4)).toBe(true);
        expect(await pings(server, '10.8.0.1')).toBe(true);
        expect(await callTcpService(internet, '10.8.0.1', PORT)).toBe(INTERNET_4);
      });
    });

    test.each([
      ['without the chain that decides', 'flush chain inet TABLE to_vpn_server'],
      ['without the way there', 'flush chain inet TABLE input'],
    ])('%s, devices do not reach services of the host', async (_name, damage) => {
      await server.run('nft', damage.replace('TABLE', `cvault_${wg.interfaceName}`).split(' '));
      for (const to of ['10.8.0.1', 'fd00:8::1', OTHER_PUBLIC_4, PUBLIC_6]) {
        expect(await callInVain(a.namespace, to, PORT), to).toBeUndefined();
      }
      await createLinuxTraffic(wg.interfaceName, server.run).install(OWN);
    });

    test('the host answers at each moment while agents put its local table behind their rules', async () => {
      const followed = internet.run('ping', ['-n', '-q', '-i', '0.005', '-c', '200', PUBLIC_4]);
      const network = networkOf(parsePrefix('10.90.0.1/24')!);
      for (const names of [
        ['x1', 'x2'],
        ['x3', 'x4'],
        ['x5', 'x6'],
      ]) {
        await Promise.all(names.map((name) => installAdmissionRules(server.run, name, [network])));
      }
      expect(await followed).toContain(' 0% packet loss');
      const rules = (await server.run('ip', ['rule', 'show'])).split('\n');
      const locals = rules.flatMap((rule, place) => (rule.includes('lookup local') ? [place] : []));
      expect(locals).toHaveLength(1);
      expect(rules.slice(0, locals[0]).filter((rule) => rule.includes('blackhole'))).toHaveLength(7);
    });

    test('connections to a device that are older than the rules end', async () => {
      await takeRulesAway();
      const { child } = await followTcpService(internet, b.address4, PORT);
      await createLinuxTraffic(wg.interfaceName, server.run).install(OWN);
      const arrivals = await countArrivals(b.namespace, 'frombefore', `ip saddr ${INTERNET_4}`);
      await sleep(500);
      expect(await arrivals()).toBe(0);
      child.kill();
    });

    test('a policy can open private networks; devices stay apart, also where they had a connection', async () => {
      await takeRulesAway();
      const { child } = await followTcpService(a.namespace, b.address4, PORT);
      await createLinuxTraffic(wg.interfaceName, server.run, { allowPrivate: true }).install(OWN);
      const arrivals = await countArrivals(a.namespace, 'frombefore', `ip saddr ${b.address4}`);
      expect(await callTcpService(a.namespace, PRIVATE_4, PORT)).toBe('192.168.77.1');
      expect(await callTcpService(a.namespace, PRIVATE_6, PORT)).toBe('fd77::1');
      expect(await callInVain(a.namespace, b.address6, PORT)).toBeUndefined();
      expect(await arrivals()).toBe(0);
      child.kill();
      await createLinuxTraffic(wg.interfaceName, server.run).install(OWN);
      expect(await pings(a.namespace, PRIVATE_4)).toBe(false);
    });

    test('removing a device cuts its connections, and the next holder of its address inherits none', async () => {
      const followers = [
        await followTcpService(a.namespace, INTERNET_4, PORT),
        await followTcpService(a.namespace, INTERNET_6, PORT),
      ];
      const tracked = async () => [
        await server.run('conntrack', ['-L', '--orig-src', a.address4]),
        await server.run('conntrack', ['-L', '-f', 'ipv6', '--orig-src', a.address6]),
      ];
      expect((await tracked()).map((text) => text.includes('ESTABLISHED'))).toEqual([true, true]);
      const inherited = await countArrivals(b.namespace, 'inherited', `ip saddr ${INTERNET_4}`);

      const results = await plane.apply({ verb: 'remove', deviceId: a.deviceId, generation: 2 });
      expect(results).toEqual([{ outcome: 'applied' }]);
      expect(await tracked()).toEqual(['', '']);
      expect((await plane.apply(setOp(b, 2, a.address4))).map((result) => result.outcome)).toEqual([
        'applied',
      ]);
      await Promise.all(followers.map(untilSilent));
      expect(await inherited()).toBe(0);
      expect(await pings(a.namespace, INTERNET_4)).toBe(false);
      // A removed device returns only with a higher generation.
      expect((await plane.apply(setOp(a, 1))).map((result) => result.outcome)).toEqual(['stale']);
    });

    test('removing many devices cuts the connections of each', async () => {
      const quiet = Array.from({ length: 4 }, (_, n) => ({
        ...setOp(a, 1),
        deviceId: randomUUID(),
        publicKey: randomPublicKey(),
        addresses: [`10.8.0.${n + 50}`, `fd00:8::5:${n}`],
      }));
      const ops = [...quiet, { ...setOp(a, 9), deviceId: randomUUID() }];
      await plane.apply({ verb: 'remove', deviceId: b.deviceId, generation: 9 });
      expect((await plane.apply(...ops)).map((result) => result.outcome)).toEqual(Array(5).fill('applied'));
      await followTcpService(a.namespace, INTERNET_4, PORT);
      await followTcpService(a.namespace, INTERNET_6, PORT);
      const removals = ops.map(({ deviceId }) => ({ verb: 'remove', deviceId, generation: 10 }) as const);
      expect((await plane.apply(...removals)).map((result) => result.outcome)).toEqual(
        Array(5).fill('applied'),
      );
      expect(await server.run('conntrack', ['-L', '--orig-src', a.address4])).toBe('');
      expect(await server.run('conntrack', ['-L', '-f', 'ipv6', '--orig-src', a.address6])).toBe('');
    });

    test('stay when the agent ends', async () => {
      await agent.close();
      expect(await server.run('nft', ['list', 'tables'])).toContain(`cvault_${wg.interfaceName}`);
    });
  });
});
