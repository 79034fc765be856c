import type { CommonPasswords } from './passwords.ts';
import { dictionary } from '@zxcvbn-ts/language-common';

/**
 * The 49,000 most frequent leaked passwords, as published by zxcvbn-ts (MIT). Only the package's list is used:
 * passwords are compared with it, not scored.
 */
export const commonPasswords: CommonPasswords = new Set(
  dictionary['passwords-common'].map((password) => password.toLowerCase()),
);
