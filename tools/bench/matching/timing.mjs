/** Time as the measuring children take it: of the processor where the machine is shared with other work (BENCH_CPU_TIME=1), of the wall otherwise. */
import { performance } from 'node:perf_hooks';

export const now = process.env.BENCH_CPU_TIME === '1' ? processorMs : () => performance.now();

function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * @param {() => void} work
 * @param {number} count
 * @returns {number} how often per second
 */
export function rateOf(work, count) {
  const from = now();
  work();
  return (count * 1000) / (now() - from);
}
