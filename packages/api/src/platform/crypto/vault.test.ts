import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Secret } from './secret.ts';
import { UndecryptableRecord, createVault } from './vault.ts';

const master = (version: number) => ({ version, key: new Secret(randomBytes(32)) });
const column = { owner: 'tenant-a', row: 'device-1', column: 'private_key' };
const plain = randomBytes(32);

describe('a sealed value', () => {
  const key = master(1);
  const vault = createVault(key);

  test('opens in its own column and row', () => {
    expect(vault.open(column, vault.seal(column, plain)).reveal()).toEqual(plain);
  });

  test.each([
    ['tenant', { ...column, owner: 'tenant-b' }],
    ['device', { ...column, row: 'device-2' }],
    ['column', { ...column, column: 'preshared_key' }],
    ['border between parts', { owner: 'tenant-a","device-1', row: '', column: 'private_key' }],
  ])('does not open with another %s', (_name, other) => {
    const record = vault.seal(column, plain);
    expect(() => vault.open(other, record)).toThrow(UndecryptableRecord);
  });

  test('does not open with any one byte changed, or cut short', () => {
    const record = vault.seal(column, plain);
    for (let at = 0; at < record.length; at++) {
      const changed = Buffer.from(record);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => vault.open(column, changed), `byte ${at}`).toThrow(UndecryptableRecord);
      expect(() => vault.open(column, record.subarray(0, at)), `cut at ${at}`).toThrow(UndecryptableRecord);
    }
  });

  test('never shares its nonce with another: 100,000 seals', () => {
    const nonces = new Set<string>();
    for (let n = 0; n < 100_000; n++)
      nonces.add(vault.seal(column, plain).subarray(3, 15).toString('latin1'));
    expect(nonces.size).toBe(100_000);
  });

  test('opens after the master key was replaced, for as long as the old one is held', () => {
    const record = vault.seal(column, plain);
    const next = master(2);
    expect(createVault(next, [key]).open(column, record).reveal()).toEqual(plain);
    expect(() => createVault(next).open(column, record)).toThrow(UndecryptableRecord);
  });
});
