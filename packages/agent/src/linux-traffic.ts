import { randomBytes } from 'node:crypto';
import { cutTrackedFlows } from './conntrack.ts';
import { listElements } from './nft-elements.ts';
import { createNftMeter } from './nft-meter.ts';
import { renderRuleset, tableName } from './nftables.ts';
import { POLICY_MAPS, PolicyTable } from './policy-table.ts';
import { parsePrefix, type Prefix } from './prefix.ts';
import { ToolFailed, type RunTool } from './tool.ts';
import type { Traffic } from './traffic.ts';

export interface LinuxTrafficOptions {
  /** Networks that tunnel addresses come from; by default those of the interface's own addresses. */
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
  /** Undefined where it is not known what the kernel has: before the first use, and after a failure. */
  let policies: PolicyTable | undefined;

  async function knownPolicies(): Promise<PolicyTable> {
    if (policies !== undefined) return policies;
    return (policies = new PolicyTable(table, await listElements(runTool, 'map', table, POLICY_MAPS)));
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

  /** False also for a table of an agent that kept less in it. */
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

  return {
    meter,
    async install(ownAddresses) {
      const own = prefixes(ownAddresses);
      const networks = options.networks?.length ? prefixes(options.networks) : own;
      if (networks.length === 0) {
        throw new Error(`interface ${interfaceName} has no address to tell the tunnel's network from`);
      }
      try {
        const ruleset = renderRuleset({
          interfaceName,
          own,
          networks,
          allowPrivate: options.allowPrivate === true,
          newLife: (await hasTable()) ? undefined : randomBytes(16).toString('hex'),
        });
        await runTool('nft', ['-f', '-'], ruleset);
        policies = undefined;
        await knownPolicies();
      } catch (error) {
        const words = error instanceof ToolFailed ? error.stderr.split('\n')[0] : undefined;
        throw new Error(`the traffic rules could not be set: ${words ?? 'nft failed'}`, { cause: error });
      }
    },
    admit: (admitted) => changePolicies((known) => admitted.flatMap((policy) => known.put(policy))),
    async release(addresses) {
      const failed = await cutTrackedFlows(runTool, addresses);
      const cut = addresses.filter((address) => !failed.includes(address));
      await changePolicies((known) => known.drop(cut));
      return failed;
    },
  };
}

function prefixes(texts: readonly string[]): Prefix[] {
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new Error(`${JSON.stringify(text)} is no network`);
    return prefix;
  });
}
