import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { newId } from '../platform/ids.ts';
import { createItems } from '../platform/jobs/items.ts';
import { createVault } from '../platform/crypto/vault.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { webhookSecretColumn } from './endpoint.ts';
import type { ClaimedDelivery } from './ports.ts';
import { createWebhookSender } from './sender.ts';

const AT_ONCE = 4;
const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
const [tenantId, endpointId] = [newId(), newId()];

function aDelivery(): ClaimedDelivery {
  return {
    tenantId,
    endpointId,
    messageId: newId(),
    attempts: 0,
    url: 'https://hooks.example',
    sealedSecret: vault.seal(webhookSecretColumn(tenantId, endpointId), randomBytes(32)),
    sealedPreviousSecret: null,
    type: 'device.created',
    data: {},
    createdAt: new Date(),
  };
}

/** One endpoint with due deliveries, of which a process gets four at a time, as from PostgreSQL. */
async function sentAfterOneTurn(count: number, status: number): Promise<number> {
  const due = Array.from({ length: count }, aDelivery);
  let [sent, most] = [0, 0];
  let atOnce = 0;
  const sender = createWebhookSender({
    queue: {
      dueEndpoints: () => Promise.resolve(due.length > 0 ? [endpointId] : []),
      claim: (_endpoints, busy, limit) =>
        Promise.resolve(due.splice(0, Math.min(limit, AT_ONCE - (busy.get(endpointId) ?? 0)))),
      record: () => Promise.resolve(),
    },
    outbound: {
      async post() {
        most = Math.max(most, ++atOnce);
        await new Promise(setImmediate);
        atOnce--;
        sent++;
        return { status, retryAfterSeconds: null };
      },
    },
    vault,
    clock: { now: () => new Date() },
    userAgent: 'test',
    items: createItems(),
  });
  await sender.sendDue();
  await sender.idle();
  expect(most).toBeLessThanOrEqual(AT_ONCE);
  return sent;
}

test('a working endpoint gets all due deliveries, four at a time', async () => {
  expect(await sentAfterOneTurn(50, 204)).toBe(50);
});

test('a failing endpoint waits for its turn', async () => {
  expect(await sentAfterOneTurn(50, 500)).toBe(AT_ONCE);
});
