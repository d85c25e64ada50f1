import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Secret } from '@base/config';
import {
  CommitUnknown,
  DatabaseBusy,
  DatabaseUnavailable,
  isConflict,
  isConnectionLoss,
  isExhaustion,
} from './database-error.js';
import { exactTypes } from './types.js';

export type SqlValue = unknown;

/** What a statement can be run on: a transaction, or the database for a single statement. */
export interface Queryable {
  query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row[]>;
  /** The only row. @throws Error when there is none or more than one. */
  one<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row>;
  /** The only row, or undefined. @throws Error when there is more than one. */
  maybeOne<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row | undefined>;
}

/** One READ COMMITTED transaction. It belongs to the callback it was given to, and is dead after it. */
export interface Tx extends Queryable {
  /** Runs `work` once the transaction has committed; not at all if it does not. For wake-ups, never for effects that matter. */
  afterCommit(work: () => void): void;
}

export interface DatabaseOptions {
  readonly url: Secret;
  readonly applicationName: string;
  /** Connections at most. */
  readonly max?: number;
  /** How long a caller waits for a free connection before it is told 503. */
  readonly acquireTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
}

export interface TransactionOptions {
  /** How long conflicts (serialization failures, deadlocks) are retried before `DatabaseBusy`. */
  readonly deadlineMs?: number;
}

const RETRY_BASE_MS = 5;
const RETRY_CAP_MS = 250;

/** The process's connections to PostgreSQL. A lost connection is an error of the call that used it, never of the process. */
export class Database implements Queryable {
  readonly #pool: pg.Pool;

  constructor(options: DatabaseOptions) {
    this.#pool = new pg.Pool({
      connectionString: options.url.reveal(),
      application_name: options.applicationName,
      max: options.max ?? 10,
      connectionTimeoutMillis: options.acquireTimeoutMs ?? 5_000,
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 30_000,
      types: exactTypes,
    });
    // Without listeners, an idle or a checked-out client that loses its server ends the process (node-postgres #3083).
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Connections in use, idle, and callers waiting for one. */
  get load(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  async query<Row extends object>(sql: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(sql, [...values])).rows;
    } catch (error) {
      throw translated(error);
    }
  }

  async one<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row> {
    return onlyRow(await this.query<Row>(sql, values));
  }

  async maybeOne<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row | undefined> {
    return atMostOneRow(await this.query<Row>(sql, values));
  }

  /**
   * Runs `work` in a transaction and commits it. On a conflict the whole of `work` runs again with jittered back-off until the deadline,
   * so it must keep its effects inside the transaction.
   * @throws DatabaseBusy, DatabaseUnavailable (nothing happened), CommitUnknown (ask by id), or whatever `work` throws (rolled back).
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const deadline = performance.now() + (options.deadlineMs ?? 10_000);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!isConflict(error)) throw error;
        const ceiling = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(attempt, 10));
        const pause = Math.random() * ceiling;
        if (performance.now() + pause > deadline) throw new DatabaseBusy({ cause: error });
        await sleep(pause);
      }
    }
  }

  async #attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#acquire();
    const tx = new PgTransaction(client);
    let broken: Error | undefined;
    try {
      await tx.query('BEGIN');
      const result = await work(tx);
      await tx.commit();
      return result;
    } catch (error) {
      if (error instanceof CommitUnknown || error instanceof DatabaseUnavailable) broken = error;
      else await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
      throw error;
    } finally {
      tx.end();
      client.release(broken);
    }
  }

  async #acquire(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * A connection of one's own outside the pool, for LISTEN or for prepared statements on a hot path. It has an error listener; the caller
   * ends it. With `pipeline`, statements are sent without waiting for the answers to those before.
   */
  async dedicatedClient(options: { pipeline?: boolean } = {}): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#pool.options, ...options, types: exactTypes });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

class PgTransaction implements Tx {
  readonly #client: pg.PoolClient;
  readonly #afterCommit: (() => void)[] = [];
  #ended = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async query<Row extends object>(sql: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    if (this.#ended) throw new Error('this transaction has ended');
    try {
      return (await this.#client.query<Row>(sql, [...values])).rows;
    } catch (error) {
      throw translated(error);
    }
  }

  async one<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row> {
    return onlyRow(await this.query<Row>(sql, values));
  }

  async maybeOne<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row | undefined> {
    return atMostOneRow(await this.query<Row>(sql, values));
  }

  afterCommit(work: () => void): void {
    this.#afterCommit.push(work);
  }

  async commit(): Promise<void> {
    try {
      const { command } = await this.#client.query('COMMIT');
      // A transaction that an earlier error aborted answers COMMIT with ROLLBACK: an error that `work` swallowed.
      if (command !== 'COMMIT') throw new Error('the transaction was already aborted, so it was rolled back');
    } catch (error) {
      throw isConnectionLoss(error) ? new CommitUnknown({ cause: error }) : error;
    }
    for (const work of this.#afterCommit) work();
  }

  end(): void {
    this.#ended = true;
  }
}

const translated = (error: unknown): unknown =>
  isConnectionLoss(error) || isExhaustion(error) ? new DatabaseUnavailable({ cause: error }) : error;

function atMostOneRow<Row>(rows: Row[]): Row | undefined {
  if (rows.length > 1) throw new Error(`expected at most one row, got ${rows.length}`);
  return rows[0];
}

function onlyRow<Row>(rows: Row[]): Row {
  const row = atMostOneRow(rows);
  if (row === undefined) throw new Error('expected one row, got none');
  return row;
}
