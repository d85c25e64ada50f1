export { FakeBank } from './fake-bank.js';
export { FakeCard } from './fake-card.js';
export { placeValueHold } from '../value-holds.js';
export { createTestPayments, randomIban, type TestPayments } from './test-payments.js';
