import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Secret } from './secret.ts';
import { UndecryptableRecord, createVault } from './vault.ts';

const master = (version: number) => ({ version, key: new Secret(randomBytes(32)) });
const cell = { owner: 'tenant-a', row: 'device-1', column: 'private_key' };
const plain = randomBytes(32);

describe('a sealed value', () => {
  const key = master(1);
  const vault = createVault(key);

  test('opens in its own cell', () => {
    expect(vault.open(cell, vault.seal(cell, plain)).reveal()).toEqual(plain);
  });

  test.each([
    ['tenant', { ...cell, owner: 'tenant-b' }],
    ['device', { ...cell, row: 'device-2' }],
    ['column', { ...cell, column: 'preshared_key' }],
    ['border between parts', { owner: 'tenant-a","device-1', row: '', column: 'private_key' }],
  ])('does not open with another %s', (_name, other) => {
    const record = vault.seal(cell, plain);
    expect(() => vault.open(other, record)).toThrow(UndecryptableRecord);
  });

  test('does not open with any one byte changed, or cut short', () => {
    const record = vault.seal(cell, plain);
    for (let at = 0; at < record.length; at++) {
      const changed = Buffer.from(record);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => vault.open(cell, changed), `byte ${at}`).toThrow(UndecryptableRecord);
      expect(() => vault.open(cell, record.subarray(0, at)), `cut at ${at}`).toThrow(UndecryptableRecord);
    }
  });

  test('never shares its nonce with another: 100,000 seals', () => {
    const nonces = new Set<string>();
    for (let n = 0; n < 100_000; n++) nonces.add(vault.seal(cell, plain).subarray(3, 15).toString('latin1'));
    expect(nonces.size).toBe(100_000);
  });

  test('opens after the master key was replaced, for as long as the old one is held', () => {
    const record = vault.seal(cell, plain);
    const next = master(2);
    expect(createVault(next, [key]).open(cell, record).reveal()).toEqual(plain);
    expect(() => createVault(next).open(cell, record)).toThrow(UndecryptableRecord);
  });
});
