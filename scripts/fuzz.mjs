/** `npm run fuzz -- --cases 200000 --seed 1`: sends this many generated requests to all operations of the API. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzzing.mjs';
import { installSystemPackages, orStop, prepare, Stop } from './prepare.mjs';

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } },
});
await orStop(async () => {
  if (!(Number(values.cases) > 0) || !Number.isInteger(Number(values.seed))) {
    throw new Stop('--cases takes a number above 0, --seed a whole number.');
  }
  await prepare();
  await installSystemPackages('test');
  const { failed } = await fuzz({ CVAULT_FUZZ_CASES: values.cases, CVAULT_FUZZ_SEED: values.seed });
  process.exitCode = failed.length === 0 ? 0 : 1;
});
