import { z } from 'zod';

const HostKey = z
  .string()
  .max(400)
  .regex(/^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}$/);

/** The one line that the installation prints on standard output. It comes from the machine and is not trusted. */
export const InstallationResult = z.strictObject({
  /** The interface's public key, canonical base64. */
  interfacePublicKey: z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/),
  hostKeys: z.array(HostKey).min(1).max(4),
  sshUser: z.literal('cvault'),
  backend: z.enum(['kernel', 'userspace']),
});
export type InstallationResult = z.infer<typeof InstallationResult>;
