export { insertDeposit, lockDeposit, updateDeposit } from '../deposits.js';
export { CustodyBench } from './custody-bench.js';
export { dieIn, WorkerDied } from './dying-worker.js';
export { Thief } from './thief.js';
export { type Paid, Withdrawals } from './withdrawals.js';
