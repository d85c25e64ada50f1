/** A loop that can be hurried along and stopped. */
export interface Repeating {
  /** Runs as soon as the present run is over, without waiting for the interval. */
  now(): void;
  /** No further run; resolves when the present one is over. */
  stop(): Promise<void>;
}

/** Runs `work` every `ms` (counted from its end, so runs never overlap); an error is told and the loop goes on. */
export function repeat(ms: number, work: () => Promise<void>, tell: (error: unknown) => void): Repeating {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  const run = (): void => {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    clearTimeout(timer);
    running = work()
      .catch(tell)
      .finally(() => {
        running = undefined;
        if (stopped) return;
        timer = setTimeout(run, again ? 0 : ms);
        again = false;
      });
  };
  run();
  return {
    now: run,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
