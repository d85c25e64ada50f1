export { AllocateAddress } from './allocate-address.js';
export { findCustomerAddress, type OwnAddress, type OwnerKind } from './addresses.js';
export { attemptsOf, type Attempt } from './attempts.js';
export { CUSTODY_SETTINGS, CustodyModule } from './custody.module.js';
export { custodyRounds, type CustodyRound, type RoundsOptions } from './custody-rounds.js';
export { DecideWithdrawal } from './decide-withdrawal.js';
export { type DepositState } from './deposit.js';
export { findDeposit, listDeposits, type Deposit } from './deposits.js';
export { EndUnsigned } from './end-unsigned.js';
export { quoteFee, type FeeQuote } from './fee-quotes.js';
export { halt, listHalts, resume, type Halt } from './halts.js';
export { INTENT_STATES, type IntentState } from './intent.js';
export { findIntent, historyOf, listIntents, type HistoryStep, type Intent } from './intents.js';
export { type CustodyParts } from './parts.js';
export { listReconciliations, type Reconciliation } from './reconcile.js';
export { refusal as custodyRefusal, type CustodyRefusal } from './refusals.js';
export {
  FREEZE_JOB,
  RECONCILE_JOB,
  registerCustodyJobs,
  type CustodyJobs,
  type CustodyJobsOptions,
} from './register-custody-jobs.js';
export { RequestWithdrawal, type WithdrawalRequest } from './request-withdrawal.js';
export { type Screening } from './screen-intent.js';
export {
  CHAIN_ASSETS,
  custodySettings,
  isChainAsset,
  type AssetSettings,
  type ChainAsset,
  type CustodySettings,
} from './settings.js';
export { custodyConfig, custodySettingsOf } from './custody-config.js';
export { presentDeposit, presentWithdrawal } from './present.js';
export {
  findWhitelisted,
  KeepWhitelist,
  listWhitelist,
  type WhitelistEntry,
  type WhitelistRequest,
} from './whitelist.js';
export { type WithdrawableValue } from './withdrawable-value.js';
