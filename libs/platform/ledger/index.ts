export { account, type Account, accountAt } from './account.js';
export {
  type AccountBalance,
  type AccountFilter,
  type AccountStatus,
  listAccounts,
  type OwnerBalance,
} from './balances.js';
export { type PosterOptions } from './batching-poster.js';
export { type AuditedInvariant, type Violation } from './audit-invariants.js';
export { type ChainFault, type ChainHead, type ChainReport, type VerifyOptions } from './chain.js';
export { AccountChangeRefusal, type AccountChangeRefusalCode } from './change-account.js';
export { ACCOUNT_TYPES, type AccountClass, type AccountType } from './chart.js';
export { FEED_START, type FeedCursor, type FeedItem, readFeed } from './feed.js';
export { captureLegs, type CaptureRequest, holdAccount, holdLegs, type HoldRequest, releaseLegs } from './holds.js';
export { type AccountChangeReason, Ledger } from './ledger.js';
export { LedgerAuditor } from './ledger-auditor.js';
export { type Outcome } from './post-batch.js';
export { LedgerMisuse, type LedgerMisuseCode, LedgerRefusal, type LedgerRefusalCode } from './refusals.js';
export { type OverdueClearing, type Solvency } from './solvency.js';
export { type Period, type Statement, type StatementLine, type StatementPage } from './statement.js';
export { credit, debit, type Json, type Leg, type Transfer } from './transfer.js';
export { type PostedEntry, type PostedTransfer, readGroup, searchTransfers, type TransferFilter, type TransferPage } from './transfers.js'; // prettier-ignore
export { type TrialBalance, type TrialBalanceLine } from './trial-balance.js';
export { LedgerModule } from './ledger.module.js';
