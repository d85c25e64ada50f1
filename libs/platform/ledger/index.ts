export { account, type Account } from './account.js';
export { ACCOUNT_TYPES, type AccountClass, type AccountType } from './chart.js';
export { captureLegs, type CaptureRequest, holdAccount, holdLegs, type HoldRequest, releaseLegs } from './holds.js';
export { Ledger } from './ledger.js';
export { type PosterOptions } from './batching-poster.js';
export { type Outcome } from './post-batch.js';
export { LedgerRefusal, type LedgerRefusalCode } from './refusals.js';
export { credit, debit, type Leg, type Transfer } from './transfer.js';
