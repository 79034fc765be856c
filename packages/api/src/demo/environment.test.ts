import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadConfig } from '../platform/config/config.ts';
import { demoEnvironment } from './environment.ts';

const key = () => randomBytes(32).toString('base64');
const adminKey = () => `cv_admin_${randomBytes(32).toString('base64url')}`;
const OWN = { CVAULT_MASTER_KEY: key(), CVAULT_ADMIN_KEY: adminKey() };
const load = (given: Record<string, string>, file = '') =>
  loadConfig(demoEnvironment({ CVAULT_MODE: 'demo', ...given }, OWN, '/data'), () => file);

test('the demo has secrets of its own', () => {
  expect(load({}).adminKey.reveal()).toBe(OWN.CVAULT_ADMIN_KEY);
  expect(load({ CVAULT_ADMIN_KEY: ' ', CVAULT_ADMIN_KEY_FILE: '' }).adminKey.reveal()).toBe(
    OWN.CVAULT_ADMIN_KEY,
  );
});

test('one that is given goes before them, also as a file', () => {
  const other = adminKey();
  expect(load({ CVAULT_ADMIN_KEY: other }).adminKey.reveal()).toBe(other);
  expect(load({ CVAULT_ADMIN_KEY_FILE: '/run/admin' }, other).adminKey.reveal()).toBe(other);
  const master = key();
  const { masterKeys } = load({ CVAULT_MASTER_KEY_FILE: '/run/master' }, master);
  expect(masterKeys.current.key.reveal().toString('base64')).toBe(master);
});
