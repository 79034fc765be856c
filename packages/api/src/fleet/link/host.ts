import type { HostReport } from '@cvault/protocol';
import type { Channel } from './channel.ts';
import { repair } from './reconcile.ts';

/** Subscribes to the agent's reports of its host. Resolves when the first report is stored. */
export async function watchHost(channel: Channel, { fresh }: { fresh: boolean }): Promise<void> {
  await channel.client.watchHost(fresh, (report) => receive(channel, report));
  await noteCondition(channel);
}

/** Nothing waits for the writes. Losing one loses nothing, because the next reconcile writes the same. */
function receive(channel: Channel, report: HostReport): void {
  const { onEvent } = channel.link;
  const hadProblems = channel.host.problems.length > 0;
  if (JSON.stringify(report) !== JSON.stringify(channel.host)) onEvent({ type: 'host', report });
  channel.host = report;
  noteCondition(channel)
    .then(async () => {
      // Devices set meanwhile were not acknowledged.
      if (hadProblems && report.problems.length === 0 && isReady(channel)) await repair(channel);
    })
    .catch((error: unknown) =>
      onEvent({ type: 'failed', what: 'note what the agent says of its host', error }),
    );
}

function isReady(channel: Channel): boolean {
  const state = channel.link.state();
  return state.name === 'ready' && state.channel === channel;
}

/** Stores the agent's newest report. */
export function noteCondition(channel: Channel): Promise<void> {
  const { serverId, peers, conditionWrites } = channel.link;
  const written = conditionWrites.last.then(() =>
    peers.noteCondition(serverId, channel.client.hello.epoch, channel.host),
  );
  conditionWrites.last = written.catch(() => undefined);
  return written;
}
