import { randomBytes } from 'node:crypto';
import { installAdmissionRules, lookForAdmissionRules } from './admission-rules.ts';
import { cutTrackedFlows } from './conntrack.ts';
import type { Fault } from './guard.ts';
import { networkOf } from './network-address.ts';
import { listElements } from './nft-elements.ts';
import { createNftMeter } from './nft-meter.ts';
import { renderRuleset, tableName } from './nftables.ts';
import { budgetOf, POLICY_MAPS, PolicyTable } from './policy-table.ts';
import { parsePrefix, type Prefix } from './prefix.ts';
import { isUsedUp, listQuotas } from './nft-quotas.ts';
import { ToolFailed, type RunTool } from './tool.ts';
import { parseTable, type ListedTable } from './table-listing.ts';
import type { DevicePolicy, Traffic } from './traffic.ts';

/** The sets whose elements are part of the rules. */
const STATIC_SETS = ['own4', 'own6', 'tunnel4', 'tunnel6'];

/** Matches a line of `nft monitor`. */
const ABOUT_DEVICES = /^(add|delete|create|destroy|flush) (element|limit|quota|counter) /;
const isStatic = (line: string) => STATIC_SETS.some((set) => line.includes(` ${set} `));

export interface LinuxTrafficOptions {
  /** Networks that tunnel addresses come from. Default: those of the interface's own addresses. */
  readonly networks?: readonly string[];
  readonly allowPrivate?: boolean;
}

