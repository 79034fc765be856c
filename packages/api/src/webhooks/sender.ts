import type { Clock } from '../platform/clock.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import { OutboundError, type OutboundAnswer, type OutboundHttp } from '../platform/outbound/ports.ts';
import { reached } from '../platform/observability/steps.ts';
import { previousWebhookSecretColumn, webhookSecretColumn } from './endpoint.ts';
import type { AttemptResult, ClaimedDelivery, WebhookQueue } from './ports.ts';
import { pauseAfter } from './schedule.ts';
import { signedHeaders } from './signature.ts';

/**
 * Concurrent attempts per process. A hanging endpoint occupies one for 15 s, and a tenant has at most ten
 * endpoints, so it takes dozens of tenants to delay the others.
 */
const UNDER_WAY_MAX = 500;
/** How long a stop waits for answers. Interrupted deliveries become due again. */
const STOP_WAIT_MS = 3_000;

export interface WebhookSenderDeps {
  readonly queue: WebhookQueue;
  readonly outbound: Pick<OutboundHttp, 'post'>;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Endpoints that cause failures on our side. Their deliveries become due again. */
  readonly items: Items;
}

/** The message body. Built from stored data, so it is the same in every attempt. */
function bodyOf({ type, createdAt, data }: ClaimedDelivery): string {
  return JSON.stringify({ type, timestamp: createdAt.toISOString(), data });
}

/** Sends due deliveries, safe in any number of processes. */
export function createWebhookSender({ queue, outbound, vault, clock, userAgent, items }: WebhookSenderDeps) {
  const underWay = new Set<Promise<void>>();
  const busy = new Map<string, number>();
  let stopped = false;
  let claiming: Promise<number> | null = null;
  let wanted = false;

  async function claim(): Promise<number> {
    let begun = 0;
    while (wanted && !stopped && underWay.size < UNDER_WAY_MAX) {
      wanted = false;
      const endpoints = await queue.dueEndpoints(items.resting());
      const claimed = await items.together(endpoints, (ids) =>
        queue.claim(ids, busy, UNDER_WAY_MAX - underWay.size),
      );
      const deliveries = claimed.flat();
      deliveries.forEach(begin);
      begun += deliveries.length;
    }
    return begun;
  }

  /** One claim at a time. All calls during a claim together cause one more. */
  function sendDue(): Promise<number> {
    wanted = true;
    claiming ??= claim().finally(() => (claiming = null));
    return claiming;
  }

  function secretsOf({ tenantId, endpointId, sealedSecret, sealedPreviousSecret }: ClaimedDelivery) {
    const current = vault.open(webhookSecretColumn(tenantId, endpointId), sealedSecret);
    return sealedPreviousSecret === null
      ? [current]
      : [current, vault.open(previousWebhookSecretColumn(tenantId, endpointId), sealedPreviousSecret)];
  }

  function resultOf(
    delivery: ClaimedDelivery,
    answer: OutboundAnswer | OutboundError,
  ): Pick<AttemptResult, 'status' | 'fault' | 'outcome'> {
    const retry = (retryAfterSeconds: number | null) =>
      ({ is: 'failed', retryInSeconds: pauseAfter(delivery.attempts + 1, retryAfterSeconds) }) as const;
    if (answer instanceof OutboundError) {
      return { status: null, fault: answer.fault, outcome: retry(null) };
    }
    const { status, retryAfterSeconds } = answer;
    if (status >= 200 && status < 300) return { status, fault: null, outcome: { is: 'delivered' } };
    if (status === 410) return { status, fault: 'gone', outcome: { is: 'gone' } };
    const fault = status >= 300 && status < 400 ? 'redirect' : 'bad_status';
    return { status, fault, outcome: retry(retryAfterSeconds) };
  }

  /** @returns whether the receiver accepted it */
  async function send(delivery: ClaimedDelivery): Promise<boolean> {
    const body = bodyOf(delivery);
    const headers = signedHeaders({ id: delivery.messageId, body }, secretsOf(delivery), clock.now());
    reached('webhook:claimed');
    const startedAt = performance.now();
    const answer = await outbound
      .post(delivery.url, { ...headers, 'user-agent': userAgent }, body)
      .catch((error: unknown) => {
        if (error instanceof OutboundError) return error;
        throw error;
      });
    reached('webhook:sent');
    const durationMs = Math.round(performance.now() - startedAt);
    const result = resultOf(delivery, answer);
    await queue.record(delivery, { ...result, durationMs });
    return result.outcome.is === 'delivered';
  }

  function begin(delivery: ClaimedDelivery): void {
    const { endpointId } = delivery;
    busy.set(endpointId, (busy.get(endpointId) ?? 0) + 1);
    const run = items
      .attempt(endpointId, () => send(delivery))
      // The database is unavailable, which the next turn will report.
      .catch(() => null)
      .then((taken) => {
        underWay.delete(run);
        const left = (busy.get(endpointId) ?? 1) - 1;
        if (left === 0) busy.delete(endpointId);
        else busy.set(endpointId, left);
        // A working endpoint gets its next delivery at once. With turns alone it got eight a second (measured), so
        // events about ten thousand suspended devices took twenty minutes. A failure here shows again in the next
        // turn.
        if (taken === true) void sendDue().catch(() => undefined);
      });
    underWay.add(run);
  }

  return {
    /** Starts sending due deliveries without waiting for answers; returns how many attempts it started. */
    sendDue,

    /** Resolves when nothing is running. */
    async idle(): Promise<void> {
      while (underWay.size > 0 || claiming !== null) await Promise.all([...underWay, claiming]);
    },

    /** Starts no more deliveries, and waits briefly for answers. */
    async stop(): Promise<void> {
      stopped = true;
      let timer: NodeJS.Timeout | undefined;
      const wait = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_WAIT_MS)));
      await Promise.race([Promise.all(underWay), wait]);
      clearTimeout(timer);
    },
  };
}

export type WebhookSender = ReturnType<typeof createWebhookSender>;
