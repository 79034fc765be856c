import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WireGuardBackend } from '../backend.ts';
import type { HandSettings } from '../memory-backend.ts';
import { randomPublicKey } from './keys.ts';

export interface BackendUnderTest {
  readonly backend: WireGuardBackend;
  /** The preshared key of each peer that has one, as the interface holds it. */
  presharedKeys(): Promise<Record<string, string>>;
  /** Changes the interface's own settings behind the agent's back. */
  byHand(settings: HandSettings): Promise<void>;
  /** Deletes the interface. */
  vanish(): Promise<void>;
  /** Deletes the interface and creates one of the same name. */
  recreate(): Promise<void>;
  destroy(): Promise<void>;
}

/**
 * The behaviour that the agent expects of every backend. Half of it is behaviour from which the agent must protect
 * devices: with a backend kinder than the others, the agent's own mistakes would pass its tests.
 */
export function describeBackendContract(name: string, create: () => Promise<BackendUnderTest>): void {
  describe(`the ${name} backend`, () => {
    let subject: BackendUnderTest;
    let backend: WireGuardBackend;

    beforeEach(async () => {
      subject = await create();
      ({ backend } = subject);
    });

    afterEach(async () => {
      await subject.destroy();
    });

    async function peers(): Promise<Record<string, string[]>> {
      const observed = await backend.peers();
      return Object.fromEntries(observed.map((peer) => [peer.publicKey, [...peer.allowedIps].sort()]));
    }

    const one = randomPublicKey();
    const other = randomPublicKey();

    test('describes the interface', async () => {
      const description = await backend.describe();
      expect(description.publicKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      expect(description.listenPort).toBeGreaterThan(0);
      expect([...description.addresses].sort()).toEqual(['10.8.0.1/24', 'fd00:8::1/64']);
      expect(backend.maxPeers).toBeGreaterThanOrEqual(65_536);
      expect(await peers()).toEqual({});
    });

    test('set makes a peer hold exactly these prefixes, whatever it held before', async () => {
      await backend.apply([{ kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32', 'fd00:8::2/128'] }]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.2/32', 'fd00:8::2/128'] });
      await backend.apply([{ kind: 'set', publicKey: one, allowedIps: ['10.8.0.3/32'] }]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.3/32'] });
    });

    test('set gives a peer its preshared key, replaces it, and takes it away', async () => {
      const [first, second] = [randomPublicKey(), randomPublicKey()];
      const set = (publicKey: string, presharedKey?: string) =>
        ({
          kind: 'set',
          publicKey,
          allowedIps: [publicKey === one ? '10.8.0.2/32' : '10.8.0.3/32'],
          ...(presharedKey === undefined ? {} : { presharedKey }),
        }) as const;
      await backend.apply([set(one, first), set(other)]);
      expect(await subject.presharedKeys()).toEqual({ [one]: first });
      await backend.apply([set(one, second), set(other, first)]);
      expect(await subject.presharedKeys()).toEqual({ [one]: second, [other]: first });
      await backend.apply([set(one), set(other, first)]);
      expect(await subject.presharedKeys()).toEqual({ [other]: first });
      await backend.apply([set(other)]);
      expect(await subject.presharedKeys()).toEqual({});
      expect(await peers()).toEqual({ [one]: ['10.8.0.2/32'], [other]: ['10.8.0.3/32'] });
    });

    test('a preshared key leaves the other peers alone, and replaces this one’s addresses', async () => {
      const presharedKey = randomPublicKey();
      await backend.apply([
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32', '10.8.0.3/32'], presharedKey },
        { kind: 'set', publicKey: other, allowedIps: ['10.8.0.4/32'], presharedKey },
      ]);
      await backend.apply([{ kind: 'set', publicKey: one, allowedIps: ['10.8.0.5/32'], presharedKey }]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.5/32'], [other]: ['10.8.0.4/32'] });
      expect(await subject.presharedKeys()).toEqual({ [one]: presharedKey, [other]: presharedKey });
    });

    test('makes changes with and without preshared keys in their order', async () => {
      const presharedKey = randomPublicKey();
      const third = randomPublicKey();
      await backend.apply([
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'], presharedKey },
        { kind: 'remove', publicKey: one },
        { kind: 'set', publicKey: other, allowedIps: ['10.8.0.2/32'] },
        { kind: 'set', publicKey: third, allowedIps: ['10.8.0.3/32'], presharedKey },
        { kind: 'remove', publicKey: other },
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] },
      ]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.2/32'], [third]: ['10.8.0.3/32'] });
      expect(await subject.presharedKeys()).toEqual({ [third]: presharedKey });
    });

    test('readdresses a peer and leaves its preshared key alone, in one call with a removal', async () => {
      const presharedKey = randomPublicKey();
      await backend.apply([
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32', 'fd00:8::2/128'] },
        { kind: 'set', publicKey: other, allowedIps: [], presharedKey },
      ]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.2/32', 'fd00:8::2/128'], [other]: [] });
      await backend.apply([
        { kind: 'remove', publicKey: one },
        { kind: 'readdress', publicKey: other, allowedIps: ['10.8.0.2/32', 'fd00:8::2/128'] },
      ]);
      expect(await peers()).toEqual({ [other]: ['10.8.0.2/32', 'fd00:8::2/128'] });
      expect(await subject.presharedKeys()).toEqual({ [other]: presharedKey });
    });

    test('makes a peer anew with its addresses and its preshared key, and leaves the others alone', async () => {
      const presharedKey = randomPublicKey();
      const third = randomPublicKey();
      const all = { [one]: ['10.8.0.2/32'], [other]: ['10.8.0.3/32'], [third]: ['10.8.0.4/32'] };
      await backend.apply([
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'], presharedKey },
        { kind: 'set', publicKey: other, allowedIps: ['10.8.0.3/32'] },
        { kind: 'set', publicKey: third, allowedIps: ['10.8.0.4/32'], presharedKey },
      ]);
      await backend.renew([
        { publicKey: one, allowedIps: ['10.8.0.2/32'] },
        { publicKey: other, allowedIps: ['10.8.0.3/32'] },
      ]);
      expect(await peers()).toEqual(all);
      expect(await subject.presharedKeys()).toEqual({ [one]: presharedKey, [third]: presharedKey });
      expect(await backend.handshakes()).toEqual(new Map(Object.keys(all).map((key) => [key, 0])));
    });

    test('takes more addresses of its own, and one that it has already', async () => {
      await backend.addAddresses(['10.9.0.1/16', '10.8.0.1/24', 'fd00:9::1/64', 'fd00:8::1/64']);
      const { addresses } = await backend.describe();
      const all = ['10.8.0.1/24', '10.9.0.1/16', 'fd00:8::1/64', 'fd00:9::1/64'];
      expect([...addresses].sort()).toEqual(all);
    });

    test('remove takes a peer off, and one that is not there is no error', async () => {
      await backend.apply([{ kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] }]);
      await backend.apply([
        { kind: 'remove', publicKey: one },
        { kind: 'remove', publicKey: other },
      ]);
      expect(await peers()).toEqual({});
    });

    test('makes the changes of one call in their order', async () => {
      await backend.apply([
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] },
        { kind: 'remove', publicKey: one },
        { kind: 'set', publicKey: other, allowedIps: ['10.8.0.2/32'] },
        { kind: 'remove', publicKey: other },
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] },
      ]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.2/32'] });
    });

    test('a full batch of new peers is one call', async () => {
      const keys = Array.from({ length: 128 }, randomPublicKey);
      await backend.apply(
        keys.map((publicKey, n) => ({
          kind: 'set',
          publicKey,
          allowedIps: [`10.8.1.${n}/32`, `fd00:8::1:${n}/128`],
        })),
      );
      expect(Object.keys(await peers()).sort()).toEqual(keys.sort());
    });

    test('an address that another peer holds moves, and nobody says so', async () => {
      await backend.apply([{ kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] }]);
      await backend.apply([{ kind: 'set', publicKey: other, allowedIps: ['10.8.0.2/32'] }]);
      expect(await peers()).toEqual({ [one]: [], [other]: ['10.8.0.2/32'] });
    });

    test("the interface's own key adds nothing, and nobody says so", async () => {
      const { publicKey } = await backend.describe();
      await backend.apply([
        { kind: 'set', publicKey, allowedIps: ['10.8.0.2/32'] },
        { kind: 'set', publicKey: one, allowedIps: ['10.8.0.3/32'] },
      ]);
      expect(await peers()).toEqual({ [one]: ['10.8.0.3/32'] });
    });

    test('one malformed key fails the whole call', async () => {
      await expect(
        backend.apply([
          { kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] },
          { kind: 'set', publicKey: `${other.slice(0, 42)}!=`, allowedIps: ['10.8.0.3/32'] },
        ]),
      ).rejects.toThrow();
      expect(await peers()).toEqual({});
    });

    const own = ['10.8.0.1/24', 'fd00:8::1/64'];
    const faults = async () => (await backend.faults(own)).map(({ code }) => code);

    test.each<[string, HandSettings]>([
      ['link_down', { up: false }],
      ['mtu_changed', { mtu: 1281 }],
      ['address_removed', { removedAddress: '10.8.0.1/24' }],
      ['address_removed', { removedAddress: 'fd00:8::1/64' }],
      ['listen_port_changed', { listenPort: 51999 }],
    ])('%s is found and mended: %j', async (code, settings) => {
      expect(await faults()).toEqual([]);
      await subject.byHand(settings);
      expect(await faults()).toContain(code);
      for (const { mend } of await backend.faults(own)) await mend?.();
      expect(await faults()).toEqual([]);
    });

    test('an interface that was renamed takes its name back', async () => {
      expect(await backend.takeNameBack()).toBeUndefined();
      const before = await backend.incarnation();
      await subject.byHand({ name: 'other0' });
      expect(await backend.incarnation()).toBeUndefined();
      expect(await backend.takeNameBack()).toBe('other0');
      expect(await backend.incarnation()).toBe(before);
    });

    test('an interface made anew is another one, without peers', async () => {
      const before = await backend.incarnation();
      await backend.apply([{ kind: 'set', publicKey: one, allowedIps: ['10.8.0.2/32'] }]);
      expect(await backend.incarnation()).toBe(before);
      await subject.recreate();
      expect(await backend.incarnation()).toEqual(expect.any(String));
      expect(await backend.incarnation()).not.toBe(before);
      expect(await peers()).toEqual({});
    });

    test('an interface that is gone has no incarnation and takes nothing', async () => {
      await subject.vanish();
      expect(await backend.incarnation()).toBeUndefined();
      await expect(backend.apply([{ kind: 'remove', publicKey: one }])).rejects.toThrow();
      await expect(backend.peers()).rejects.toThrow();
    });
  });
}
