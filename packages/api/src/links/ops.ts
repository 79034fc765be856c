import type { DataBudget, DesiredPeer, Secret } from '@cvault/core';
import type { Limits, Op } from '@cvault/protocol';
import { Batcher } from './batcher.ts';

/** Devices whose data is asked for in one query. */
const DATA_BATCH = 1_000;

export interface OpsDeps {
  /** @throws where it cannot be decrypted */
  readonly presharedKeyOf: (peer: DesiredPeer, sealed: Buffer) => Secret<Buffer>;
  readonly data: DataBudget;
}

/** Makes the op that has a VPN server carry a peer, or not. The op holds the preshared key: it goes to the agent only. */
export type OpOf = (peer: DesiredPeer) => Promise<Op>;

export function createOps({ presharedKeyOf, data }: OpsDeps): OpOf {
  // A reconcile asks for thousands of devices at once, a registration for one.
  const dataLeft = new Batcher<string, number | null>(async (ids) => {
    const left = await data.dataLeft(ids);
    return ids.map((id) => left.get(id) ?? null);
  }, DATA_BATCH);

  async function limitsOf({ deviceId, limits }: DesiredPeer): Promise<Limits> {
    const { uploadBitsPerSecond, downloadBitsPerSecond } = limits;
    const dataBytes = limits.data ? await dataLeft.push(deviceId) : null;
    return {
      ...(uploadBitsPerSecond === null ? {} : { uploadBitsPerSecond }),
      ...(downloadBitsPerSecond === null ? {} : { downloadBitsPerSecond }),
      ...(dataBytes === null ? {} : { dataBytes }),
    };
  }

  return async function opOf(peer) {
    const { deviceId, generation, publicKey, addresses, sealedPresharedKey, replaces, network } = peer;
    if (!peer.present) return { verb: 'remove', deviceId, generation };
    const limits = await limitsOf(peer);
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
