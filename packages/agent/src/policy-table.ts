import type { Limits } from '@cvault/protocol';
import { parseElements } from './nft-elements.ts';
import type { DevicePolicy } from './traffic.ts';

const KINDS = ['upload', 'download', 'data', 'wider'] as const;
type Kind = (typeof KINDS)[number];

const BUDGET = 'budget_';

/** The budget of a quota of this name; undefined for a device's own quota. */
export function budgetOf(quotaName: string): string | undefined {
  return quotaName.startsWith(BUDGET) ? quotaName.slice(BUDGET.length) : undefined;
}

/** The maps of the table that hold policies. */
export const POLICY_MAPS: readonly string[] = [...KINDS, 'network'].flatMap((name) => [
  `${name}4`,
  `${name}6`,
]);

/** 100 Gbit/s: no machine is faster, and the kernel's arithmetic overflows soon after. */
const UNLIMITED_BITS_PER_SECOND = 100_000_000_000;

/**
 * The kernel's bucket holds one second's worth of bytes plus this. It must let one packet pass at any rate, and a
 * segment that the kernel assembled from a stream (GSO) counts as one packet of up to 64 KiB.
 *
 * A plan of 10 Mbit/s should give TCP 10.6 Mbit/s of payload over the first 10 s, with the full bucket at the
 * start, and 9.6 in the long run: the headers of TCP/IP are 4 % of the packets. Measured: between 9 and 11. Packets
 * over the limit cost no tokens. TCP retries within the second that the bucket lasts, so it loses nothing more.
 */
const BURST_BYTES = 65_536;

/**
 * A copy of the policies in the kernel's table, so that each change names exactly the elements to delete. The
 * methods return lines for `nft -f` and assume that all of them are executed in one transaction.
 *
 * A limit is one object for all addresses of a device, in maps from address to object. Both IP versions share it,
 * and all devices of a budget share the budget's. A network is a number by source address, and a set of destination
 * addresses with their number: n devices cost n elements of each, not n².
 */
