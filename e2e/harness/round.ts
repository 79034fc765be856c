/**
 * How long a round of the fault tests is: short inside `npm test`, full by `npm run test:faults`. Both are bounded, and both
 * choose by the seed, which is printed.
 */
const full = process.env['CVAULT_FAULTS'] === 'full';

export const seed = Number(process.env['CVAULT_FAULTS_SEED'] ?? 1);

export const inRound = <T>(sizes: { short: T; full: T }): T => (full ? sizes.full : sizes.short);

export const say = (text: string): void => void process.stdout.write(`faults: ${text}\n`);

say(`${full ? 'full' : 'short'} round, seed ${seed} (CVAULT_FAULTS_SEED)`);
