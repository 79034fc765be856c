import type { Duplex } from 'node:stream';
import { reached } from '../../platform/observability/steps.ts';
import { type HostReport, MAX_BATCH_OPS, type Op, type OpResult } from '@cvault/protocol';
import { AgentClient } from '../agent-client.ts';
import { Batcher } from '../batcher.ts';
import type { Acknowledgement } from '../peer.ts';
import { watchHost } from './host.ts';
import type { LinkContext } from './state.ts';

/** The most acknowledgements stored in one statement. */
const ACKS_MAX = 1_000;

/** One connection to an agent, with the batches on the way there and on the way back to the database. */
export interface Channel {
  readonly link: LinkContext;
  readonly client: AgentClient;
  readonly ops: Batcher<Op, OpResult>;
  /** Resolves to whether it is stored. */
  readonly acks: Batcher<Acknowledgement, boolean>;
  /** The agent's newest report. While it names a problem, no device there counts as active. */
  host: HostReport;
  /** The VPN server's own tunnel addresses that the agent has accepted, separated by spaces. */
  tunnelAddresses: string;
  /** Whether a device's address is in one of their networks. */
  inTunnel: (address: string) => boolean;
  /** The last of the reconciliations, which run one after the other. */
  repairing: Promise<void>;
}

/** @throws if the agent does not answer or serves another interface */
export async function openChannel(link: LinkContext, stream: Duplex): Promise<Channel> {
  const { serverId, publicKey, peers } = link;
  const client = await AgentClient.open(stream);
  if (client.hello.publicKey !== publicKey) {
    throw new Error('the interface that answers has another public key than the VPN server in the database');
  }
  await client.learnFeatures();
  await peers.adoptEpoch(serverId, client.hello.epoch, client.hello.agentVersion);
  const channel: Channel = {
    link,
    client,
    ops: new Batcher((ops) => apply(client, ops), MAX_BATCH_OPS),
    acks: new Batcher((acks) => acknowledge(channel, acks), ACKS_MAX),
    host: { problems: [], mended: [] },
    tunnelAddresses: '',
    inTunnel: () => false,
    repairing: Promise.resolve(),
  };
  await watchHost(channel, { fresh: false });
  return channel;
}

async function apply(client: AgentClient, ops: Op[]): Promise<OpResult[]> {
  reached('push:ready');
  const applying = client.apply(ops);
  reached('push:sent');
  const results = await applying;
  reached('push:acknowledged');
  return results;
}

async function acknowledge({ link, client }: Channel, acks: Acknowledgement[]): Promise<boolean[]> {
  const failed = await link.peers.acknowledge(link.serverId, client.hello.epoch, acks);
  reached('push:recorded');
  for (const [{ deviceId }, error] of failed) {
    link.onEvent({ type: 'failed', what: `note that device ${deviceId} was acknowledged`, error });
  }
  return acks.map((ack) => !failed.has(ack));
}
