import { Secret } from '../../platform/crypto/secret.ts';
import ssh2 from 'ssh2';

/** The key pair with which the control plane reaches one VPN server. */
export interface ControlKey {
  /** OpenSSH private key. */
  readonly privateKey: Secret<string>;
  /** One line: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** A chance of one in 300 does not repeat this often in a row. */
const ATTEMPTS = 20;

/** ssh2 makes one key in 300 (10 of 3,000 measured, version 1.17.0) that neither it nor OpenSSH can read. */
export function generateControlKey(): ControlKey {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    const readBack = ssh2.utils.parseKey(pair.private);
    if (readBack instanceof Error) continue;
    return { privateKey: new Secret(pair.private), publicKey: pair.public.trim() };
  }
  throw new Error('no readable SSH key could be made');
}

/** The public half of a control key: `ssh-ed25519 AAAA…`. */
export function publicKeyOf(privateKey: Secret<string>): string {
  const read = ssh2.utils.parseKey(privateKey.reveal());
  // The cause is left out: it may quote the key.
  if (read instanceof Error) throw new Error('the private key cannot be read');
  return `${read.type} ${read.getPublicSSH().toString('base64')}`;
}
