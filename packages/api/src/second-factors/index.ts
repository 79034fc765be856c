export type { Challenge, SecondFactors } from './codes.ts';
export type { WiredSecondFactors } from './wiring.ts';
