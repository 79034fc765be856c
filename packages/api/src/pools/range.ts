import {
  type Address,
  type Cidr,
  InvalidAddress,
  InvalidCidr,
  isIpInCidr,
  parseAddress,
  parseCidr,
  parseIpv4Cidr,
  whyNoTunnelNetwork,
} from '@cvault/wireguard';
import { CVaultError, invalidField } from '../platform/errors.ts';
import type { Server } from '../servers/index.ts';

/**
 * Reads a pool's range and returns its canonical form.
 * @param pointer JSON pointer of the field
 * @throws CVaultError `invalid_request`
 */
export function checkPoolCidr(text: string, pointer = '/cidr'): string {
  let cidr: Cidr;
  try {
    cidr = parseIpv4Cidr(text);
  } catch (cause) {
    if (cause instanceof InvalidCidr) throw invalidField(pointer, cause.reason, cause);
    throw cause;
  }
  const reason = whyNoTunnelNetwork(cidr);
  if (reason !== undefined) throw invalidField(pointer, reason);
  return cidr.canonical;
}

/**
 * Refuses a range with the VPN server's own addresses: packets to them would go into the tunnel.
 * @throws CVaultError `pool_overlap`
 */
export function refuseOwnAddress(
  cidr: string,
  {
    endpointHost,
    ssh,
  }: { readonly endpointHost: string; readonly ssh: Pick<NonNullable<Server['ssh']>, 'host'> | null },
): void {
  const range = parseCidr(cidr);
  for (const host of [endpointHost, ssh?.host]) {
    const address = host === undefined ? null : addressOf(host);
    if (address !== null && isIpInCidr(address, range)) {
      throw new CVaultError('pool_overlap', `The range ${cidr} holds the VPN server’s own address ${host}.`);
    }
  }
}

/** Null if `host` is a name. */
function addressOf(host: string): Address | null {
  try {
    return parseAddress(host);
  } catch (error) {
    if (error instanceof InvalidAddress) return null;
    throw error;
  }
}
