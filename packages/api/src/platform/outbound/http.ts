import { isIP } from 'node:net';
import { OutboundError, type OutboundHttp } from './ports.ts';
import { type Exchange, type Exchanged, exchange } from './exchange.ts';
import { parseRange, reachOf } from './reach.ts';
import type { Resolve } from './resolver.ts';

const URL_CHARACTERS_MAX = 2_048;
const PORTS: ReadonlySet<number> = new Set([443, 8443]);
const CONNECT_MS = 5_000;
const WHOLE_MS = 15_000;
/** Nobody reads a webhook's answer; this much of it is accepted. */
const POST_ANSWER_BYTES = 16 * 1024;
const JSON_BYTES_MOST = 256 * 1024;
const RETRY_AFTER_MOST = 86_400;

export interface OutboundOptions {
  /** Non-public addresses and ranges that may be reached, also with plain http and on any port. */
  readonly allow: readonly string[];
  readonly resolve: Resolve;
  /** 5 s and 15 s by default. */
  readonly connectMs?: number;
  readonly wholeMs?: number;
  /** Trusted CA certificates instead of the system's; for tests. */
  readonly ca?: string;
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function retryAfterOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1_000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), RETRY_AFTER_MOST);
}

const portOf = (url: URL): number => Number(url.port || (url.protocol === 'https:' ? 443 : 80));
/** URLs have IPv6 addresses in brackets. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/**
 * The only way to addresses that tenants choose. All addresses of a name are checked, since the connection may use
 * any of them. The connection is pinned to them, since a second look-up may return others.
 */
export function createOutboundHttp({ allow, resolve, ...options }: OutboundOptions): OutboundHttp {
  const ranges = allow.map(parseRange);
  const refuse = (why: string) => new OutboundError('bad_url', why);

  function checkAddress(url: URL, address: string): void {
    const reach = reachOf(address, ranges);
    if (reach === 'forbidden') {
      throw new OutboundError('forbidden_address', 'The address is not on the public internet.');
    }
    if (reach === 'allowed') return;
    if (url.protocol !== 'https:') throw refuse('Only https is allowed.');
    if (!PORTS.has(portOf(url))) throw refuse(`Only the ports ${[...PORTS].join(' and ')} are allowed.`);
  }

  /** The URL parser has already normalized decimal, octal and short forms of an address. */
  function parse(text: string): URL {
    if (text.length > URL_CHARACTERS_MAX || !URL.canParse(text)) throw refuse('This is not a URL.');
    const url = new URL(text);
    const schemes = ranges.length === 0 ? ['https:'] : ['https:', 'http:'];
    if (!schemes.includes(url.protocol)) throw refuse('Only https is allowed.');
    if (url.username !== '' || url.password !== '') throw refuse('Credentials are not allowed.');
    // If there are allowed ranges, a name may still resolve into one.
    if (ranges.length === 0 && !PORTS.has(portOf(url))) {
      throw refuse(`Only the ports ${[...PORTS].join(' and ')} are allowed.`);
    }
    if (isIP(hostOf(url)) !== 0) checkAddress(url, hostOf(url));
    return url;
  }

  async function addressesOf(url: URL): Promise<readonly string[]> {
    const host = hostOf(url);
    if (isIP(host) !== 0) return [host];
    let addresses: readonly string[];
    try {
      addresses = await resolve(host);
    } catch (cause) {
      throw new OutboundError('unresolved', 'Nobody answers for the name.', { cause });
    }
    if (addresses.length === 0) throw new OutboundError('unresolved', 'The name has no address.');
    for (const address of addresses) checkAddress(url, address);
    return addresses;
  }

  async function send(
    text: string,
    request: Pick<Exchange, 'method' | 'headers' | 'body' | 'wants' | 'answerBytesMost'>,
  ): Promise<Exchanged> {
    const url = parse(text);
    return exchange({
      ...request,
      url,
      addresses: await addressesOf(url),
      connectMs: options.connectMs ?? CONNECT_MS,
      wholeMs: options.wholeMs ?? WHOLE_MS,
      ca: options.ca,
    });
  }

  return {
    check: (url) => parse(url).href,

    async post(url, headers, body) {
      const { status, headers: answered } = await send(url, {
        method: 'POST',
        headers,
        body,
        wants: 'head',
        answerBytesMost: POST_ANSWER_BYTES,
      });
      return { status, retryAfterSeconds: retryAfterOf(answered['retry-after']) };
    },

    async getJson(url) {
      const headers = { accept: 'application/json' };
      const { status, body, cut } = await send(url, {
        method: 'GET',
        headers,
        wants: 'body',
        answerBytesMost: JSON_BYTES_MOST,
      });
      if (status !== 200) throw new OutboundError('bad_answer', `The status is ${status}, not 200.`);
      if (cut) throw new OutboundError('bad_answer', 'The document is too long.');
      try {
        return JSON.parse(body.toString('utf8')) as unknown;
      } catch {
        throw new OutboundError('bad_answer', 'The document is not JSON.');
      }
    },
  };
}
