import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { generateControlKey, publicKeyOf } from './keys.ts';

test('every control key can be read, and is the one that its public half names', () => {
  for (let n = 0; n < 1_000; n++) {
    const { privateKey, publicKey } = generateControlKey();
    const read = ssh2.utils.parseKey(privateKey.reveal());
    if (read instanceof Error) throw read;
    const [, text = ''] = publicKey.split(' ');
    expect(read.getPublicSSH().equals(Buffer.from(text, 'base64'))).toBe(true);
  }
});

test('the public half of a key is the one that it was made with', () => {
  const { privateKey, publicKey } = generateControlKey();
  expect(publicKeyOf(privateKey)).toBe(publicKey);
});
