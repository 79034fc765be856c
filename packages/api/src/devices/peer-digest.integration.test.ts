import { digestOfPeer } from '@cvault/protocol';
import { encodeKey } from '@cvault/wireguard';
import { expect } from 'vitest';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from './store.ts';
import { test } from '../testing/test-with-database.ts';

test.for([null, 'fd00::a08:2', 'fd12:3456:789a:1::ffff:1', '2001:db8::'])(
  'PostgreSQL’s digest of a peer is the agent’s, with the IPv6 address %s',
  async (address6, { database }) => {
    const server = await aServer(database, { region: `r${Math.random()}` });
    const owner = await aTenantWithUser(database);
    const devices = createDeviceStore(database.as('cvault_api'), 0);
    const { id } = await devices.register({ ...aDevice(owner), region: server.region });
    const { rows } = await database.pool.query<{
      peer_digest: string;
      generation: number;
      public_key: Buffer;
      address: string;
    }>(
      `UPDATE devices SET assigned_ip6 = $2, generation = 4294967299 WHERE id = $1
       RETURNING peer_digest::text, generation, public_key, host(assigned_ip) AS address`,
      [id, address6],
    );
    const [row] = rows;
    const digest = digestOfPeer({
      deviceId: id,
      generation: row!.generation,
      publicKey: encodeKey(row!.public_key),
      addresses: [row!.address, ...(address6 === null ? [] : [address6])],
    });
    expect(BigInt.asIntN(64, digest).toString()).toBe(row!.peer_digest);
  },
);
