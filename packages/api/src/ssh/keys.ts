import { Secret } from '@cvault/core';
import ssh2 from 'ssh2';

/** A key pair for the control plane to reach one VPN server with. */
export interface ControlKey {
  /** OpenSSH private key. */
  readonly privateKey: Secret<string>;
  /** One line: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

export function generateControlKey(): ControlKey {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  return { privateKey: new Secret(pair.private), publicKey: pair.public.trim() };
}
