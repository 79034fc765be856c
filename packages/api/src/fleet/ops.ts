import type { Secret } from '../platform/crypto/secret.ts';
import type { Budget, DataBudget } from '../user-limits/index.ts';
import type { DesiredPeer } from './peer.ts';
import type { Feature, Limits, Op } from '@cvault/protocol';
import { Batcher } from './batcher.ts';

/** Devices whose remaining data is read in one query. */
const DATA_BATCH = 1_000;

export interface OpsDeps {
  /** @throws if it cannot be decrypted */
  readonly presharedKeyOf: (peer: DesiredPeer, sealed: Buffer) => Secret<Buffer>;
  readonly data: DataBudget;
}

/**
 * Makes the op that sets or removes a peer. The op holds the preshared key: it goes to the agent only.
 * @param can whether the agent has a feature
 */
export type OpOf = (peer: DesiredPeer, can: (feature: Feature) => boolean) => Promise<Op>;

export function createOps({ presharedKeyOf, data }: OpsDeps): OpOf {
  // A reconcile asks for thousands of devices at once, a registration for one.
  const dataLeft = new Batcher<string, readonly Budget[]>(async (ids) => {
    const left = await data.dataLeft(ids);
    return ids.map((id) => left.get(id) ?? []);
  }, DATA_BATCH);

  async function limitsOf({ deviceId, limits }: DesiredPeer, shares: boolean): Promise<Limits> {
    const { uploadBitsPerSecond, downloadBitsPerSecond } = limits;
    const budgets = limits.data ? await dataLeft.push(deviceId) : [];
    return {
      ...(uploadBitsPerSecond === null ? {} : { uploadBitsPerSecond }),
      ...(downloadBitsPerSecond === null ? {} : { downloadBitsPerSecond }),
      ...(budgets.length === 0 ? {} : dataLimits(budgets, shares)),
    };
  }

  return async function opOf(peer, can) {
    const { deviceId, generation, publicKey, addresses, sealedPresharedKey, replaces, network } = peer;
    if (!peer.present) return { verb: 'remove', deviceId, generation };
    const limits = await limitsOf(peer, can('budgets'));
    return {
      verb: 'set',
      deviceId,
      generation,
      publicKey,
      addresses: [...addresses],
      ...(sealedPresharedKey === null
        ? {}
        : { presharedKey: presharedKeyOf(peer, sealedPresharedKey).reveal().toString('base64') }),
      ...(replaces === null ? {} : { replaces }),
      ...(network === null ? {} : { network }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    };
  };
}

/** An older agent lets each device use all that is left. The next reading holds the devices over the limit. */
function dataLimits(budgets: readonly Budget[], shares: boolean): Limits {
  return shares
    ? { budgets: budgets.map(({ id, bytes }) => ({ id, bytes })) }
    : { dataBytes: Math.min(...budgets.map(({ bytes }) => bytes)) };
}
