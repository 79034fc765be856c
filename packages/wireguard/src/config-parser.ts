import { formatAddress, parseAddress, parseAddressWithPrefix, parseRoute } from './addresses.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { InvalidValue } from './invalid-value.ts';
import { parsePublicKey, parseSecretKey } from './keys.ts';
import { parseSearchDomain } from './search-domain.ts';

export interface ParsedInterface {
  /** Null if the file has none, because the device created its own key. */
  privateKey: Buffer | null;
  /** Canonical, with prefix length: `10.8.0.2/32`. */
  addresses: string[];
  /** IP addresses, canonical. */
  dns: string[];
  /** DNS names, canonical. */
  searchDomains: string[];
  /** Bytes; null for wg-quick's choice. */
  mtu: number | null;
}

export interface ParsedPeer {
  publicKey: Buffer;
  /** Null for none. */
  presharedKey: Buffer | null;
  /** Null if the file has none; the peer then has to send first. */
  endpoint: Endpoint | null;
  /** Routes, canonical. */
  allowedIps: string[];
  /** Seconds; null for off. */
  persistentKeepalive: number | null;
}

export interface ParsedConfig {
  interface: ParsedInterface;
  peers: ParsedPeer[];
}

/** A fault of one line. `line` counts from 1; 0 means the whole file. Never repeats a value. */
export interface ConfigProblem {
  line: number;
  reason: string;
}

/** All faults of a file, in the order of its lines. */
export class InvalidConfigFile extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ line, reason }) => `line ${line}: ${reason}`).join('\n'));
    this.name = 'InvalidConfigFile';
    this.problems = problems;
  }
}

interface Entry {
  line: number;
  value: string;
}

interface Section {
  name: 'interface' | 'peer';
  line: number;
  /** By key in lower case. */
  entries: Map<string, Entry[]>;
}

/** Exactly the keys that renderDeviceConfig writes. wg-quick's other keys run commands or change the machine. */
const KEYS: Record<Section['name'], readonly string[]> = {
  interface: ['privatekey', 'address', 'dns', 'mtu'],
  peer: ['publickey', 'presharedkey', 'endpoint', 'allowedips', 'persistentkeepalive'],
};

/** isspace(3) of the C locale, as in wg(8) and wg-quick(8); trim() would also remove U+2028 and others. */
const SPACES = ' \t\r\v\f';

/** One pass from each end: a pattern like /\s+$/ takes quadratic time on a run of spaces. */
function trimAscii(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.includes(text.charAt(start))) start++;
  while (end > start && SPACES.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Only the letters that wg(8) folds: toLowerCase() would also turn the Kelvin sign U+212A into `k`. */
function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A key's name for an error message, if it looks like one: a secret on its own line must not be repeated. */
function nameForMessage(key: string): string {
  return /^[A-Za-z]{1,20}$/.test(key) ? `the key ${key}` : 'a key';
}

/** Splits the text into sections and keys, without interpreting values. */
function scan(text: string, problems: ConfigProblem[]): Section[] {
  const sections: Section[] = [];
  let section: Section | null = null;
  for (const [index, whole] of text.split('\n').entries()) {
    const line = index + 1;
    if (whole.includes('\0')) problems.push({ line, reason: 'has a NUL character, where wg stops reading' });
    const hash = whole.indexOf('#');
    const content = trimAscii(hash === -1 ? whole : whole.slice(0, hash));
    if (content === '') continue;
    if (content.startsWith('[')) {
      const name = asciiLower(content);
      if (name !== '[interface]' && name !== '[peer]') {
        section = null;
        problems.push({ line, reason: 'starts a section other than [Interface] and [Peer]' });
      } else {
        section = { name: name === '[peer]' ? 'peer' : 'interface', line, entries: new Map() };
        sections.push(section);
      }
      continue;
    }
    const equals = content.indexOf('=');
    if (equals === -1) {
      problems.push({ line, reason: 'is neither a section nor `key = value`' });
      continue;
    }
    const key = trimAscii(content.slice(0, equals));
    if (section === null || !KEYS[section.name].includes(asciiLower(key))) {
      problems.push({ line, reason: `has ${nameForMessage(key)}, which a device's file may not have there` });
      continue;
    }
    const entry = { line, value: trimAscii(content.slice(equals + 1)) };
    const earlier = section.entries.get(asciiLower(key));
    if (earlier === undefined) section.entries.set(asciiLower(key), [entry]);
    else earlier.push(entry);
  }
  return sections;
}

function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    if (!/^(0|[1-9]\d{0,4})$/.test(text) || Number(text) > max) {
      throw new InvalidValue(`is not a whole number from 0 to ${max}`);
    }
    return Number(text);
  };
}

