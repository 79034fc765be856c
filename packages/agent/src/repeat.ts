/**
 * Runs a task again and again, with a pause after each run: at least `pauseMs`, and `rest` times as long as the run took, so
 * that it never costs more than a tenth of a core by default. Failures are left to the next run. Does not keep the process alive.
 * Answers how to stop it: resolves once a run that is under way has ended.
 */
export function repeat(task: () => Promise<void>, pauseMs: number, rest = 10): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(run, pauseMs).unref();

  function run(): void {
    const started = performance.now();
    running = task()
      .catch(() => undefined)
      .then(() => {
        if (stopped) return;
        timer = setTimeout(run, Math.max(pauseMs, rest * (performance.now() - started))).unref();
      });
  }

  return () => {
    stopped = true;
    clearTimeout(timer);
    return running;
  };
}
