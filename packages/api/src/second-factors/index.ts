export { secondFactorRoutes } from './routes.ts';
export { type Challenge, type SecondFactors, createSecondFactors } from './codes.ts';
export { type SecondFactorService, createSecondFactorService } from './service.ts';
export { createSecondFactorStore } from './store.ts';
export { totpCodes } from './totp.ts';
