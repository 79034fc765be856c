import { randomBytes } from 'node:crypto';
import { formatAddress, InvalidCidr, parseCidr, whyNoTunnelNetwork } from '@cvault/wireguard';
import { invalidField } from '../platform/errors.ts';

/** The last 32 bits of a device's IPv6 address are its IPv4 address, and a /64 is the smallest usual subnet. */
const PREFIX_BITS = 64;

/**
 * A unique local prefix (RFC 4193): `fd`, 40 random bits, and the first subnet. A collision between two VPN servers
 * is negligible.
 */
export function newTunnelPrefix6(): string {
  const value = (0xfdn << 120n) | (BigInt(`0x${randomBytes(5).toString('hex')}`) << 80n);
  return `${formatAddress({ family: 6, value })}/${PREFIX_BITS}`;
}

/**
 * Reads a VPN server's /64 and returns its canonical form.
 * @throws CVaultError `invalid_request`
 */
export function checkTunnelPrefix6(text: string): string {
  const refuse = (message: string, cause?: unknown) => invalidField('/tunnelPrefix6', message, cause);
  try {
    const cidr = parseCidr(text);
    if (cidr.family !== 6) throw refuse('is an IPv4 range: pools hold those');
    const reason = whyNoTunnelNetwork(cidr);
    if (reason !== undefined) throw refuse(reason);
    return cidr.canonical;
  } catch (cause) {
    if (cause instanceof InvalidCidr) throw refuse(cause.reason, cause);
    throw cause;
  }
}

/** The VPN server's own address in its prefix. No device can have it: 0.0.0.1 is in no pool. */
export function gatewayOfPrefix6(tunnelPrefix6: string): string {
  const { first } = parseCidr(tunnelPrefix6);
  return `${formatAddress({ family: 6, value: first + 1n })}/${PREFIX_BITS}`;
}
