import { bodyOf, type components, type CVaultClient } from '@cvault/sdk';
import { closest, distance } from 'fastest-levenshtein';
import { EXIT, Failure } from './failure.ts';

export type Server = components['schemas']['Server'];

/** Finds a VPN server by name or id; also returns all of them. @throws Failure */
export async function findServer(
  api: CVaultClient,
  nameOrId: string,
): Promise<{ server: Server; servers: readonly Server[] }> {
  const { servers } = await bodyOf(api.GET('/api/v1/admin/servers'));
  const server =
    servers.find(({ id }) => id === nameOrId.toLowerCase()) ?? servers.find(({ name }) => name === nameOrId);
  if (server !== undefined) return { server, servers };
  const names = servers.map(({ name }) => name);
  const near = names.length === 0 ? '' : closest(nameOrId, names);
  // Swapped letters count as two here.
  const isNear = near !== '' && distance(nameOrId, near) <= Math.max(2, near.length / 3);
  throw new Failure(
    `there is no VPN server ${nameOrId}; ` +
      (isNear ? `did you mean ${near}?` : '`cvault server list` shows those that there are'),
    { exitCode: EXIT.notFound },
  );
}
