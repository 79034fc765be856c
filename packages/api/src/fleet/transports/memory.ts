import {
  type Agent,
  connectInProcess,
  createAgent,
  createMemoryBackend,
  createNoTraffic,
} from '@cvault/agent';
import { type Transport, TransportError } from './transport.ts';

export interface MemoryTarget {
  readonly serverId: string;
  readonly interfaceName: string;
  /** Canonical base64. */
  readonly publicKey: string;
}

/** One simulated VPN server per id, for the life of this process: like a real one, it outlives its links. */
const agents = new Map<string, Promise<Agent>>();

/** A simulated VPN server in this process: a real agent with the real protocol, on an interface in memory. */
export function createMemoryTransport({ serverId, interfaceName, publicKey }: MemoryTarget): Transport {
  return {
    async open(signal) {
      signal.throwIfAborted();
      let agent = agents.get(serverId);
      if (agent === undefined) {
        agent = createAgent({
          backend: createMemoryBackend({ interfaceName, publicKey }),
          traffic: createNoTraffic(),
        });
        agents.set(serverId, agent);
      }
      try {
        return connectInProcess(await agent);
      } catch (cause) {
        throw new TransportError('unreachable', 'the simulated VPN server did not start', cause);
      }
    },
  };
}
