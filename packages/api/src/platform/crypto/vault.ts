import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Secret } from './secret.ts';

/** A column of one row that holds a ciphertext. It is bound to it as additional data: moved elsewhere, it does not decrypt. */
export interface SealedColumn {
  /** The tenant's id, or `platform` for what belongs to no tenant. */
  readonly owner: string;
  /** The id of the row, such as the device's or the VPN server's. */
  readonly row: string;
  readonly column: string;
}

/** A master key and the version that records refer to. */
export interface MasterKey {
  /** 1 to 65,535; raised with each new master key. */
  readonly version: number;
  /** 32 bytes. */
  readonly key: Secret<Buffer>;
}

/** Thrown where a record cannot be decrypted: changed, moved to another row or column, or of a master key we do not hold. */
export class UndecryptableRecord extends Error {
  constructor(at: SealedColumn, cause?: unknown) {
    super(`the ${at.column} of ${at.row} cannot be decrypted`, { cause });
    this.name = 'UndecryptableRecord';
  }
}

const FORMAT = 1;
const HEADER_BYTES = 3;
/** NIST SP 800-38D section 8.2.2: a random 96-bit nonce. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function additionalData(at: SealedColumn, version: number): Buffer {
  // JSON keeps the parts apart: no choice of names can make two columns read the same.
  return Buffer.from(JSON.stringify([at.owner, at.row, at.column, version]));
}

/**
 * Encrypts single values with AES-256-GCM.
 * A record consists of format (1 byte), master key version (2 bytes, big endian), nonce (12), ciphertext, tag (16).
 */
export function createVault(current: MasterKey, retired: readonly MasterKey[] = []) {
  const keys = new Map([current, ...retired].map(({ version, key }) => [version, key]));

  return {
    /** Version of the master key that seals. */
    version: current.version,

    seal(at: SealedColumn, plain: Uint8Array): Buffer {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.key.reveal(), nonce);
      cipher.setAAD(additionalData(at, current.version));
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt8(FORMAT, 0);
      header.writeUInt16BE(current.version, 1);
      return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },

    /** @throws {UndecryptableRecord} */
    open(at: SealedColumn, record: Uint8Array): Secret<Buffer> {
      const bytes = Buffer.from(record);
      if (bytes.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || bytes.readUInt8(0) !== FORMAT) {
        throw new UndecryptableRecord(at);
      }
      const version = bytes.readUInt16BE(1);
      const key = keys.get(version);
      if (key === undefined) throw new UndecryptableRecord(at);
      const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key.reveal(), nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(additionalData(at, version));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const body = bytes.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES);
        return new Secret(Buffer.concat([decipher.update(body), decipher.final()]));
      } catch (cause) {
        throw new UndecryptableRecord(at, cause);
      }
    },
  };
}

export type Vault = ReturnType<typeof createVault>;
