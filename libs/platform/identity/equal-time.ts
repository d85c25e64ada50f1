import { setTimeout as sleep } from 'node:timers/promises';

/** What takes two milliseconds more for a known address would tell that it is known. */
export class EqualTime {
  /** @param quantumMs every answer takes a whole multiple of this; longer than the work usually takes. */
  constructor(private readonly quantumMs = 250) {}

  /** Runs `work` and answers, or fails, at the next multiple of the quantum. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      const elapsed = performance.now() - start;
      await sleep(Math.ceil(elapsed / this.quantumMs) * this.quantumMs - elapsed);
    }
  }
}