function keepalive(text: string): number | null {
  const seconds = asciiLower(text) === 'off' ? 0 : wholeNumber(65535)(text);
  return seconds === 0 ? null : seconds;
}

/** An interface's Address may have any prefix length; without one, wg-quick uses the single address. */
function interfaceAddress(text: string): string {
  if (!text.includes('/')) return singleAddressRange(text);
  const { address, prefix } = parseAddressWithPrefix(text);
  return `${formatAddress(address)}/${prefix}`;
}

/** wg(8): a route without a prefix length is one address. */
function route(text: string): string {
  return text.includes('/') ? parseRoute(text).canonical : singleAddressRange(text);
}

function singleAddressRange(text: string): string {
  const address = parseAddress(text);
  return `${formatAddress(address)}/${address.family === 4 ? 32 : 128}`;
}

/** Reads values from a section and collects their faults. */
class SectionReader {
  readonly #section: Section;
  readonly #problems: ConfigProblem[];

  constructor(section: Section, problems: ConfigProblem[]) {
    this.#section = section;
    this.#problems = problems;
  }

  /** The value of a key that may occur once; null if it is missing or invalid. */
  one<T>(key: string, read: (value: string) => T): T | null {
    const [first, ...more] = this.#section.entries.get(key.toLowerCase()) ?? [];
    for (const { line } of more) this.#problems.push({ line, reason: `has ${key} a second time` });
    return first === undefined ? null : this.#read(key, first.line, first.value, read);
  }

  /** The values of a list, on one line or several. */
  many<T>(key: string, read: (value: string) => T): T[] {
    const entries = this.#section.entries.get(key.toLowerCase()) ?? [];
    return entries
      .flatMap(({ line, value }) =>
        value.split(',').map((item) => this.#read(key, line, trimAscii(item), read)),
      )
      .filter((item) => item !== null);
  }

  #read<T>(key: string, line: number, value: string, read: (value: string) => T): T | null {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      this.#problems.push({ line, reason: `${key} ${error.reason}` });
      return null;
    }
  }
}

/** wg-quick(8): entries of DNS that are not addresses are search domains. */
const isAddress = (text: string) => /^[0-9.]+$/.test(text) || text.includes(':');
const resolverOrDomain = (text: string) =>
  isAddress(text) ? formatAddress(parseAddress(text)) : parseSearchDomain(text);

function readInterface(section: Section, problems: ConfigProblem[]): ParsedInterface {
  const reader = new SectionReader(section, problems);
  const dns = reader.many('DNS', resolverOrDomain);
  return {
    privateKey: reader.one('PrivateKey', parseSecretKey),
    addresses: reader.many('Address', interfaceAddress),
    dns: dns.filter(isAddress),
    searchDomains: dns.filter((text) => !isAddress(text)),
    mtu: reader.one('MTU', wholeNumber(65535)),
  };
}

function readPeer(section: Section, problems: ConfigProblem[]): ParsedPeer[] {
  const reader = new SectionReader(section, problems);
  const publicKey = reader.one('PublicKey', parsePublicKey);
  const rest = {
    presharedKey: reader.one('PresharedKey', parseSecretKey),
    endpoint: reader.one('Endpoint', parseEndpoint),
    allowedIps: reader.many('AllowedIPs', route),
    persistentKeepalive: reader.one('PersistentKeepalive', keepalive),
  };
  if (publicKey !== null) return [{ publicKey, ...rest }];
  if (!section.entries.has('publickey')) {
    problems.push({ line: section.line, reason: 'starts a peer without a PublicKey' });
  }
  return [];
}

/**
 * Parses a device's configuration file. Case, spaces, comments and repeated lists are treated like in wg(8) and
 * wg-quick(8). Keys and values are strict: a key that renderDeviceConfig never writes (PostUp, Table, ListenPort,
 * …), an unknown section, a repeated single value or a non-canonical value is a fault. Takes time proportional to
 * the text.
 * @throws {InvalidConfigFile} with all faults
 */
export function parseConfig(text: string): ParsedConfig {
  const problems: ConfigProblem[] = [];
  const sections = scan(text, problems);
  const [own, ...others] = sections.filter(({ name }) => name === 'interface');
  for (const { line } of others) problems.push({ line, reason: 'starts a second [Interface] section' });
  if (own === undefined)
    throw new InvalidConfigFile([...problems, { line: 0, reason: 'has no [Interface] section' }]);
  const config: ParsedConfig = {
    interface: readInterface(own, problems),
    peers: sections.filter(({ name }) => name === 'peer').flatMap((section) => readPeer(section, problems)),
  };
  if (problems.length > 0) throw new InvalidConfigFile(problems.toSorted((a, b) => a.line - b.line));
  return config;
}
