/** All of the agent's own suites on a real kernel's WireGuard and nftables, only in the full round. */
import { afterAll, beforeAll, test } from 'vitest';
import { createInternet, type Internet } from '../harness/internet.ts';
import { agentSuites } from './agent-suites/bundle.ts';
import { copyAgentSuites, expectAgentSuitePasses } from './agent-suites/on-machine.ts';
import { imageFolder, timed } from './round.ts';
import { startVirtualMachine, type VirtualMachine } from './virtual-machine.ts';

let internet: Internet;
let machine: VirtualMachine;

beforeAll(async () => {
  internet = await createInternet();
  const network = await internet.addVpnServer('vpn');
  machine = await timed('boot', () => startVirtualMachine({ network, image: imageFolder() }));
  await timed('apt-get install of what the suites call', () =>
    machine.must([
      ...['sh', '-c', 'apt-get -qq update && apt-get -qq -y install --no-install-recommends "$@"', 'sh'],
      ...['wireguard-tools', 'nftables', 'conntrack', 'nodejs', 'iperf3'],
    ]),
  );
  await copyAgentSuites(machine);
});

afterAll(async () => {
  await machine?.stop();
  await internet?.destroy();
});

test.each(await agentSuites())('the agent’s suite %s passes', (suite) =>
  expectAgentSuitePasses(machine, suite),
);
