/**
 * Canonical base64 of 32 bytes. 43 characters carry 258 bits, so the last two bits must be zero to give each key
 * one form.
 */
export const CANONICAL_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
