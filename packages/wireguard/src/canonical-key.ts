/**
 * Canonical base64 of 32 bytes. 43 characters carry 258 bits, so the last one has two to spare; they must be zero, and
 * each key has one spelling.
 */
export const CANONICAL_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
