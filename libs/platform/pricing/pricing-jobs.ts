import { type Jobs } from '@base/jobs';
import { type RecordCloses } from './record-closes.js';

const EVERY_MS = 1_000;

/** What a worker does for pricing: one close per pair and minute. */
export function registerPricingJobs(jobs: Jobs, { recordCloses }: { recordCloses: RecordCloses }): void {
  jobs.every({ kind: 'pricing.record-closes', everyMs: EVERY_MS, run: () => recordCloses.run() });
}
