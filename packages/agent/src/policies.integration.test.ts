import { randomBytes } from 'node:crypto';
import type { DeviceStats } from '@cvault/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAgent, type Agent } from './agent.ts';
import { CONNECTIONS_PER_ADDRESS } from './connection-share.ts';
import { connectInProcess } from './in-process.ts';
import { createLinuxTraffic } from './linux-traffic.ts';
import {
  callInVain,
  callTcpService,
  connectControlPlane,
  createVpnLab,
  followTcpService,
  startTcpService,
  untilSilent,
  whyNoNetworkLab,
  type TestControlPlane,
  type VpnClient,
  type VpnLab,
} from './testing/index.ts';
import { createWgBackend } from './wg-backend.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();
const PORT = 8080;
const MBIT = 1_000_000;

describe.skipIf(missing !== undefined)(`policies${missing === undefined ? '' : ` (${missing})`}`, () => {
  let vpn: VpnLab;
  let a: VpnClient;
  let b: VpnClient;
  let c: VpnClient;
  let agent: Agent;
  let plane: TestControlPlane;
  /** Raised by each test that sets a device, so that its ops apply. */
  let generation = 1;

  beforeAll(async () => {
    vpn = await createVpnLab();
    [a, b, c] = [await vpn.client(2), await vpn.client(3), await vpn.client(4)];
    vpn.internet.start('iperf3', ['--server']);
    for (const { namespace } of [a, b, c]) await startTcpService(namespace, PORT);
    await startTcpService(vpn.internet, PORT);
    await startAgent();
    await apply(a.setOp(1), b.setOp(1), c.setOp(1));
    for (const client of [a, b, c]) await client.untilConnected();
  }, 60_000);

  afterAll(async () => {
    await agent.close();
    await vpn.destroy();
  });

  /** A new agent on the living interface, as after a restart. */
  async function startAgent(): Promise<void> {
    const backend = await createWgBackend(vpn.wg.interfaceName, vpn.server.run);
    const traffic = createLinuxTraffic(vpn.wg.interfaceName, vpn.server.run);
    agent = await createAgent({ backend, traffic });
    const stream = connectInProcess(agent);
    plane = await connectControlPlane(stream, stream);
  }

  async function restartAgent(): Promise<void> {
    await agent.close();
    await startAgent();
  }

  async function apply(...ops: Parameters<TestControlPlane['apply']>): Promise<void> {
    const results = await plane.apply(...ops);
    expect(results.map(({ outcome }) => outcome)).toEqual(ops.map(() => 'applied'));
  }

  async function statsOf({ deviceId }: VpnClient): Promise<DeviceStats | undefined> {
    return (await plane.stats()).devices.find((device) => device.deviceId === deviceId);
  }

  /** TCP payload received, in bits per second, over 10 s. */
  async function goodput(client: VpnClient, direction: 'upload' | 'download'): Promise<number> {
    const running = client.namespace.start('iperf3', [
      ...['--client', vpn.internet4, '--time', '10', '--json'],
      ...(direction === 'download' ? ['--reverse'] : []),
    ]);
    let text = '';
    running.child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => running.child.once('close', resolve));
    const result = JSON.parse(text) as { end: { sum_received: { bits_per_second: number } } };
    return result.end.sum_received.bits_per_second;
  }

  describe('counters', () => {
    test('count what passes, to the byte, both IP versions', async () => {
      const before = await statsOf(a);
      for (const to of [vpn.internet4, vpn.internet6]) expect(await a.pings(to, '-s', '1000')).toBe(true);
      const after = await statsOf(a);
      const each = 3 * (20 + 8 + 1000) + 3 * (40 + 8 + 1000);
      expect((after?.receivedBytes ?? 0) - (before?.receivedBytes ?? 0)).toBe(each);
      expect((after?.sentBytes ?? 0) - (before?.sentBytes ?? 0)).toBe(each);
      expect(after?.handshake).toBe('live');
    });

    test('count nothing that is dropped', async () => {
      const before = await statsOf(a);
      expect(await a.pings(b.address4)).toBe(false);
      expect(await a.pings('192.168.77.1')).toBe(false);
      expect(await statsOf(a)).toEqual(before);
    });

    test('go on where the agent is started anew, and while it is away', async () => {
      const [before, { life }] = [await statsOf(a), await plane.stats()];
      await agent.close();
      expect(await a.pings(vpn.internet4, '-s', '1000')).toBe(true);
      await startAgent();
      await apply(a.setOp(generation), b.setOp(generation), c.setOp(generation));
      expect((await plane.stats()).life).toBe(life);
      const after = await statsOf(a);
      expect((after?.receivedBytes ?? 0) - (before?.receivedBytes ?? 0)).toBe(3 * 1028);
    });

    test('begin at 0 for the next holder of an address', async () => {
      await apply({ verb: 'remove', deviceId: b.deviceId, generation: ++generation });
      const last = (await statsOf(c))?.receivedBytes;
      await apply(c.setOp(++generation, { addresses: [b.address4, c.address6] }));
      expect((await statsOf(c))?.receivedBytes).toBe(last);
      await apply(c.setOp(++generation), b.setOp(generation));
      await b.untilConnected();
      expect((await statsOf(c))?.receivedBytes).toBe(last);
    }, 60_000);
  });

  describe('speed', () => {
    const TEN = { uploadBitsPerSecond: 10 * MBIT, downloadBitsPerSecond: 10 * MBIT };

    test.each(['upload', 'download'] as const)(
      'a plan of 10 Mbit/s gives as much within a tenth: %s',
      async (direction) => {
        await apply(a.setOp(++generation, { limits: TEN }));
        const rate = await goodput(a, direction);
        expect(rate).toBeGreaterThan(9 * MBIT);
        expect(rate).toBeLessThan(11 * MBIT);
      },
    );

    test('holds while no agent is there, and for peers that are not claimed yet', async () => {
      await apply(a.setOp(++generation, { limits: { downloadBitsPerSecond: 2 * MBIT } }));
      await restartAgent();
      expect(await goodput(a, 'download')).toBeLessThan(2.4 * MBIT);
      await apply(a.setOp(++generation, { limits: { downloadBitsPerSecond: 20 * MBIT } }));
      const loosened = await goodput(a, 'download');
      expect(loosened).toBeGreaterThan(16 * MBIT);
      expect(loosened).toBeLessThan(22 * MBIT);
    }, 60_000);

    test('is each device’s own, and goes with it', async () => {
      await apply(a.setOp(++generation, { limits: TEN }));
      const tables = async () => vpn.server.run('nft', ['list', 'limits']);
      expect(await tables()).toContain('limit upload_');
      await apply({ verb: 'remove', deviceId: a.deviceId, generation: ++generation });
      expect(await tables()).not.toContain('limit upload_');
      await apply(a.setOp(++generation));
      await a.untilConnected();
      expect(await goodput(a, 'download')).toBeGreaterThan(20 * MBIT);
    }, 90_000);
  });

  describe('data', () => {
    const passes = async () => (await a.pings(vpn.internet4)) || a.pings(vpn.internet6);

    test('nothing passes any more, in either direction, established connections included', async () => {
      await apply(a.setOp(++generation, { limits: { dataBytes: 200_000 } }));
      const follower = await followTcpService(a.namespace, vpn.internet4, PORT);
      await a.namespace.succeeds('ping', [
        '-n',
        '-q',
        '-c',
        '150',
        '-i',
        '0.01',
        '-W',
        '1',
        '-s',
        '1000',
        vpn.internet4,
      ]);
      await untilSilent(follower);
      expect(await passes()).toBe(false);
      expect(await b.pings(vpn.internet4)).toBe(true);
    }, 60_000);

    test('the same generation does not refill it, a restarted agent does not lift it', async () => {
      await apply(a.setOp(generation, { limits: { dataBytes: 200_000 } }));
      expect(await passes()).toBe(false);
      await restartAgent();
      expect(await passes()).toBe(false);
    });

    test('a higher generation lifts it', async () => {
      await apply(a.setOp(++generation, { limits: { dataBytes: 1_000_000 } }));
      expect(await passes()).toBe(true);
      await apply(a.setOp(++generation));
      expect(await passes()).toBe(true);
    });

    test('none left at all lets nothing through', async () => {
      await apply(a.setOp(++generation, { limits: { dataBytes: 0 } }));
      expect(await passes()).toBe(false);
      await apply(a.setOp(++generation));
    });
  });

  describe('budgets', () => {
    const budget = (bytes: number) => ({ id: randomBytes(16).toString('hex'), bytes });
    type Budget = ReturnType<typeof budget>;
    const under = (client: VpnClient, ...budgets: Budget[]) =>
      client.setOp(generation, { limits: { budgets } });

    /** Sends pings one after the other, each one byte longer, so that their sizes divide no limit. */
    async function spend(client: VpnClient, pings: number, size: number): Promise<void> {
      await client.namespace.succeeds('ping', [
        ...['-n', '-q', '-c', String(pings), '-i', '0.01', '-W', '1', '-s', String(size), vpn.internet4],
      ]);
    }
    /** Bytes counted for these devices, and the budgets by which each is cut off. */
    async function read(...clients: VpnClient[]) {
      const { devices } = await plane.stats(undefined, true);
      const of = clients.map(({ deviceId }) => devices.find((one) => one.deviceId === deviceId));
      return {
        bytes: of.reduce((sum, one) => sum + (one?.receivedBytes ?? 0) + (one?.sentBytes ?? 0), 0),
        cut: of.map((one) => one?.cut),
      };
    }

    test.each([
      [100_003, 1_200],
      [54_321, 777],
      [65_536, 1_000],
    ])(
      '%i bytes end within one packet of %i, and the agent says so',
      async (bytes, size) => {
        const shared = budget(bytes);
        ++generation;
        // The last packets of the test before may still pass on either side of the change.
        const early = (await read(a)).bytes;
        await apply(under(a, shared));
        const before = (await read(a)).bytes;
        expect((await read(a)).cut).toEqual([undefined]);
        await spend(a, Math.ceil(bytes / size), size);
        const after = await read(a);
        expect(after.cut).toEqual([[shared.id]]);
        expect(after.bytes - before).toBeLessThanOrEqual(bytes);
        expect(after.bytes - early).toBeGreaterThan(bytes - (size + 28));
      },
      60_000,
    );

    test('several devices at once share one: all of them together end within one packet', async () => {
      const [shared, size] = [budget(300_007), 1_111];
      ++generation;
      const early = (await read(a, b, c)).bytes;
      await apply(under(a, shared), under(b, shared), under(c, shared));
      const before = (await read(a, b, c)).bytes;
      await Promise.all([a, b, c].map((client) => spend(client, 130, size)));
      const after = await read(a, b, c);
      expect(after.cut).toEqual([[shared.id], [shared.id], [shared.id]]);
      expect(after.bytes - before).toBeLessThanOrEqual(shared.bytes);
      expect(after.bytes - early).toBeGreaterThan(shared.bytes - (size + 28));
    }, 60_000);

    test('what was used stays used: new generations, another device, a restarted agent, a device that comes back', async () => {
      const shared = budget(200_000);
      ++generation;
      await apply(under(a, shared), b.setOp(generation));
      const before = (await read(a)).bytes;
      await spend(a, 30, 1_000);
      ++generation;
      await apply(under(a, shared), under(b, shared));
      const b0 = (await read(b)).bytes;
      await spend(b, 30, 1_000);
      const spentByB = (await read(b)).bytes - b0;
      await restartAgent();
      await apply(under(a, shared), under(b, shared));
      await spend(a, 10, 1_000);
      ++generation;
      // The last of its devices is gone and returns before that was stored.
      await apply(
        { verb: 'remove', deviceId: a.deviceId, generation },
        { verb: 'remove', deviceId: b.deviceId, generation },
      );
      ++generation;
      await apply(under(a, shared), b.setOp(generation));
      await a.untilConnected();
      await spend(a, 200, 1_000);
      await b.untilConnected();
      const after = await read(a);
      expect(after.cut).toEqual([[shared.id]]);
      const used = after.bytes + spentByB - before;
      expect(used).toBeLessThanOrEqual(shared.bytes);
      expect(used).toBeGreaterThan(shared.bytes - 1_028);
    }, 90_000);

    test('one that nobody has is forgotten once all that was used of it is written down', async () => {
      const quotas = () => vpn.server.run('nft', ['list', 'quotas']);
      const shared = budget(200_000);
      ++generation;
      await apply(under(a, shared));
      await apply(a.setOp(++generation));
      const first = await plane.stats(undefined, true);
      const second = await plane.stats(first.pass, true);
      expect(await quotas()).toContain(shared.id);
      await plane.stats(second.pass, true);
      expect(await quotas()).not.toContain(shared.id);
    });

    test('another one lifts it, and none at all is used up from the start', async () => {
      ++generation;
      await apply(under(a, budget(0)));
      expect((await read(a)).cut).toHaveLength(1);
      expect(await a.pings(vpn.internet4)).toBe(false);
      ++generation;
      const more = budget(1_000_000);
      await apply(under(a, more));
      expect(await a.pings(vpn.internet4)).toBe(true);
      expect((await read(a)).cut).toEqual([undefined]);
    });

    test('the wider of two ends as many devices as it has', async () => {
      const [mine, theirs, all] = [budget(1_000_000), budget(1_000_000), budget(100_001)];
      ++generation;
      await apply(under(a, mine, all), under(b, theirs, all), under(c, all));
      const before = (await read(a, b, c)).bytes;
      await Promise.all([a, b, c].map((client) => spend(client, 60, 1_000)));
      const after = await read(a, b, c);
      expect(after.cut).toEqual([[all.id], [all.id], [all.id]]);
      expect(after.bytes - before).toBeLessThanOrEqual(all.bytes);
      expect(after.bytes - before).toBeGreaterThan(all.bytes - 1_028);
      ++generation;
      await apply(a.setOp(generation), b.setOp(generation), c.setOp(generation));
      expect(await a.pings(vpn.internet4)).toBe(true);
    }, 60_000);
  });

  describe('the connection table', () => {
    /** The entries that an address began, each with its protocol and its remaining seconds. */
    async function entriesOf(family: 'ipv4' | 'ipv6', address: string) {
      const listing = await vpn.server.run('conntrack', [
        '--dump',
        '--family',
        family,
        '--orig-src',
        address,
      ]);
      return [...listing.matchAll(/^(\w+) +\d+ (\d+) (\w+)?/gm)].map(([, protocol, seconds, state]) => ({
        protocol,
        seconds: Number(seconds),
        state,
      }));
    }
    /** Sends one packet to each of so many ports, as fast as the device can. */
    const scatter = (client: VpnClient, to: string, packets: number) =>
      client.namespace.run(process.execPath, [
        '-e',
        `const socket = require('node:dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
         let port = 1024;
         const more = () => {
           for (let n = 0; n < 50; n++) {
             if (port === 1024 + Number(process.argv[2])) return socket.close();
             socket.send('x', port++, process.argv[1]);
           }
           setTimeout(more, 5);
         };
         more();`,
        to,
        String(packets),
      ]);

    test.each([
      ['ipv4', () => [vpn.internet4, a.address4]],
      ['ipv6', () => [vpn.internet6, a.address6]],
    ] as const)(
      'is not one device’s to fill, by %s',
      async (family, addresses) => {
        const [to = '', from = ''] = addresses();
        ++generation;
        await apply(a.setOp(generation), b.setOp(generation));
        const follower = await followTcpService(a.namespace, vpn.internet4, PORT);
        await scatter(a, to, 16_000);
        const entries = await entriesOf(family, from);
        expect(entries.length).toBeLessThanOrEqual(CONNECTIONS_PER_ADDRESS);
        expect(entries.length).toBeGreaterThan(CONNECTIONS_PER_ADDRESS / 2);
        expect(
          Math.max(...entries.filter(({ protocol }) => protocol === 'udp').map(({ seconds }) => seconds)),
        ).toBeLessThanOrEqual(20);
        const got: Buffer[] = [];
        follower.child.stdout?.on('data', (chunk: Buffer) => got.push(chunk));
        // Another device has its own share, and existing connections of the first continue.
        expect(await callTcpService(b.namespace, vpn.internet4, PORT)).toBeDefined();
        await vi.waitUntil(() => Buffer.concat(got).toString().includes('tick'), { timeout: 30_000 });
        await follower.stop();
        // Ended connections make room at once, even after refusals. The last packets may still be on their way.
        const makesRoom = async () => {
          await vpn.server.run('conntrack', ['--flush']);
          const called = await callInVain(a.namespace, to, PORT);
          return called !== undefined && (await entriesOf(family, from)).length < 100;
        };
        await vi.waitUntil(makesRoom, { timeout: 30_000 });
      },
      60_000,
    );

    test('keeps an idle TCP connection for two hours, not for days', async () => {
      const follower = await followTcpService(b.namespace, vpn.internet4, PORT);
      const entries = await entriesOf('ipv4', b.address4);
      const established = entries.filter(({ state }) => state === 'ESTABLISHED');
      expect(established.length).toBeGreaterThan(0);
      expect(Math.max(...established.map(({ seconds }) => seconds))).toBeLessThanOrEqual(7_440);
      await follower.stop();
    });
  });

  describe('network', () => {
    const [red, blue] = ['3c2b0c7e-0d11-4bbb-8ccc-0123456789ab', 'aaaaaaaa-0d11-4bbb-8ccc-0123456789ab'];

    async function reaches(from: VpnClient, to: VpnClient): Promise<boolean[]> {
      return Promise.all([
        from.pings(to.address4),
        from.pings(to.address6),
        callInVain(from.namespace, to.address4, PORT).then((answer) => answer !== undefined),
        callInVain(from.namespace, to.address6, PORT).then((answer) => answer !== undefined),
      ]);
    }
    const ALL = [true, true, true, true];
    const NONE = [false, false, false, false];
    /** A client takes up to 15 s to retry a tunnel that an earlier test removed. */
    const untilReaches = (from: VpnClient, to: VpnClient) =>
      vi.waitFor(async () => expect(await reaches(from, to)).toEqual(ALL), { timeout: 40_000 });

    test('the devices of one reach each other, both ways, and nobody else does', async () => {
      ++generation;
      await apply(
        a.setOp(generation, { network: red }),
        b.setOp(generation, { network: red }),
        c.setOp(generation),
      );
      await untilReaches(a, b);
      await untilReaches(b, a);
      expect(await reaches(c, a)).toEqual(NONE);
      expect(await reaches(a, c)).toEqual(NONE);
    }, 60_000);

    test('two networks are two', async () => {
      await apply(c.setOp(++generation, { network: blue }));
      expect(await reaches(c, a)).toEqual(NONE);
      expect(await reaches(a, c)).toEqual(NONE);
      expect(await c.pings(vpn.internet4)).toBe(true);
    }, 60_000);

    test('a restarted agent keeps them, for those that it knows and those that it does not know yet', async () => {
      await restartAgent();
      await untilReaches(a, b);
      await apply(a.setOp(++generation, { network: red }));
      await untilReaches(a, b);
      expect(await reaches(c, a)).toEqual(NONE);
    }, 60_000);

    test('a connection ends with the network that it was in', async () => {
      const follower = await followTcpService(a.namespace, b.address4, PORT);
      await apply(b.setOp(++generation));
      await untilSilent(follower);
      expect(await reaches(a, b)).toEqual(NONE);
    }, 60_000);
  });
});
