import type { SessionPage } from './service.ts';
import type { PastSession } from './session.ts';
import { LIVE_HANDSHAKE_SECONDS } from '@cvault/protocol';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { cursorOf, NextCursor } from '../platform/http/schemas/pages.ts';

/** A closed list of fields. CVault does not know where a device was or what it did. */
const SessionRecord = z
  .object({
    id: Id,
    status: z.enum(['ACTIVE', 'CLOSED']),
    openedBy: z
      .enum(['connect', 'handshake'])
      .meta({ description: '`handshake`: the device connected without a call of `connect`' }),
    connectedAt: Instant,
    closedAt: Instant.nullable(),
    closedReason: z
      .enum(['disconnect', 'silence', 'moved', 'revoked'])
      .nullable()
      .meta({
        description:
          `\`disconnect\`: the call. \`silence\`: ${LIVE_HANDSHAKE_SECONDS} s without a handshake. ` +
          '`moved`: the device moved to another VPN server. ' +
          '`revoked`: it was deleted or suspended',
      }),
    uploadBytes: z.int(),
    downloadBytes: z.int(),
    userId: Id,
    device: z.object({ id: Id, deviceName: z.string() }),
    server: z.object({ id: Id, region: z.string() }),
  })
  .meta({ id: 'SessionRecord' });

export const SessionHistory = z
  .object({ sessions: z.array(SessionRecord), nextCursor: NextCursor })
  .meta({ id: 'SessionHistory' });

function recordOf({ state, device, ...session }: PastSession): z.infer<typeof SessionRecord> {
  return { ...session, status: state, device: { id: device.id, deviceName: device.name } };
}

export function historyResource({ sessions, lastId }: SessionPage): z.infer<typeof SessionHistory> {
  return { sessions: sessions.map(recordOf), nextCursor: lastId === null ? null : cursorOf(lastId) };
}
