/**
 * The size of a round of fault tests: short in `npm test`, full in `npm run test:faults`. Both are bounded and
 * print their seed.
 */
const full = process.env['CVAULT_FAULTS'] === 'full';

export const seed = Number(process.env['CVAULT_FAULTS_SEED'] ?? 1);

export const inRound = <T>(sizes: { short: T; full: T }): T => (full ? sizes.full : sizes.short);

export const say = (text: string): void => void process.stdout.write(`faults: ${text}\n`);

say(`${full ? 'full' : 'short'} round, seed ${seed} (CVAULT_FAULTS_SEED)`);
