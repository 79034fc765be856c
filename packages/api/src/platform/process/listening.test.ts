import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkListening, explainListening } from './listening.ts';
import { StartError } from './process.ts';

test('a taken port: the message names it and the setting to change', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const checked = checkListening({ host: '127.0.0.1', port });
  await expect(checked).rejects.toBeInstanceOf(StartError);
  await expect(checked).rejects.toThrow(new RegExp(`Port ${port} of 127\\.0\\.0\\.1 .*PORT=\\d+`));
  server.close();
  await once(server, 'close');
  await checkListening({ host: '127.0.0.1', port });
});

test.each([
  ['192.0.2.77', 0, 'HOST=192.0.2.77'],
  ['no-such-host.invalid', 0, 'HOST=no-such-host.invalid'],
])('an address of somebody else’s: %s', async (host, port, said) => {
  const checked = checkListening({ host, port });
  await expect(checked).rejects.toBeInstanceOf(StartError);
  await expect(checked).rejects.toThrow(said);
});

test('a privileged port', () => {
  const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  const explained = explainListening(error, { host: '127.0.0.1', port: 80 });
  expect(explained).toBeInstanceOf(StartError);
  expect((explained as Error).message).toContain('PORT=');
});

test('other errors stay unchanged', () => {
  const error = new Error('something else');
  expect(explainListening(error, { host: '127.0.0.1', port: 80 })).toBe(error);
});
