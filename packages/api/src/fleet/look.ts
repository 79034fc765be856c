import type { DesiredDigest } from './peer.ts';
import type { PeerStore } from './ports.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentDigest, Link } from './link/link.ts';

/** The results of one look, in numbers of VPN servers. */
export interface LookCounts {
  /** As desired: one line to the agent, one row of the database, nothing else. */
  readonly quiet: number;
  /** Listed and compared peer by peer. */
  readonly full: number;
  /** Became unreachable during the look. */
  readonly away: number;
}

/** Share of the period after which a claim ends, so that its holder can claim again even after a late look. */
const CLAIM_SHARE = 0.9;
/** An agent that has not answered by then is compared later, alone: the others do not wait for it. */
const PROMPT_MS = 1_000;

function isQuiet(agent: AgentDigest, wanted: DesiredDigest | undefined): boolean {
  return (
    wanted?.epoch === agent.epoch &&
    wanted.unnoted === 0 &&
    agent.drifted === 0 &&
    wanted.peers === agent.peers &&
    wanted.digest === agent.digest &&
    wanted.tunnelAddresses.join(' ') === agent.tunnelAddresses
  );
}

/**
 * Checks the VPN servers that are due and that no other replica checks. Asks all agents at once for one line each,
 * and the database for all of them together. Where both agree, nothing else is read or written; the others are
 * reconciled. Agents are asked first, as in planReconcile: a change in between only costs a reconcile that finds
 * nothing.
 * @param everyMs the period of the looks, over all replicas
 * @param onDiffering gets the ids of those to reconcile; not awaited, so a slow one delays no later look
 */
export async function lookAtAll(
  links: ReadonlyMap<string, Pick<Link, 'state' | 'digest'>>,
  peers: PeerStore,
  everyMs: number,
  onDiffering: (serverId: string) => void,
): Promise<LookCounts> {
  const ready = [...links].filter(([, link]) => link.state === 'ready').map(([id]) => id);
  const counts = { quiet: 0, full: 0, away: 0 };
  if (ready.length === 0) return counts;
  const claimed = await peers.claimLook(ready, everyMs * CLAIM_SHARE);
  const answers = new Map<string, AgentDigest | 'untold'>();
  const asking = Promise.all(
    claimed.map(async (id) => {
      const answer = (await links.get(id)?.digest()) ?? null;
      if (answer === null) counts.away++;
      else answers.set(id, answer);
    }),
  );

  async function compare(): Promise<void> {
    const answered = new Map(answers);
    answers.clear();
    if (answered.size === 0) return;
    const ids = [...answered.keys()];
    const wanted = await peers.digests(ids);
    const differing = ids.filter((id) => {
      const agent = answered.get(id);
      return agent === undefined || agent === 'untold' || !isQuiet(agent, wanted.get(id));
    });
    counts.full += differing.length;
    counts.quiet += ids.length - differing.length;
    await peers.noteContact(ids);
    differing.forEach(onDiffering);
  }

  const waiting = new AbortController();
  await Promise.race([
    asking,
    sleep(PROMPT_MS, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]);
  waiting.abort();
  await Promise.all([compare(), asking.then(compare)]);
  return counts;
}
