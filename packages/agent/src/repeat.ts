/**
 * Runs a task repeatedly. The pause after each run is at least `pauseMs` and `rest` times the run's length, so by
 * default it never costs more than a tenth of a core. Failures are left to the next run. Does not keep the process
 * alive. Returns a function that stops it and resolves once a running task has ended.
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
