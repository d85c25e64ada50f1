export { ClaimLost, type ClaimedJob, type OutsideHandler, type TxHandler } from './job-handlers.js';
export { Jobs, type JobsParts } from './jobs.js';
export { Outbox, type Job } from './outbox.js';
export { type PeriodicWork } from './periodic-work.js';
export { type Cadence, type Period } from './periods.js';
export { repeat, type Repeating } from './repeat.js';
export { type Schedule } from './schedules.js';
export { listen, Wake } from './wake.js';
export {
  createWorkQueue,
  installQueueSchema,
  type Ticket,
  type WorkQueue,
  type WorkQueueOptions,
} from './work-queue.js';