export class PolicyTable {
  readonly #table: string;
  readonly #objects = new Map<Kind, Map<string, string>>(
    KINDS.map((kind) => [kind, new Map<string, string>()]),
  );
  /** The addresses under each object. */
  readonly #users = new Map<string, Set<string>>();
  readonly #networks = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #members = new Map<number, number>();
  #lastNumber = 0;
  /** Budgets without a device, and the first reading known to begin after their last device left. */
  readonly #idle = new Map<string, number | undefined>();

  /**
   * @param listing the output of `nft list map` for all POLICY_MAPS
   * @param quotas all quotas of the table
   */
  constructor(table: string, listing: string, quotas: readonly { readonly name: string }[]) {
    this.#table = table;
    const elements = parseElements(listing);
    for (const kind of KINDS) {
      for (const element of [`${kind}4`, `${kind}6`].flatMap((map) => elements.get(map) ?? [])) {
        const [, address, name] = /^(\S+) : "?(\w+)"?$/.exec(element) ?? [];
        if (address !== undefined && name !== undefined) this.#noteObject(kind, address, name);
      }
    }
    for (const { name } of quotas) {
      if (budgetOf(name) !== undefined && !this.#users.has(name)) this.#idle.set(name, undefined);
    }
    for (const element of ['network4', 'network6'].flatMap((map) => elements.get(map) ?? [])) {
      const [, address, network, number] = /^(\S+) comment "(\S+)" : (\w+)$/.exec(element) ?? [];
      if (address !== undefined && network !== undefined) this.#noteNetwork(address, network, Number(number));
    }
  }

  /** Replaces the policy of the device and of its addresses. */
  put(policy: DevicePolicy): string[] {
    const lines = KINDS.flatMap((kind) => this.#putLimit(kind, policy));
    lines.push(...policy.addresses.flatMap((address) => this.#quit(address)));
    if (policy.network !== undefined) {
      for (const address of policy.addresses)
        lines.push(...this.#join(address, policy.network.toLowerCase()));
    }
    return lines;
  }

  /** Removes all policies of these addresses. */
  drop(addresses: readonly string[]): string[] {
    return addresses.flatMap((address) => [
      ...KINDS.flatMap((kind) => this.#dropLimit(kind, address)),
      ...this.#quit(address),
    ]);
  }

  /** See Traffic. */
  forgetBudgets(pass: number, stored = 0): string[] {
    const lines: string[] = [];
    for (const [name, toldIn = pass + 1] of this.#idle) {
      if (toldIn > stored) {
        this.#idle.set(name, toldIn);
      } else {
        this.#idle.delete(name);
        lines.push(`delete quota ${this.#table} ${name}`);
      }
    }
    return lines;
  }

  #putLimit(kind: Kind, { deviceId, addresses, limits }: DevicePolicy): string[] {
    const limit = limits === undefined ? undefined : define(kind, limits, deviceId);
    if (limit !== undefined && budgetOf(limit.name) !== undefined) return this.#share(kind, limit, addresses);
    const name = ownName(kind, deviceId);
    // Addresses that the device is about to leave use the old object, which cannot be changed in place.
    const earlier = [...(this.#users.get(name) ?? [])];
    const lines = [...new Set([...earlier, ...addresses])].flatMap((address) =>
      this.#dropLimit(kind, address),
    );
    if (limit === undefined) return lines;
    lines.push(`add ${limit.type} ${this.#table} ${name} { ${limit.rule} }`);
    for (const address of new Set([...earlier, ...addresses])) lines.push(this.#place(kind, address, name));
    return lines;
  }

  /** An existing object stays as it is, and so does its use. */
  #share(kind: Kind, { name, type, rule }: Limit, addresses: readonly string[]): string[] {
    const lines: string[] = [];
    if (!this.#users.has(name) && !this.#idle.delete(name)) {
      lines.push(`add ${type} ${this.#table} ${name} { ${rule} }`);
    }
    for (const address of addresses) {
      if (this.#objects.get(kind)?.get(address) === name) continue;
      lines.push(...this.#dropLimit(kind, address), this.#place(kind, address, name));
    }
    return lines;
  }

  #place(kind: Kind, address: string, name: string): string {
    this.#noteObject(kind, address, name);
    return `add element ${this.#table} ${kind}${family(address)} { ${address} : "${name}" }`;
  }

  #dropLimit(kind: Kind, address: string): string[] {
    const name = this.#objects.get(kind)?.get(address);
    if (name === undefined) return [];
    this.#objects.get(kind)?.delete(address);
    const lines = [`delete element ${this.#table} ${kind}${family(address)} { ${address} }`];
    const users = this.#users.get(name);
    users?.delete(address);
    if (users?.size !== 0) return lines;
    this.#users.delete(name);
    if (budgetOf(name) === undefined) lines.push(`delete ${typeOf(kind)} ${this.#table} ${name}`);
    else this.#idle.set(name, undefined);
    return lines;
  }

  #join(address: string, network: string): string[] {
    let number = this.#numbers.get(network);
    while (number === undefined || (this.#names.get(number) ?? network) !== network) {
      number = this.#lastNumber = (this.#lastNumber % 0xffff_fffe) + 1;
    }
    this.#noteNetwork(address, network, number);
    return [
      `add element ${this.#table} network${family(address)} { ${address} comment "${network}" : ${number} }`,
      `add element ${this.#table} member${family(address)} { ${address} . ${number} }`,
    ];
  }

  #quit(address: string): string[] {
    const number = this.#networks.get(address);
    if (number === undefined) return [];
    this.#networks.delete(address);
    const members = (this.#members.get(number) ?? 1) - 1;
    this.#members.set(number, members);
    if (members === 0) {
      this.#members.delete(number);
      this.#numbers.delete(this.#names.get(number) ?? '');
      this.#names.delete(number);
    }
    return [
      `delete element ${this.#table} network${family(address)} { ${address} }`,
      `delete element ${this.#table} member${family(address)} { ${address} . ${number} }`,
    ];
  }

  #noteObject(kind: Kind, address: string, name: string): void {
    this.#objects.get(kind)?.set(address, name);
    const users = this.#users.get(name) ?? new Set();
    this.#users.set(name, users.add(address));
  }

  #noteNetwork(address: string, network: string, number: number): void {
    this.#networks.set(address, number);
    this.#numbers.set(network, number);
    this.#names.set(number, network);
    this.#members.set(number, (this.#members.get(number) ?? 0) + 1);
  }
}

interface Limit {
  readonly name: string;
  readonly type: 'limit' | 'quota';
  readonly rule: string;
}

function typeOf(kind: Kind): Limit['type'] {
  return kind === 'upload' || kind === 'download' ? 'limit' : 'quota';
}

function ownName(kind: Kind, deviceId: string): string {
  return `${kind}_${deviceId.toLowerCase().replaceAll('-', '')}`;
}

function define(kind: Kind, limits: Limits, deviceId: string): Limit | undefined {
  const type = typeOf(kind);
  if (type === 'limit') {
    const rate = kind === 'upload' ? limits.uploadBitsPerSecond : limits.downloadBitsPerSecond;
    if (rate === undefined || rate >= UNLIMITED_BITS_PER_SECOND) return undefined;
    const rule = `rate over ${Math.floor(rate / 8)} bytes/second burst ${BURST_BYTES} bytes`;
    return { name: ownName(kind, deviceId), type, rule };
  }
  const budget = limits.budgets?.[kind === 'data' ? 0 : 1];
  const bytes = budget?.bytes ?? (kind === 'data' ? limits.dataBytes : undefined);
  if (bytes === undefined) return undefined;
  const name = budget === undefined ? ownName(kind, deviceId) : BUDGET + budget.id;
  // `nft` does not accept a quota of 0; no packet fits into one byte.
  return { name, type, rule: `over ${Math.max(1, bytes)} bytes` };
}

function family(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
