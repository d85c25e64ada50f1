export { createTestLedger, defineTestKinds, fund, type TestLedger } from './test-ledger.js';
export { accountsModel, type AccountsAnswer, type AccountsOp, type Standing } from './accounts-model.js';
export { type Call, checkLinearizable, type SequentialModel, type Verdict } from './linearizable.js';
