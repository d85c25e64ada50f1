export { createTestBrokerage, PRICES, type TestBrokerage, type TestBrokerageOptions } from './test-brokerage.js';
