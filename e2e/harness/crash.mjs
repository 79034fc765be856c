/**
 * Loaded into an API process with `node --import`: kills it like kill -9 when it has reached a step
 * (api/src/platform/observability/steps.ts) this many times. CVAULT_TEST_CRASH is "step times delayMs [signal]".
 * The delay lets pending work in PostgreSQL or at the agent finish; another signal may only freeze the process.
 */
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers';

const [step, times, delayMs, signal = 'SIGKILL'] = (process.env.CVAULT_TEST_CRASH ?? '').split(' ');
let left = Number(times);
const crash = () => process.kill(process.pid, signal);
subscribe('cvault:step', (reached) => {
  if (reached !== step || --left !== 0) return;
  if (Number(delayMs) === 0) crash();
  else setTimeout(crash, Number(delayMs));
});
