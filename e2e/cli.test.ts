/** The operator's command line as a program against an API process. vpn-server-life.test.ts covers SSH. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  asUser,
  createCaller,
  createUser,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { createCli } from './harness/cli.ts';
import type { ControlPlaneSecrets } from './harness/control-plane.ts';
import { type Operator, startOperator } from './harness/operator.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';
let operator: Operator;
let { plane, cli, admin, secrets } = {} as Operator;

beforeAll(async () => {
  operator = await startOperator();
  ({ plane, cli, admin, secrets } = operator);
});

afterAll(() => operator?.stop());

async function expectRefusal(
  ended: Promise<{ status: number | null; stdout: string; stderr: string }>,
  status: number,
  words: RegExp | string,
) {
  const { stdout, stderr, ...end } = await ended;
  expect([end.status, stdout], stderr).toEqual([status, '']);
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/^ {4}at /m);
}

const elsewhere = (baseUrl: string, over: Partial<ControlPlaneSecrets> = {}) =>
  createCli({ baseUrl }, { ...secrets, ...over });

describe('exit codes', () => {
  test.each([
    ['nonsense', 2, 'is no address of an API'],
    ['localhost:3000', 2, 'is no address of an API'],
    ['http://127.0.0.1:1', 7, 'no answer from http://127.0.0.1:1'],
    ['http://nowhere.invalid', 7, 'no answer from'],
  ])('CVAULT_URL=%s: %i', async (url, status, words) => {
    await expectRefusal(elsewhere(url).run('tenant', 'list'), status, words);
  });

  test.each([
    ['a page', 200, 'is not CVault’s API'],
    ['a page of a path that is not there', 404, 'is that CVault’s API?'],
    ['a proxy whose API is away', 502, 'answered 502'],
  ])('%s answers instead: 7', async (_what, status, words) => {
    const page: Server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html>');
    });
    page.listen(0, '127.0.0.1');
    await once(page, 'listening');
    const { port } = page.address() as AddressInfo;
    await expectRefusal(elsewhere(`http://127.0.0.1:${port}`).run('tenant', 'list'), 7, words);
    page.close();
  });

  test('an invalid admin key: 4', async () => {
    const key = `cv_admin_${'x'.repeat(43)}`;
    await expectRefusal(
      elsewhere(plane.baseUrl, { CVAULT_ADMIN_KEY: key }).run('tenant', 'list'),
      4,
      /\[\w+\]/,
    );
  });

  test.each([
    [['tenant', 'delete', NOBODY, '--yes'], 3, '[not_found]'],
    [['tenant', 'suspend', 'nonsense'], 3, 'there is no tenant nonsense'],
    [['tenant', 'delete', 'nonsense', '--yes'], 3, 'there is no tenant nonsense'],
    [['key', 'list', 'nonsense'], 3, 'there is no tenant nonsense'],
    [['audit', 'verify', '--tenant', 'nonsense'], 3, 'there is no tenant nonsense'],
    [['server', 'test', 'nonsense'], 3, 'there is no VPN server nonsense'],
    [['server', 'repair', NOBODY], 3, 'there is no VPN server'],
    [['server', 'upgrade'], 2, 'name one VPN server, or say --all'],
    [['server', 'upgrade', 'x', '--all'], 2, 'name one VPN server, or say --all'],
    [
      ['server', 'add', 'root@x', '--region', 'x', '--endpoint-port', 'abc'],
      2,
      'whole number from 1 to 65535',
    ],
    [['server', 'add', 'root@x'], 2, '--region'],
    [['server', 'set', 'x', '--weight', '-1'], 2, 'whole number from 0 to 10000'],
    [['key', 'revoke', NOBODY, NOBODY, '--yes'], 3, ''],
    [['nonsense'], 2, 'unknown command'],
    [['tenant', 'create'], 2, 'missing required argument'],
    [['tenant', 'create', 'a', 'b'], 2, 'too many arguments'],
  ])('%j: %i', async (args, status, words) => {
    await expectRefusal(cli.run(...args), status, words);
  });

  test('output that cannot be written exits with 1, without a stack', async () => {
    const { status, stderr } = await cli.runInto('/dev/full', 'tenant', 'list');
    expect([status, stderr]).toEqual([1, 'cvault: cannot write: no space left on device\n']);
  });

  test('help exits with 0', async () => {
    expect(await cli.must('--help')).toContain('Usage: cvault');
    expect(await cli.must('server', 'add', '--help')).toContain('--region');
  });
});

test('all tenants are listed, over any number of pages', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 105; n++) {
    const { id } = await must(
      admin<{ id: string }>('POST', '/api/v1/admin/tenants', { name: `tenant ${n}` }),
    );
    ids.push(id);
  }
  const listed = (await cli.must('tenant', 'list')).split('\n').map((line) => line.split(' ')[0]);
  expect(listed).toEqual(expect.arrayContaining(ids));
});

describe('API keys', () => {
  let tenant: string;
  const created = async (name: string) => {
    const { apiKeys } = await must(
      admin<{ apiKeys: { name: string; mode: string; scopes: string[] }[] }>(
        'GET',
        `/api/v1/admin/tenants/${tenant}/api-keys`,
      ),
    );
    return apiKeys.find((each) => each.name === name);
  };

  beforeAll(async () => {
    tenant = await cli.must('tenant', 'create', 'Keys Ltd');
  });

  test('a key has all scopes by default', async () => {
    expect(await cli.must('key', 'create', tenant, 'backend')).toMatch(/^cv_live_/);
    expect((await created('backend'))?.scopes).toEqual(
      expect.arrayContaining(['app', 'users:write', 'privacy:write']),
    );
  });

  test.each([
    ['options first', (name: string) => ['--scope', 'app', '--test', tenant, name], ['app']],
    ['options last', (name: string) => [tenant, name, '--scope', 'app'], ['app']],
    ['options in between', (name: string) => [tenant, '--scope', 'app', name], ['app']],
    [
      'scopes with commas',
      (name: string) => ['--scope', 'app,users:read', tenant, name],
      ['app', 'users:read'],
    ],
    [
      'scopes one by one',
      (name: string) => ['--scope', 'app', '--scope', 'users:read', tenant, name],
      ['app', 'users:read'],
    ],
  ])('arguments in any order: %s', async (name, args, scopes) => {
    await cli.must('key', 'create', ...args(name));
    expect((await created(name))?.scopes.sort()).toEqual(scopes);
  });

  test('an unknown scope is refused with a clear message', async () => {
    await expectRefusal(cli.run('key', 'create', tenant, 'x', '--scope', 'apps'), 2, '/scopes/0');
    expect(await created('x')).toBeUndefined();
  });

  test('revoking asks for confirmation', async () => {
    await cli.must('key', 'create', tenant, 'to be revoked');
    const id = /^(\S+) +to be revoked /m.exec(await cli.must('key', 'list', tenant))?.[1] ?? '';
    await expectRefusal(cli.run('key', 'revoke', tenant, id), 2, /ends the API key to be revoked .*--yes/);
    const revokedAt = async () =>
      (
        await must(
          admin<{ apiKeys: { id: string; revokedAt: string | null }[] }>(
            'GET',
            `/api/v1/admin/tenants/${tenant}/api-keys`,
          ),
        )
      ).apiKeys.find((each) => each.id === id)?.revokedAt;
    expect(await revokedAt()).toBeNull();
    await cli.must('key', 'revoke', tenant, id, '--yes');
    expect(await revokedAt()).not.toBeNull();
  });
});

describe('destructive commands', () => {
  test('deleting a tenant asks for confirmation and names its number of devices', async () => {
    const user = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Busy Ltd');
    const { key } = await must(
      admin<{ key: string }>('POST', `/api/v1/admin/tenants/${user.tenantId}/api-keys`, {
        name: 't',
        mode: 'test',
      }),
    );
    const tester = await createTester(key, user.tenantId);
    await registerDevice(tester, { deviceName: 'one' });
    await registerDevice(tester, { deviceName: 'two' });
    await expectRefusal(
      cli.run('tenant', 'delete', user.tenantId),
      2,
      /deletes the tenant Busy Ltd for good.* 2 devices.*--yes/,
    );
    await expectRefusal(
      cli.run('tenant', 'suspend', user.tenantId),
      2,
      /cuts off its 2 devices until it is resumed.*--yes/,
    );
    const state = async () =>
      (await must(admin<{ state: string }>('GET', `/api/v1/admin/tenants/${user.tenantId}`))).state;
    expect(await state()).toBe('active');
    await cli.must('tenant', 'suspend', user.tenantId, '--yes');
    expect(await state()).toBe('suspended');
    await cli.must('tenant', 'delete', user.tenantId, '--yes');
    expect((await admin('GET', `/api/v1/admin/tenants/${user.tenantId}`)).status).toBe(404);
  });

  async function createTester(apiKey: string, tenantId: string): Promise<TestUser> {
    const { accessToken } = await must(
      createCaller(plane.baseUrl, { 'x-api-key': apiKey })<{ accessToken: string }>(
        'POST',
        '/api/v1/auth/register',
        {
          email: 'tester@example.com',
          password: 'correct horse battery staple',
        },
      ),
    );
    return { call: asUser(plane.baseUrl, apiKey, accessToken), apiKey, accessToken, tenantId };
  }

  test('removing a VPN server asks for confirmation; it accepts a name and suggests a similar one', async () => {
    await must(
      admin('POST', '/api/v1/admin/servers', {
        name: 'eu-west-1',
        region: 'eu-west',
        endpointHost: '203.0.113.9',
        sshHost: 'vpn.example.com',
      }),
    );
    await expectRefusal(cli.run('server', 'remove', 'eu-wets-1', '--yes'), 3, 'did you mean eu-west-1');
    await expectRefusal(
      cli.run('server', 'remove', 'eu-west-1'),
      2,
      /removes the VPN server eu-west-1 for good.*--yes/,
    );
    await expectRefusal(
      cli.run('server', 'disable', 'eu-west-1'),
      2,
      /cuts off the 0 devices of the VPN server eu-west-1.*--yes/,
    );
    await expectRefusal(
      cli.run('server', 'evacuate', 'eu-west-1'),
      2,
      /moves the 0 devices of the VPN server eu-west-1.*--yes/,
    );
    expect(await cli.must('server', 'list')).toContain('eu-west-1');
    await cli.must('server', 'remove', 'eu-west-1', '--yes');
    expect(await cli.must('server', 'list')).not.toContain('eu-west-1');
  });
});
