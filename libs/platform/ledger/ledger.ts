import { type Clock } from '@base/clock';
import { type Database, type Queryable, type Tx } from '@base/database';
import { type Account } from './account.js';
import { AccountDirectory } from './account-directory.js';
import { BatchingPoster, type PosterOptions } from './batching-poster.js';
import { accountsOf, batchArguments, type Outcome, POST_SQL, type PostRow, prepare, readUnit, refusedByServer, type Unit } from './post-batch.js'; // prettier-ignore
import { LedgerRefusal } from './refusals.js';
import { checkTransfer, type Transfer } from './transfer.js';

/**
 * The only place where ownership changes. Two doors: `post` inside the caller's transaction, for what must commit together with other rows;
 * `submit` through the batching poster, for throughput. Both are idempotent by the transfer's id.
 */
export class Ledger {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #accounts = new AccountDirectory();
  readonly #poster: BatchingPoster;

  constructor(database: Database, clock: Clock, options: PosterOptions = {}) {
    this.#database = database;
    this.#clock = clock;
    this.#poster = new BatchingPoster(database, clock, this.#accounts, options);
  }

  /**
   * Posts within the caller's transaction; several transfers stand or fall together. A transfer that was posted before is a `duplicate`, which
   * is a success. Accounts stay locked until the transaction ends, so post late in it and never around a call to the outside.
   * @throws LedgerRefusal, and nothing was posted
   */
  async post(tx: Tx, transfer: Transfer): Promise<Outcome>;
  async post(tx: Tx, transfers: readonly Transfer[]): Promise<Outcome[]>;
  async post(tx: Tx, given: Transfer | readonly Transfer[]): Promise<Outcome | Outcome[]> {
    const transfers = listOf(given);
    if (transfers.length === 0) return [];
    const askedAt = this.#clock.now();
    const idOf = await this.#accounts.resolve(tx, accountsOf(transfers), {
      openedAt: askedAt,
      remember: (work) => tx.afterCommit(work),
    });
    const unit = transfers.map((transfer) => prepare(transfer, idOf));
    const outcomes = await postUnit(tx, unit, askedAt);
    return Array.isArray(given) ? outcomes : only(outcomes);
  }

  /**
   * Posts in a transaction of its own, together with whatever else is waiting; resolves once it is durable. Several transfers stand or fall
   * together. A lost connection is resolved by asking again with the same ids.
   * @throws LedgerRefusal; DatabaseBusy when too much is waiting (nothing happened); CommitUnknown when the database stayed away too long
   */
  async submit(transfer: Transfer): Promise<Outcome>;
  async submit(transfers: readonly Transfer[]): Promise<Outcome[]>;
  async submit(given: Transfer | readonly Transfer[]): Promise<Outcome | Outcome[]> {
    const transfers = listOf(given);
    if (transfers.length === 0) return [];
    const outcomes = await this.#poster.submit(transfers);
    return Array.isArray(given) ? outcomes : only(outcomes);
  }

  /** The balance on the account's normal side, in minor units: a customer's 5 BTC is `500_000_000n`. Zero if it was never opened. */
  async balance(account: Account, on: Queryable = this.#database): Promise<bigint> {
    const row = await on.maybeOne<{ balance: bigint }>(
      `SELECT b.balance FROM ledger.accounts a JOIN ledger.balances b ON b.account_id = a.id WHERE a.path = $1`,
      [account.path],
    );
    return row?.balance ?? 0n;
  }

  /** Waits for what has been submitted and lets go of the poster's connection. */
  async close(): Promise<void> {
    await this.#poster.close();
  }
}

const listOf = (given: Transfer | readonly Transfer[]): readonly Transfer[] => {
  const transfers = Array.isArray(given) ? (given as readonly Transfer[]) : [given as Transfer];
  transfers.forEach(checkTransfer);
  if (new Set(transfers.map((transfer) => transfer.id)).size !== transfers.length) {
    throw new RangeError('two linked transfers have the same id');
  }
  return transfers;
};

const only = (outcomes: readonly Outcome[]): Outcome => {
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error('a transfer has an outcome');
  return outcome;
};

async function postUnit(tx: Tx, unit: Unit, askedAt: Date): Promise<Outcome[]> {
  const row = await tx.one<PostRow>(POST_SQL, batchArguments([unit], askedAt)).catch((error: unknown) => {
    throw refusedByServer(error, unit);
  });
  const result = readUnit(unit, row.outcomes, row.culprits);
  if (result instanceof LedgerRefusal) throw result;
  return result;
}
