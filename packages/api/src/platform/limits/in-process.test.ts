import { describe } from 'vitest';
import { rateLimiterContract } from '../../testing/rate-limiter-contract.ts';
import { createInProcessRateLimiter } from './in-process.ts';

describe('in this process', () => {
  const limiter = createInProcessRateLimiter();
  rateLimiterContract(() => limiter);
});
