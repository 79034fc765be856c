/** What other nouns use of this one. */
export { secondFactorRoutes } from './routes.ts';
export { type Challenge, type SecondFactors, createSecondFactors } from './second-factors.ts';
export { type SecondFactorService, createSecondFactorService } from './service.ts';
export { createSecondFactorStore } from './store.ts';
export { totpCodes } from './totp.ts';
