import { formatAddress, parseAddress, parseAddressWithPrefix, parseRoute } from './addresses.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { InvalidValue } from './invalid-value.ts';
import { assertPublicKey, assertSecretKey, encodeKey } from './keys.ts';
import { parseSearchDomain } from './search-domain.ts';

/** The device's own section of its file. */
export interface DeviceInterface {
  /** The device's own public key, 32 bytes. Written only if the private key is unknown. */
  readonly publicKey: Uint8Array;
  /**
   * 32 bytes; absent if the device created its own key: the file then has a comment instead. Not checked against
   * `publicKey`, because deriving takes 0.5 ms on Node.js 20.
   */
  readonly privateKey?: Uint8Array | undefined;
  /** Tunnel addresses as `10.8.0.2/32` or `10.8.0.2`, at least one; no wider prefix. */
  readonly addresses: readonly string[];
  /** Resolver IP addresses; if empty, the device keeps its own. */
  readonly dns: readonly string[];
  /** DNS names; absent for none. Linux and Android use them only together with a resolver. */
  readonly searchDomains?: readonly string[] | undefined;
  /** Bytes, 576 to 65535, at least 1280 with an IPv6 address; absent lets wg-quick choose. */
  readonly mtu?: number | undefined;
}

/** The VPN server's section of a device's file. */
export interface DevicePeer {
  /** The VPN server's public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes; absent for none. */
  readonly presharedKey?: Uint8Array | undefined;
  readonly endpoint: Endpoint;
  /** Routes into the tunnel in CIDR notation, at least one. */
  readonly allowedIps: readonly string[];
  /** Seconds, 1 to 65535; null for off. 25 by default: NAT tables drop a silent flow after 30 s. */
  readonly persistentKeepalive?: number | null | undefined;
}

export interface DeviceConfig {
  /** The first line, to distinguish files. Always rendered as a single comment. Absent for none. */
  readonly comment?: string | undefined;
  readonly interface: DeviceInterface;
  readonly peer: DevicePeer;
}

const DEFAULT_KEEPALIVE_SECONDS = 25;

/** Joiners (ZWNJ and ZWJ), which scripts and emoji need. */
const JOINERS: ReadonlySet<string> = new Set(['\u200C', '\u200D']);
/** Keeps the file small enough for a QR code. */
const COMMENT_CHARACTERS = 60;

/**
 * A single line that every client reads as a comment. Apps end lines at more characters than LF (iOS: U+0085,
 * U+2028, …), so only letters, marks, digits, signs, plain spaces and joiners are kept.
 */
function commentLine(text: string): string {
  const plain = text
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (other) => (JOINERS.has(other) ? other : ' '))
    .replaceAll(/ +/g, ' ');
  return `# ${Array.from(plain.trim()).slice(0, COMMENT_CHARACTERS).join('').trim()}`;
}

/** A value that cannot be written into a device's file. */
export class InvalidDeviceConfig extends InvalidValue {
  /** Path of the field in DeviceConfig, such as `peer.endpoint`. */
  readonly field: string;

  constructor(field: string, reason: string) {
    super(reason, field);
    this.name = 'InvalidDeviceConfig';
    this.field = field;
  }
}

/** Runs one field's check and adds the field's name to a failure. */
function checked<T>(field: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof InvalidValue) throw new InvalidDeviceConfig(field, error.reason);
    throw error;
  }
}

function key(field: string, bytes: Uint8Array, assertKey: (bytes: Uint8Array) => void): string {
  return checked(field, () => {
    // A string also has a length and indexes, and would pass as bytes.
    if (!(bytes instanceof Uint8Array)) throw new InvalidValue('is not 32 raw bytes');
    assertKey(bytes);
    return encodeKey(bytes);
  });
}

function list(field: string, texts: readonly string[], canonical: (text: string) => string): string[] {
  const written = texts.map((text, index) => checked(`${field}[${index}]`, () => canonical(text)));
  // wg-quick fails on a second `ip address add` of the same address, so lists must not have repeats.
  if (new Set(written).size !== written.length) throw new InvalidDeviceConfig(field, 'has a value twice');
  return written;
}

