import { cutTrackedFlows } from './conntrack.ts';
import { renderRuleset } from './nftables.ts';
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
  return {
    async install(ownAddresses) {
      const own = prefixes(ownAddresses);
      const networks = options.networks?.length ? prefixes(options.networks) : own;
      if (networks.length === 0) {
        throw new Error(`interface ${interfaceName} has no address to tell the tunnel's network from`);
      }
      const ruleset = renderRuleset({
        interfaceName,
        own,
        networks,
        allowPrivate: options.allowPrivate === true,
      });
      try {
        await runTool('nft', ['-f', '-'], ruleset);
      } catch (error) {
        const words = error instanceof ToolFailed ? error.stderr.split('\n')[0] : undefined;
        throw new Error(`the traffic rules could not be set: ${words ?? 'nft failed'}`, { cause: error });
      }
    },
    cutFlows: (addresses) => cutTrackedFlows(runTool, addresses),
  };
}

function prefixes(texts: readonly string[]): Prefix[] {
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new Error(`${JSON.stringify(text)} is no network`);
    return prefix;
  });
}
