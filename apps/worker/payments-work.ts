import { createPayments, railsOf, registerPaymentsJobs, termsOf } from '@platform/payments';
import { type WorkerParts } from './worker.js';

/** What bank and card processor are asked, what they did not tell us by themselves, and what stands too long. */
export function registerPaymentsWork(parts: WorkerParts): void {
  const { config, database, clock, logger, ledger, outbox, events, jobs } = parts;
  const paymentsParts = { database, clock, logger, ledger, outbox, events, ...railsOf(config) };
  registerPaymentsJobs(jobs, paymentsParts, createPayments(paymentsParts, { terms: termsOf(config) }));
}