/** Traffic rules by nftables, in a table of the interface's own, and connections by conntrack. */
export function createLinuxTraffic(
  interfaceName: string,
  runTool: RunTool,
  options: LinuxTrafficOptions = {},
): Traffic {
  const table = `inet ${tableName(interfaceName)}`;
  const meter = createNftMeter(runTool, table);
  /** Undefined while the kernel's state is unknown: before the first use, and after a failure. */
  let policies: PolicyTable | undefined;
  /** The policies admitted and not released, so that they can be put in force again. */
  const admitted = new Map<string, DevicePolicy>();
  const holders = new Map<string, string>();
  let own: readonly Prefix[] = [];
  let networks: readonly Prefix[] = [];
  /** The kernel's listing of the table after installation. */
  let installed: ListedTable | undefined;

  async function knownPolicies(): Promise<PolicyTable> {
    if (policies !== undefined) return policies;
    const elements = await listElements(runTool, 'map', table, POLICY_MAPS);
    return (policies = new PolicyTable(table, elements, await listQuotas(runTool, table)));
  }

  async function changePolicies(change: (known: PolicyTable) => string[]): Promise<void> {
    const lines = change(await knownPolicies());
    if (lines.length === 0) return;
    try {
      await runTool('nft', ['-f', '-'], `${lines.join('\n')}\n`);
    } catch (error) {
      policies = undefined;
      throw error;
    }
  }

  /** Also false for a table of an older agent that kept less in it. */
  async function hasTable(): Promise<boolean> {
    try {
      return (await runTool('nft', ['list', 'counters', 'table', ...table.split(' ')])).includes(
        'counter life1_',
      );
    } catch (error) {
      if (error instanceof ToolFailed && error.stderr.includes('No such file or directory')) return false;
      throw error;
    }
  }

  /** @param keep leaves the counts and the devices' policies in the table */
  async function putInPlace(keep: boolean): Promise<void> {
    const newLife = keep ? undefined : randomBytes(16).toString('hex');
    const allowPrivate = options.allowPrivate === true;
    await runTool('nft', ['-f', '-'], renderRuleset({ interfaceName, own, networks, allowPrivate, newLife }));
    policies = undefined;
    await knownPolicies();
    // This comes after the rules that mark packets. The other way round, packets would stop for a moment.
    await installAdmissionRules(runTool, interfaceName, networks.map(networkOf)).catch(() => undefined);
    installed = await listTable();
  }

  /** Undefined if the table is gone. */
  async function listTable(): Promise<ListedTable | undefined> {
    try {
      const listing = await runTool('nft', ['--stateless', '--terse', 'list', 'table', ...table.split(' ')]);
      return parseTable(listing, await listElements(runTool, 'set', table, STATIC_SETS));
    } catch (error) {
      if (error instanceof ToolFailed && error.stderr.includes('No such file or directory')) return undefined;
      throw error;
    }
  }

  /** The counters are gone or not reliable, and other parts may be lost too: everything begins anew. */
  async function rebuild(): Promise<void> {
    await putInPlace(false);
    await changePolicies((known) => [...admitted.values()].flatMap((policy) => known.put(onItsOwn(policy))));
  }

  async function findFaults(touched: boolean): Promise<Fault[]> {
    if (installed === undefined) return [];
    const rules = await lookForAdmissionRules(runTool, interfaceName, networks.map(networkOf));
    const now = await listTable();
    const wanted = installed;
    if (now === undefined || [...wanted.sets].some((set) => !now.sets.has(set))) {
      const detail = `The table ${table} or a part of it that counts was gone.`;
      return [...rules, { code: 'traffic_rules_removed', detail, mend: rebuild, endsEpoch: true }];
    }
    if (touched) {
      const detail = `Somebody changed counters or limits in the table ${table}.`;
      return [...rules, { code: 'traffic_policies_changed', detail, mend: rebuild, endsEpoch: true }];
    }
    const strange = [...now.chains.keys()].filter((chain) => !wanted.chains.has(chain));
    const changed = [...wanted.chains].filter(([chain, text]) => now.chains.get(chain) !== text);
    if (strange.length === 0 && changed.length === 0 && now.elements === wanted.elements) return rules;
    const names = [...changed.map(([chain]) => chain), ...strange].slice(0, 5);
    const what = names.length === 0 ? 'its sets of addresses' : `its chains ${names.join(', ')}`;
    const mend = async () => {
      const removals = strange.map(
        (chain) => `flush chain ${table} ${chain}\ndelete chain ${table} ${chain}\n`,
      );
      if (strange.length > 0) await runTool('nft', ['-f', '-'], removals.join('')).catch(() => undefined);
      await putInPlace(true);
    };
    const detail = `In the table ${table}, ${what} had been changed.`;
    return [...rules, { code: 'traffic_rules_changed', detail, mend }];
  }

  function remember(policy: DevicePolicy): void {
    if (policy.limits === undefined && policy.network === undefined) admitted.delete(policy.deviceId);
    else admitted.set(policy.deviceId, policy);
    for (const address of policy.addresses) holders.set(address, policy.deviceId);
  }

  function forget(address: string): void {
    const deviceId = holders.get(address);
    holders.delete(address);
    if (deviceId !== undefined && admitted.get(deviceId)?.addresses.includes(address) === true) {
      admitted.delete(deviceId);
    }
  }

  return {
    meter,
    async install(ownAddresses) {
      own = prefixes(ownAddresses);
      networks = options.networks?.length ? prefixes(options.networks) : own;
      if (networks.length === 0) {
        throw new Error(`interface ${interfaceName} has no address to tell the tunnel's network from`);
      }
      try {
        const had = await hasTable();
        await putInPlace(had);
        return had;
      } catch (error) {
        const words = error instanceof ToolFailed ? error.stderr.split('\n')[0] : undefined;
        throw new Error(`the traffic rules could not be set: ${words ?? 'nft failed'}`, { cause: error });
      }
    },
    faults: findFaults,
    isAboutDevices: (line) => ABOUT_DEVICES.test(line) && line.includes(` ${table} `) && !isStatic(line),
    async admit(some) {
      await changePolicies((known) => some.flatMap((policy) => known.put(policy)));
      some.forEach(remember);
    },
    async usedUp() {
      const spent = (await listQuotas(runTool, table)).filter(isUsedUp);
      return new Set(spent.flatMap(({ name }) => budgetOf(name) ?? []));
    },
    forgetBudgets: (pass, stored) => changePolicies((known) => known.forgetBudgets(pass, stored)),
    async release(addresses) {
      const failed = await cutTrackedFlows(runTool, addresses);
      const cut = addresses.filter((address) => !failed.includes(address));
      await changePolicies((known) => known.drop(cut));
      cut.forEach(forget);
      return failed;
    },
  };
}

/**
 * Replaces budgets by a limit for each device. The use of a budget is lost with it, and it must not begin again
 * with its first value. Until the control plane sends what is left, each device has at most that much.
 */
function onItsOwn(policy: DevicePolicy): DevicePolicy {
  const { budgets, ...limits } = policy.limits ?? {};
  if (budgets === undefined || budgets.length === 0) return policy;
  return { ...policy, limits: { ...limits, dataBytes: Math.min(...budgets.map(({ bytes }) => bytes)) } };
}

function prefixes(texts: readonly string[]): Prefix[] {
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new Error(`${JSON.stringify(text)} is no network`);
    return prefix;
  });
}
