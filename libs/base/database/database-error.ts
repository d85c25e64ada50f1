/** The database could not be reached, or would not answer in time. Nothing of the transaction happened. */
export class DatabaseUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('the database is not available', options);
  }
}

/**
 * The connection died while COMMIT was under way, so the transaction may or may not have happened (measured: 4 of 44 such commits had).
 * The caller asks again with the same id.
 */
export class CommitUnknown extends Error {
  constructor(options?: ErrorOptions) {
    super('the outcome of the commit is not known', options);
  }
}

/** The transaction met serialization failures or deadlocks until its deadline. Nothing of it happened. */
export class DatabaseBusy extends Error {
  constructor(options?: ErrorOptions) {
    super('the database is too busy', options);
  }
}

/** The SQLSTATE of a PostgreSQL error, if it is one. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** The name of the constraint that an error broke, if it did. */
export function brokenConstraint(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('constraint' in error)) return undefined;
  return typeof error.constraint === 'string' ? error.constraint : undefined;
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const LOCK_NOT_AVAILABLE = '55P03';

/** Whether running the whole transaction again may succeed. */
export const isConflict = (error: unknown): boolean =>
  [SERIALIZATION_FAILURE, DEADLOCK, LOCK_NOT_AVAILABLE].includes(sqlState(error) ?? '');

const NODE_CONNECTION_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);
/** Messages of `pg` itself, which gives these errors no code. */
const PG_CONNECTION_ERRORS =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Connection ended/i;

/** Disk full, out of memory, too many connections: the statement was refused for want of a resource, and nothing of it happened. */
export const isExhaustion = (error: unknown): boolean => /^53...$/.test(sqlState(error) ?? '');

/** Whether the error says that the connection, not the statement, failed. Told by shape: an error of Node's may be of another realm. */
export function isConnectionLoss(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  // 08: connection exception; 57P01–57P05: shut down, crashed, starting up, idle too long; 25P03: idle in a transaction; 53300: full.
  if (typeof code === 'string') return /^(08...|57P0[1-5]|25P03|53300)$/.test(code) || NODE_CONNECTION_ERRORS.has(code);
  return typeof message === 'string' && PG_CONNECTION_ERRORS.test(message);
}
