import { randomBytes } from 'node:crypto';
import { generateKeyPair, InvalidPublicKey, KEY_BYTES, parsePublicKey } from '@cvault/wireguard';
import { CVaultError } from '../platform/errors.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import { presharedKeyColumn, privateKeyColumn } from './sealed-columns.ts';

/** The keys of a device after a change of keys. */
export interface DeviceKeys {
  readonly publicKey: Buffer;
  /** Null if the device made its own key pair. */
  readonly sealedPrivateKey: Buffer | null;
  /** Null for none; keys made here always include one. */
  readonly sealedPresharedKey: Buffer | null;
}

function readPublicKey(text: string): Buffer {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    if (!(cause instanceof InvalidPublicKey)) throw cause;
    throw new CVaultError('invalid_public_key', `The public key ${cause.reason}.`, {
      cause,
      faults: [{ pointer: '/publicKey', message: cause.reason }],
    });
  }
}

/**
 * New keys: always a preshared key, and a key pair unless the device brought its own public key.
 * @throws CVaultError `invalid_public_key`
 */
export function newKeys(
  vault: Vault,
  device: { readonly tenantId: string; readonly id: string },
  ownPublicKey: string | undefined,
): DeviceKeys {
  const { publicKey, privateKey } =
    ownPublicKey === undefined
      ? generateKeyPair()
      : { publicKey: readPublicKey(ownPublicKey), privateKey: undefined };
  const { tenantId, id } = device;
  return {
    publicKey,
    sealedPrivateKey:
      privateKey === undefined ? null : vault.seal(privateKeyColumn(tenantId, id), privateKey),
    sealedPresharedKey: vault.seal(presharedKeyColumn(tenantId, id), randomBytes(KEY_BYTES)),
  };
}
