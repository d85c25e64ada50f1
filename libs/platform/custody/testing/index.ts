export { CustodyBench } from './custody-bench.js';
export { dieIn, WorkerDied } from './dying-worker.js';
export { type Paid, Withdrawals } from './withdrawals.js';
