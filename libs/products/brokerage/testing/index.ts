export {
  createTestBrokerage,
  FakePayments,
  PRICES,
  type TestBrokerage,
  type TestBrokerageOptions,
} from './test-brokerage.js';
