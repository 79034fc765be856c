import { bodyOf, type components, type CVaultClient } from '@cvault/sdk';
import { noSuch } from './no-such.ts';

type Tenant = components['schemas']['Tenant'];

const PAGE = 100;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function listTenants(api: CVaultClient): Promise<Tenant[]> {
  const all: Tenant[] = [];
  let cursor: string | null = null;
  do {
    const page: components['schemas']['TenantList'] = await bodyOf(
      api.GET('/api/v1/admin/tenants', {
        params: { query: { limit: PAGE, ...(cursor === null ? {} : { cursor }) } },
      }),
    );
    all.push(...page.tenants);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return all;
}

/** The id of the tenant of this name or id. Of an id, the API says whether there is one. @throws Failure */
export async function tenantIdOf(api: CVaultClient, nameOrId: string): Promise<string> {
  if (UUID.test(nameOrId)) return nameOrId;
  const tenants = await listTenants(api);
  const found = tenants.find(({ name }) => name === nameOrId);
  if (found !== undefined) return found.id;
  throw noSuch('tenant', nameOrId, { names: tenants.map(({ name }) => name), list: 'cvault tenant list' });
}
