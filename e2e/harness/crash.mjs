/**
 * Loaded into an API process with `node --import`: ends it as kill -9 does, when it has reached a step (api/src/platform/observability/steps.ts) so
 * many times. CVAULT_TEST_CRASH is "step times delayMs [signal]"; the delay is for what is under way in PostgreSQL or at the
 * agent, another signal for what only freezes it.
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