function atLeastOne(field: string, texts: readonly string[], canonical: (text: string) => string): string[] {
  if (texts.length === 0) throw new InvalidDeviceConfig(field, 'is empty');
  return list(field, texts, canonical);
}

function integer(field: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidDeviceConfig(field, `is not a whole number from ${min} to ${max}`);
  }
  return value;
}

function hostAddress(text: string): string {
  const address = parseAddress(text);
  if (address.value === 0n) throw new InvalidValue('is the unspecified address');
  return formatAddress(address);
}

function tunnelAddress(text: string): string {
  const full = text.includes('/') ? parseAddressWithPrefix(text) : undefined;
  const address = hostAddress(full === undefined ? text : formatAddress(full.address));
  const longest = address.includes(':') ? 128 : 32;
  if (full !== undefined && full.prefix !== longest) {
    throw new InvalidValue(`has a prefix length other than ${longest}: a device owns single addresses`);
  }
  return `${address}/${longest}`;
}

/**
 * Renders a device's complete configuration file. `wg-quick up` accepts it, unless the private key is missing and
 * the owner has to add it. Every line is rendered from a parsed value, so no outside text enters the file, not even
 * in a comment. See wg-quick(8) and wg(8), "CONFIGURATION FILE FORMAT".
 * @throws {InvalidDeviceConfig}
 */
export function renderDeviceConfig({ comment, interface: own, peer }: DeviceConfig): string {
  const publicKey = key('interface.publicKey', own.publicKey, assertPublicKey);
  const peerKey = key('peer.publicKey', peer.publicKey, assertPublicKey);
  // `wg` silently accepts an interface's own key and adds no peer, so the file would carry nothing.
  if (peerKey === publicKey) throw new InvalidDeviceConfig('peer.publicKey', "is the device's own key");
  const addresses = atLeastOne('interface.addresses', own.addresses, tunnelAddress);
  const dns = [
    ...list('interface.dns', own.dns, hostAddress),
    ...list('interface.searchDomains', own.searchDomains ?? [], parseSearchDomain),
  ];
  const routes = atLeastOne('peer.allowedIps', peer.allowedIps, (text) => parseRoute(text).canonical);
  const endpoint = checked('peer.endpoint', () => formatEndpoint(peer.endpoint));
  const keepalive =
    peer.persistentKeepalive === undefined ? DEFAULT_KEEPALIVE_SECONDS : peer.persistentKeepalive;

  const lines = [...(comment === undefined ? [] : [commentLine(comment)]), '[Interface]'];
  if (own.privateKey === undefined) {
    lines.push(`# PrivateKey = (the private key that belongs to ${publicKey})`);
  } else {
    lines.push(`PrivateKey = ${key('interface.privateKey', own.privateKey, assertSecretKey)}`);
  }
  lines.push(`Address = ${addresses.join(', ')}`);
  if (dns.length > 0) lines.push(`DNS = ${dns.join(', ')}`);
  if (own.mtu !== undefined) {
    const smallest = addresses.some((address) => address.includes(':')) ? 1280 : 576;
    lines.push(`MTU = ${integer('interface.mtu', own.mtu, smallest, 65535)}`);
  }
  lines.push('', '[Peer]', `PublicKey = ${peerKey}`);
  if (peer.presharedKey !== undefined) {
    lines.push(`PresharedKey = ${key('peer.presharedKey', peer.presharedKey, assertSecretKey)}`);
  }
  lines.push(`Endpoint = ${endpoint}`, `AllowedIPs = ${routes.join(', ')}`);
  if (keepalive !== null) {
    lines.push(`PersistentKeepalive = ${integer('peer.persistentKeepalive', keepalive, 1, 65535)}`);
  }
  return `${lines.join('\n')}\n`;
}
