export { FakeBank } from './fake-bank.js';
export { FakeCard } from './fake-card.js';
export { createTestPayments, randomIban, type TestPayments } from './test-payments.js';
