import { CVaultError } from '../platform/errors.ts';
import type { Probe } from '../servers/index.ts';
import { AgentClient } from './agent-client.ts';
import { type Transport, TransportError } from './transports/transport.ts';

const PROBE_DEADLINE_MS = 30_000;

/**
 * Opens its own connection, asks one question, and closes it.
 * @param publicKey the expected interface, in canonical base64
 * @throws CVaultError `host_key_mismatch`, `server_unreachable`
 */
export async function probe(transport: Transport, publicKey: string): Promise<Probe> {
  try {
    const started = performance.now();
    const client = await AgentClient.open(await transport.open(AbortSignal.timeout(PROBE_DEADLINE_MS)));
    try {
      const connectMs = performance.now() - started;
      if (client.hello.publicKey !== publicKey) {
        throw new TransportError(
          'refused',
          'the interface that answers has another public key than the one that is known',
        );
      }
      const asked = performance.now();
      const peerCount = await client.peerCount();
      const roundTripMs = performance.now() - asked;
      const { agentVersion, interface: interfaceName } = client.hello;
      return { connectMs, roundTripMs, agentVersion, interfaceName, peerCount };
    } finally {
      client.close();
    }
  } catch (cause) {
    if (cause instanceof TransportError && cause.kind === 'host_key_mismatch') {
      throw new CVaultError(
        'host_key_mismatch',
        'The SSH host key is not the pinned one. Nothing was sent.',
        { cause },
      );
    }
    const how = cause instanceof TransportError ? cause.message : 'the agent did not answer';
    throw new CVaultError('server_unreachable', `The VPN server cannot be reached: ${how}.`, { cause });
  }
}
