import { createAgent, type Agent, type HostDescription } from './agent.ts';
import type { InterfaceOptions } from './command-line.ts';
import { createHostKeeper } from './host.ts';
import { watchKernel } from './kernel-events.ts';
import { createLinuxTraffic } from './linux-traffic.ts';
import { createToolRunner, newProcessName } from './tool.ts';
import { createNoTraffic } from './traffic.ts';
import { createWgBackend } from './wg-backend.ts';

/**
 * An agent for a real interface of this machine.
 * @param alone no other agent serves the interface at the same time
 */
export async function startAgent(options: InterfaceOptions, alone: boolean): Promise<Agent> {
  const processName = newProcessName();
  const runTool = createToolRunner([], processName);
  const backend = await createWgBackend(options.interfaceName, runTool);
  const traffic = options.trafficRules
    ? createLinuxTraffic(options.interfaceName, runTool, options)
    : createNoTraffic();
  return createAgent({
    backend,
    traffic,
    networks: options.networks,
    alone,
    watchKernel,
    processName,
    ...(options.trafficRules
      ? { createHostKeeper: (host: HostDescription) => createHostKeeper({ ...host, runTool }) }
      : {}),
    forgetEndpointAfterMs: options.forgetEndpointAfterMinutes * 60_000,
    ...(options.maxPeers === undefined ? {} : { maxPeers: options.maxPeers }),
  });
}
