import type { Duplex } from 'node:stream';
import { connectControlPlane, type TestControlPlane } from '@cvault/agent/testing';
import { createSshTransport, type SshTarget } from '../../packages/api/src/fleet/transports/ssh.ts';

export interface AgentChannel extends TestControlPlane {
  close(): void;
}

/** Connects to a VPN server's agent like the control plane: over SSH, with its own transport. */
export async function openAgentChannel(target: SshTarget): Promise<AgentChannel> {
  const stream: Duplex = await createSshTransport(target).open(AbortSignal.timeout(15_000));
  stream.on('error', () => undefined);
  return { ...(await connectControlPlane(stream, stream)), close: () => stream.destroy() };
}
