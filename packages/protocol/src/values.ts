import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';

/**
 * A WireGuard key in the canonical base64 spelling of 32 bytes (44 characters, zero padding bits). The same bytes
 * in another spelling would pass a comparison of text.
 */
export const WireGuardKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'is not canonical base64 of 32 bytes')
  .meta({ id: 'WireGuardKey' });

/** One tunnel address: a host address without a prefix length, so that no route can be smuggled in. */
export const TunnelAddress = z
  .string()
  .refine((text) => isIPv4(text) || (isIPv6(text) && !text.includes('%') && !text.includes('.')), {
    message: 'is not an IPv4 or IPv6 address',
  });

/** An address with the length of its network, as an interface has it: `10.8.0.1/24`. */
export const InterfaceAddress = z
  .string()
  .regex(/^[0-9a-f.:]{2,39}\/(0|[1-9][0-9]{0,2})$/)
  .refine((text) => {
    const [address = '', length] = text.split('/');
    return TunnelAddress.safeParse(address).success && Number(length) <= (isIPv6(address) ? 128 : 32);
  }, 'is not an address with a prefix length');

export const DeviceId = z.uuid();

/** A device's version number: starts at 1, raised by every change that a VPN server must see. */
export const Generation = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Random id of one life of an agent and its interface. */
export const Epoch = z.string().regex(/^[0-9a-f]{32}$/);

/** Bytes or bits, as counted: whole, never negative. */
export const Count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** XOR of the `digestOfPeer` of every peer, as 16 hexadecimal digits. */
export const Digest = z.string().regex(/^[0-9a-f]{16}$/);

/** Names a number of bytes that devices share. The agent only compares it. */
export const BudgetId = z.string().regex(/^[0-9a-f]{32}$/);
