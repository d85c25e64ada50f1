export { rowCounts } from './row-counts.js';
export { createTestDatabase, type TestDatabase } from './create-test-database.js';
