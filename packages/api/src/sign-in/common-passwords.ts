import type { CommonPasswords } from './passwords.ts';
import { dictionary } from '@zxcvbn-ts/language-common';

/**
 * The 49,000 passwords that are met most often in leaks, as zxcvbn-ts publishes them (MIT). Of the package only the list is
 * used: passwords are compared with it, never scored.
 */
export const commonPasswords: CommonPasswords = new Set(
  dictionary['passwords-common'].map((password) => password.toLowerCase()),
);
