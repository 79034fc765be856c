import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';

/**
 * The input of an installation. Everything but the agent's text ends up in a shell script that runs as root, so
 * each field has the narrowest possible form, whatever was checked before.
 */
const Target = z.strictObject({
  interfaceName: z.string().regex(/^[a-z][a-z0-9-]{0,14}$/),
});

const Installation = Target.extend({
  serverId: z.uuid().lowercase(),
  /** The known public key of the interface, canonical base64; null for a new interface. */
  interfacePublicKey: z
    .string()
    .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/)
    .nullable(),
  /** Whether a new key may be made if the interface's own is lost. */
  replaceKey: z.boolean(),
  /** The port of a new interface; an existing one keeps its port. */
  listenPort: z.number().int().min(1).max(65535),
  /** The VPN server's own tunnel addresses, each with the length of its pool: `10.8.0.1/24`. */
  gatewayAddresses: z
    .array(z.string().refine(isAddressWithLength, 'is not an address with a prefix length'))
    .min(1)
    .max(8),
  /** Key type and key, without a comment. The 25 fixed characters are the header of every ed25519 key. */
  controlPublicKey: z.string().regex(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}$/),
  agentBundle: z.string().min(1),
  version: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,39}$/),
  mtu: z.number().int().min(1280).max(9000).default(1420),
});

export type InstallationInput = z.input<typeof Installation>;
export type CheckedInstallation = z.output<typeof Installation>;
export type RemovalInput = z.input<typeof Target>;

/**
 * A value that must not get into a script. The caller is at fault, so the message names the fields without their
 * values.
 */
export class InvalidInstallationInput extends Error {
  constructor(fields: readonly string[]) {
    super(`cannot make a script from these fields: ${fields.join(', ')}`);
    this.name = 'InvalidInstallationInput';
  }
}

/** @throws {InvalidInstallationInput} */
export function checkInstallation(input: InstallationInput): CheckedInstallation {
  return check(Installation, input);
}

/** @throws {InvalidInstallationInput} */
export function checkRemoval(input: RemovalInput): RemovalInput {
  return check(Target, input);
}

function check<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new InvalidInstallationInput(
    result.error.issues.map((issue) => issue.path.join('.') || issue.message),
  );
}

function isAddressWithLength(text: string): boolean {
  const match = /^([0-9a-f.:]{2,39})\/([1-9][0-9]{0,2})$/.exec(text);
  const [, address = '', length = ''] = match ?? [];
  if (isIPv4(address)) return Number(length) >= 8 && Number(length) <= 30;
  return isIPv6(address) && !address.includes('.') && Number(length) >= 32 && Number(length) <= 126;
}
