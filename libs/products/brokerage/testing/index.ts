export { createTestBrokerage, type TestBrokerage, type TestBrokerageOptions } from './test-brokerage.js';
