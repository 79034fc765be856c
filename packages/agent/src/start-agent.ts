import { createAgent, type Agent } from './agent.ts';
import type { InterfaceOptions } from './command-line.ts';
import { createLinuxTraffic } from './linux-traffic.ts';
import { createToolRunner } from './tool.ts';
import { createNoTraffic } from './traffic.ts';
import { createWgBackend } from './wg-backend.ts';

/** An agent for a real interface of this machine. */
export async function startAgent(options: InterfaceOptions): Promise<Agent> {
  const runTool = createToolRunner();
  const backend = await createWgBackend(options.interfaceName, runTool);
  const traffic = options.trafficRules
    ? createLinuxTraffic(options.interfaceName, runTool, options)
    : createNoTraffic();
  return createAgent({
    backend,
    traffic,
    networks: options.networks,
    forgetEndpointAfterMs: options.forgetEndpointAfterMinutes * 60_000,
    ...(options.maxPeers === undefined ? {} : { maxPeers: options.maxPeers }),
  });
}
