/** Standard Webhooks 1.0.0: a receiver can verify a message's origin, integrity and age. */
import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';

/** The standard requires 24 to 64. */
const SECRET_BYTES = 32;

export function newWebhookSecret(): Secret<Buffer> {
  return new Secret(randomBytes(SECRET_BYTES));
}

/** The text form, which is shown once. */
export function webhookSecretText(secret: Secret<Buffer>): Secret<string> {
  return secret.map((bytes) => `whsec_${bytes.toString('base64')}`);
}

export interface WebhookMessage {
  readonly id: string;
  readonly body: string;
}

/**
 * The headers of one attempt. @param secrets all valid secrets: each signs, so that receivers may know any of them
 */
export function signedHeaders(
  { id, body }: WebhookMessage,
  secrets: readonly Secret<Buffer>[],
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', secret.reveal()).update(`${id}.${timestamp}.${body}`);
    return `v1,${mac.digest('base64')}`;
  });
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
