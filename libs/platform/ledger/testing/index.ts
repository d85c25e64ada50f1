export { createTestLedger, defineTestKinds, fund, type TestLedger } from './test-ledger.js';
