export { type OwnAddress, ownAddresses } from './addresses.js';
export { AllocateAddress, HOT_ACCOUNT } from './allocate-address.js';
export { type AssetHalt, assetHalt, assetHalts, haltAsset, resumeAsset } from './asset-halt.js';
export { type OwnCoin, spendableCoins } from './coins.js';
export { countBitcoin, countEthereum } from './count-holdings.js';
export { CreditDueDeposits } from './credit-due-deposits.js';
export { type BitcoinCustody, type CustodyChain } from './custody-chain.js';
export { type Deposit, type DepositState } from './deposit.js';
export { type DepositWork, registerDepositJobs } from './deposit-jobs.js';
export { depositById, type DepositListing, listDeposits } from './deposits.js';
export {
  type LeftButUnsettled,
  newestReconciliations,
  ReconcileCustody,
  type Reconciliation,
} from './reconcile-custody.js';
export { RecordDeposit } from './record-deposit.js';
export { assetNotHalted, depositNotFound } from './refusals.js';
export { type BlockListener, TakeInBitcoinBlocks, TakeInEthereumBlocks } from './take-in-blocks.js';
export { type CustodyChains, type CustodyConfig, custodyChains, custodyConfig } from './custody-settings.js';
export { CustodyModule } from './custody.module.js';
export { depositSchema, presentDeposits, type PresentedDeposit } from './present-deposit.js';
export { minimumDeposit } from './minimum-deposit.js';
