import { formatAddress, parseAddress } from './addresses.ts';
import { isDnsName } from './dns-name.ts';
import { InvalidAddress, InvalidEndpoint } from './invalid-value.ts';

/** The UDP address of a peer. */
export interface Endpoint {
  /** An IP address (IPv6 without brackets) or a DNS name. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

function canonicalHost(host: string): string {
  try {
    const address = parseAddress(host);
    if (address.value === 0n)
      throw new InvalidEndpoint('has the unspecified address, which nobody can reach');
    const text = formatAddress(address);
    return address.family === 6 ? `[${text}]` : text;
  } catch (error) {
    if (!(error instanceof InvalidAddress)) throw error;
  }
  if (!isDnsName(host)) throw new InvalidEndpoint('has a host that is neither an IP address nor a DNS name');
  return host.toLowerCase();
}

/**
 * Formats `host:port` for wg(8), with IPv6 in brackets.
 * @throws {InvalidEndpoint}
 */
export function formatEndpoint({ host, port }: Endpoint): string {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new InvalidEndpoint('has a port outside 1 to 65535');
  }
  return `${canonicalHost(host)}:${port}`;
}

/**
 * Parses `host:port` or `[IPv6]:port`. A port by name, which wg(8) accepts, is refused.
 * @throws {InvalidEndpoint}
 */
export function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  const port = text.slice(colon + 1);
  if (colon === -1 || !/^[1-9]\d{0,4}$/.test(port)) {
    throw new InvalidEndpoint(
      'is not a host and a port: write it like 203.0.113.7:51820 or [2001:db8::7]:51820',
    );
  }
  const written = text.slice(0, colon);
  const bracketed = written.startsWith('[') && written.endsWith(']');
  const host = bracketed ? written.slice(1, -1) : written;
  if (bracketed !== host.includes(':'))
    throw new InvalidEndpoint('must have IPv6 addresses in brackets, and only those');
  const canonical = formatEndpoint({ host, port: Number(port) });
  const name = canonical.slice(0, canonical.lastIndexOf(':'));
  return { host: bracketed ? name.slice(1, -1) : name, port: Number(port) };
}
