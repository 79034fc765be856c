import { expect, test } from 'vitest';
import { findConnection } from './connection.ts';

const KEY = 'cv_admin_x';
const noFile = () => {
  throw new Error('there is no such file');
};
const withUrl = (url: string) =>
  findConnection({ environment: { CVAULT_URL: url, CVAULT_ADMIN_KEY: KEY }, readFile: noFile });

test.each([
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['https://vpn.example.com/', 'https://vpn.example.com'],
  [' https://vpn.example.com\n', 'https://vpn.example.com'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
])('%j is an address', (url, baseUrl) => {
  expect(withUrl(url).baseUrl).toBe(baseUrl);
});

test.each([
  'nonsense',
  'localhost:3000',
  'vpn.example.com',
  '//vpn.example.com',
  'http://',
  'http:// host',
  'ftp://vpn.example.com',
  'file:///etc/passwd',
  'https://vpn.example.com?x=1',
  'https://vpn.example.com#x',
])('%j is none, and the sentence repeats it', (url) => {
  expect(() => withUrl(url)).toThrow(
    expect.objectContaining({
      name: 'Failure',
      exitCode: 2,
      message: expect.stringContaining(url) as string,
    }),
  );
});

test('a URL with a password is refused without repeating the password', () => {
  // secretlint-disable-next-line -- made up
  expect(() => withUrl('https://me:secret@vpn.example.com')).toThrow(
    expect.objectContaining({ name: 'Failure', message: expect.not.stringContaining('secret') as string }),
  );
});

test.each(['', ' ', 'cv admin', 'cv_admin_x\ncv_admin_y', 'cv_admin_é'])('%j is not an admin key', (key) => {
  const environment = { CVAULT_URL: 'http://127.0.0.1', CVAULT_ADMIN_KEY: key };
  expect(() => findConnection({ environment, readFile: noFile })).toThrow(
    expect.objectContaining({ name: 'Failure', exitCode: 2 }),
  );
});

test('a demo in this folder is found; the environment takes precedence', () => {
  const readFile = () => JSON.stringify({ baseUrl: 'http://127.0.0.1:3000', adminKey: KEY });
  expect(findConnection({ environment: {}, readFile })).toEqual({
    baseUrl: 'http://127.0.0.1:3000',
    adminKey: KEY,
  });
  expect(findConnection({ environment: { CVAULT_URL: 'http://127.0.0.1:4000' }, readFile }).baseUrl).toBe(
    'http://127.0.0.1:4000',
  );
});
