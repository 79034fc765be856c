import { createHash, createHmac } from 'node:crypto';
import type { Principal } from '../access/principal.ts';
import type { SealedColumn, Vault } from '../crypto/vault.ts';
import { CVaultError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Claim, IdempotencyStore } from './ports.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null without an Idempotency-Key, and on read-only routes. */
    retry: Retry | null;
  }
}

/** A write that its caller may repeat. */
interface Retry {
  readonly claim: Claim;
  /** Null until this request owns the write. */
  claimed: { readonly intendedId: string; readonly attempt: number } | null;
}

/** The id that a write should use, and whether an earlier attempt may have used it. */
export interface Attempt {
  readonly id: string;
  readonly again: boolean;
}

/** For handlers whose object must not be created twice. */
export function attemptOf({ retry }: FastifyRequest): Attempt {
  const claimed = retry?.claimed ?? null;
  return claimed === null
    ? { id: newId(), again: false }
    : { id: claimed.intendedId, again: claimed.attempt > 1 };
}

export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** Seals answers, which hold private keys and tokens. */
  readonly vault: Vault;
}

/** The idle timeout of connections: an attempt that runs longer has nobody left to answer. */
const LEASE_SECONDS = 60;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const SHAPE = /^[\x21-\x7e]{1,255}$/;
const KEPT_HEADERS = ['content-type', 'location'] as const;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'admin':
      return 'admin';
    case 'tenant':
      return `key ${principal.key.id}`;
    case 'user':
      return `user ${principal.userId}`;
  }
}

/**
 * The fingerprint is keyed with the caller's key, of which only a hash is stored. A stored row thus reveals nothing
 * about the body, which may hold a password.
 */
function claimOf(request: FastifyRequest, principal: Principal, key: string): Claim {
  const tenantId = principal.kind === 'admin' ? null : principal.tenantId;
  const [path = '', ...query] = request.url.split('?');
  // Ids in paths are case-insensitive.
  const url = [path.replace(UUID, (id) => id.toLowerCase()), ...query];
  const whole = JSON.stringify([request.method, request.routeOptions.url, url, request.body ?? null]);
  return {
    hash: createHash('sha256')
      .update(JSON.stringify([tenantId, nameOf(principal), key]))
      .digest(),
    tenantId,
    userId: principal.kind === 'user' ? principal.userId : null,
    fingerprint: createHmac('sha256', key).update(whole).digest(),
    intendedId: newId(),
  };
}

function answerColumn({ tenantId, hash }: Claim): SealedColumn {
  return { owner: tenantId ?? 'platform', row: hash.toString('hex'), column: 'idempotency_keys.answer' };
}

/**
 * Whether a retry would get the same answer. Excludes failures of ours, limits and transient states, and invalid
 * requests, which their sender should correct.
 */
function isFinal(reply: FastifyReply): boolean {
  const { statusCode } = reply;
  return statusCode < 500 && statusCode !== 400 && statusCode !== 429 && !reply.hasHeader('retry-after');
}

/**
 * `Idempotency-Key` on every write, as at Stripe. A repeated request gets the same answer. A different request with
 * the same key is refused, and so is a repeat while the first is running. The claim is committed before the handler
 * runs and the answer before it is sent, so neither a lost answer nor a crash runs the write twice.
 */
export const idempotency = fp<IdempotencyOptions>((app, { store, vault }, done) => {
  app.decorateRequest('retry', null);

  // Before the validation, which changes the body and wraps passwords.
  app.addHook('preValidation', (request, _reply, next) => {
    const key = request.headers['idempotency-key'];
    const { principal } = request;
    if (key === undefined || principal === null || request.method === 'GET' || request.method === 'HEAD') {
      next();
      return;
    }
    if (typeof key !== 'string' || !SHAPE.test(key)) {
      next(
        new CVaultError(
          'invalid_request',
          'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.',
        ),
      );
      return;
    }
    request.retry = { claim: claimOf(request, principal, key), claimed: null };
    next();
  });

  app.addHook('preHandler', async (request, reply) => {
    const { retry } = request;
    if (retry === null) return;
    const claimed = await store.claim(retry.claim, LEASE_SECONDS);
    switch (claimed.outcome) {
      case 'claimed':
        retry.claimed = claimed;
        return;
      case 'other_request':
        throw new CVaultError('idempotency_key_reused', 'This Idempotency-Key came with another request.');
      case 'in_flight':
        throw new CVaultError('request_in_flight', 'The same request is under way.', {
          retryAfterSeconds: claimed.retryAfterSeconds,
        });
      case 'answered': {
        const text = vault.open(answerColumn(retry.claim), claimed.answer).reveal().toString();
        const { status, headers, body } = JSON.parse(text) as Answer;
        return reply
          .code(status)
          .headers({ ...headers, 'idempotent-replayed': 'true' })
          .serializer((sent: string) => sent)
          .send(body);
      }
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { retry } = request;
    const claimed = retry?.claimed ?? null;
    if (retry === null || claimed === null) return payload;
    const { claim } = retry;
    retry.claimed = null;
    try {
      if (isFinal(reply)) {
        const headers = Object.fromEntries(
          KEPT_HEADERS.flatMap((name) => {
            const value = reply.getHeader(name);
            return value === undefined ? [] : [[name, String(value)]];
          }),
        );
        const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.toString() : '';
        const answer: Answer = { status: reply.statusCode, headers, body };
        const sealed = vault.seal(answerColumn(claim), Buffer.from(JSON.stringify(answer)));
        await store.answer(claim, claimed.attempt, reply.statusCode, sealed);
      } else {
        // After a failure on our side, the object may exist: the next attempt gets the same id.
        await store.release(claim, claimed.attempt, reply.statusCode >= 500);
      }
    } catch (error) {
      // The write is done and its answer is correct. The claim expires, and the next attempt finds the object.
      request.log.error({ err: error }, 'the answer to an idempotent request could not be kept');
    }
    return payload;
  });
  done();
});
