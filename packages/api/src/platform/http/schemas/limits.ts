import { z } from 'zod';

/** Fits PostgreSQL's integer. */
export const COUNT_MAX = 2_000_000_000;

/** A maximum of simultaneous things. To allow none, suspend. */
export const CountLimit = z.int().min(1).max(COUNT_MAX);

/** Up to 2^53 - 1, which every JSON parser represents exactly. To allow none, suspend. */
export const Bytes = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Bits per second. Below 8,000 a handshake does not get through in time; 1 Tbit/s exceeds any VPN server. */
export const Speed = z.int().min(8_000).max(1_000_000_000_000);

/** Ten years at most. */
export const Days = z.int().min(1).max(3_650);
