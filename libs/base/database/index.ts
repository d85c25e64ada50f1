export {
  Database,
  type DatabaseOptions,
  type Queryable,
  type SqlValue,
  type TransactionOptions,
  type Tx,
} from './database.js';
export { brokenConstraint, CommitUnknown, DatabaseBusy, DatabaseUnavailable, isConflict, isConnectionLoss, sqlState } from './database-error.js'; // prettier-ignore
export { pollForLock } from './poll-for-lock.js';
export { runMigrations, type MigrationClass } from './run-migrations.js';
export { uuidV5, uuidV7 } from './uuid.js';
