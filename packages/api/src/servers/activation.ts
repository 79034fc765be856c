import { createHash } from 'node:crypto';
import { CVaultError } from '../platform/errors.ts';
import type { Activation } from './ports.ts';
import type { Server } from './server.ts';
import type pg from 'pg';
import { brokenConstraint } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/transaction.ts';

/** A VPN server that is being removed cannot be repaired. */
const REPAIRABLE: readonly Server['state'][] = ['active', 'draining', 'disabled'];

/** Whether the interface has an unknown key. @throws CVaultError `state_conflict` */
async function bringsNewKey(
  db: pg.PoolClient,
  id: string,
  { publicKey, replaceKey }: Activation,
): Promise<boolean> {
  const { rows } = await db.query<{ state: Server['state']; public_key: Buffer | null }>(
    'SELECT state, public_key FROM servers WHERE id = $1 FOR UPDATE',
    [id],
  );
  const [server] = rows;
  if (server?.state === 'provisioning') return true;
  if (server === undefined || !REPAIRABLE.includes(server.state)) {
    throw new CVaultError('state_conflict', 'The VPN server is being removed.');
  }
  if (server.public_key?.equals(publicKey) === true) return false;
  if (!replaceKey) {
    throw new CVaultError(
      'state_conflict',
      'The interface has another public key than the one that devices know. Repeat with `replaceKey` where its own is lost: ' +
        'every device then needs its configuration anew.',
    );
  }
  return true;
}

/** Stores what a VPN server reported of itself; see `ServerStore.activate`. */
export async function activateServer(pool: pg.Pool, id: string, activation: Activation): Promise<void> {
  const { publicKey, hostKeys } = activation;
  try {
    await inTransaction(pool, async (db) => {
      if (await bringsNewKey(db, id, activation)) {
        // Registered, so that no device can ever bring the VPN server's own key. A replaced key stays registered.
        const hash = createHash('sha256').update(publicKey).digest();
        await db.query('INSERT INTO public_keys (key_hash) VALUES ($1)', [hash]);
      }
      await db.query(
        `UPDATE servers SET public_key = $2, ssh_host_keys = $3,
           state = CASE WHEN state = 'provisioning' THEN 'active' ELSE state END
         WHERE id = $1`,
        [id, publicKey, hostKeys],
      );
    });
  } catch (cause) {
    if (brokenConstraint(cause) !== 'public_keys_pkey') throw cause;
    throw new CVaultError('public_key_taken', 'This interface’s public key is in use already.', { cause });
  }
}
