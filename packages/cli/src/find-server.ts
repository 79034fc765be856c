import { bodyOf, type components, type CVaultClient } from '@cvault/sdk';
import { noSuch } from './no-such.ts';

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
  throw noSuch('VPN server', nameOrId, {
    names: servers.map(({ name }) => name),
    list: 'cvault server list',
  });
}
