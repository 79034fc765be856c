import {
  type Address,
  type Cidr,
  cidrsOverlap,
  InvalidAddress,
  InvalidCidr,
  isIpInCidr,
  parseAddress,
  parseCidr,
  parseIpv4Cidr,
} from '@cvault/wireguard';
import { CVaultError } from '../errors.ts';
import type { Server } from './server.ts';

/** Pools from 5 to 65,533 device addresses. */
const PREFIX_MIN = 16;
const PREFIX_MAX = 29;

/** No machine has an address in these: this network, loopback, link-local, multicast and reserved. */
const UNUSABLE = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(parseCidr);

function refuse(message: string, cause?: unknown): CVaultError {
  return new CVaultError('invalid_request', 'The pool’s range is not valid.', {
    cause,
    faults: [{ pointer: '/cidr', message }],
  });
}

/**
 * Reads a pool's range; answers its one spelling.
 * @throws CVaultError `invalid_request`
 */
export function checkPoolCidr(text: string): string {
  let cidr: Cidr;
  try {
    cidr = parseIpv4Cidr(text);
  } catch (cause) {
    if (cause instanceof InvalidCidr) throw refuse(cause.reason, cause);
    throw cause;
  }
  if (cidr.prefix < PREFIX_MIN || cidr.prefix > PREFIX_MAX) {
    throw refuse(`must have a prefix length from /${PREFIX_MIN} to /${PREFIX_MAX}`);
  }
  const unusable = UNUSABLE.find((range) => cidrsOverlap(range, cidr));
  if (unusable !== undefined)
    throw refuse(`is part of ${unusable.canonical}, which no machine has addresses in`);
  return cidr.canonical;
}

/**
 * The VPN server is reached at addresses that no device may have: packets to them would go into the tunnel.
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

/** Null for a name. */
function addressOf(host: string): Address | null {
  try {
    return parseAddress(host);
  } catch (error) {
    if (error instanceof InvalidAddress) return null;
    throw error;
  }
}
