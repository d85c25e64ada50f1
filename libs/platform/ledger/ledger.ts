import { type Clock } from '@base/clock';
import { type Database, type Queryable, type Tx } from '@base/database';
import { type Account } from './account.js';
import { AccountDirectory } from './account-directory.js';
import { type AccountBalance, type AccountStatus, type OwnerBalance, readAccount, readAccountsOf, readBalanceAt, readBalances, readBalancesOf } from './balances.js'; // prettier-ignore
import { BatchingPoster, type PosterOptions } from './batching-poster.js';
import { type AccountChange, changeAccount } from './change-account.js';
import { expireHolds } from './expire-holds.js';
import { accountsOf, batchArguments, type Outcome, POST_SQL, type PostRow, prepare, readUnit, refusedByServer, type Unit } from './post-batch.js'; // prettier-ignore
import { type Period, readStatement, type Statement, type StatementPage } from './statement.js';
import { checkTransfer, type Transfer } from './transfer.js';
import { type PostedTransfer, readTransfer } from './transfers.js';
import { readTrialBalance, type TrialBalance } from './trial-balance.js';

export type AccountChangeReason = Omit<AccountChange, 'at'>;

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
   * @throws LedgerRefusal (circumstances) or LedgerMisuse (a bug of the caller), and nothing was posted
   */
  async post(tx: Tx, transfer: Transfer): Promise<Outcome>;
  async post(tx: Tx, transfers: readonly Transfer[]): Promise<Outcome[]>;
  async post(tx: Tx, given: Transfer | readonly Transfer[]): Promise<Outcome | Outcome[]> {
    const transfers = listOf(given);
    if (transfers.length === 0) return [];
    const askedAt = this.#clock.now();
    const idOf = await this.#accounts.resolve(tx, accountsOf(transfers), askedAt);
    const unit = transfers.map((transfer) => prepare(transfer, idOf));
    const outcomes = await postUnit(tx, unit, askedAt);
    return Array.isArray(given) ? outcomes : only(outcomes);
  }

  /**
   * Posts in a transaction of its own, together with whatever else is waiting; resolves once it is durable. Several transfers stand or fall
   * together. A lost connection is resolved by asking again with the same ids.
   * @throws LedgerRefusal, LedgerMisuse; DatabaseBusy when too much is waiting (nothing happened); CommitUnknown when the database stayed away too long
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
    return (await readAccount(on, account))?.balance ?? 0n;
  }

  /** Balances of several accounts at one moment, in their order: money that moves between them is not seen twice, nor missed. */
  balancesOf(accounts: readonly Account[], on: Queryable = this.#database): Promise<bigint[]> {
    return readBalancesOf(on, accounts);
  }

  /** The account with its version, status and floor. Undefined if it was never opened. */
  account(account: Account, on: Queryable = this.#database): Promise<AccountBalance | undefined> {
    return readAccount(on, account);
  }

  /** Every account of an owner. */
  accountsOf(owner: string, on: Queryable = this.#database): Promise<AccountBalance[]> {
    return readAccountsOf(on, owner);
  }

  /** A customer's money by asset: available, held, on its way in. */
  balances(owner: string, on: Queryable = this.#database): Promise<OwnerBalance[]> {
    return readBalances(on, owner);
  }

  /** The balance after everything posted up to and including `at`. */
  balanceAt(account: Account, at: Date, on: Queryable = this.#database): Promise<bigint> {
    return readBalanceAt(on, account, at);
  }

  /** A page of an account's entries in a period; that they lead from the opening to the closing balance is checked. */
  statement(
    account: Account,
    period: Period,
    page?: StatementPage,
    on: Queryable = this.#database,
  ): Promise<Statement> {
    return readStatement(on, account, period, page);
  }

  trialBalance(on: Queryable = this.#database): Promise<TrialBalance> {
    return readTrialBalance(on);
  }

  /** Undefined: it was not posted. How a caller who does not know asks. */
  transfer(id: string, on: Queryable = this.#database): Promise<PostedTransfer | undefined> {
    return readTransfer(on, id);
  }

  /** From now on the account may only receive. @throws AccountChangeRefusal */
  freezeAccount(tx: Tx, account: Account, why: AccountChangeReason): Promise<void> {
    return this.#change(tx, account, { status: 'frozen' }, why);
  }

  /** @throws AccountChangeRefusal */
  unfreezeAccount(tx: Tx, account: Account, why: AccountChangeReason): Promise<void> {
    return this.#change(tx, account, { status: 'open' }, why);
  }

  /** For good, and only when it is empty. @throws AccountChangeRefusal */
  closeAccount(tx: Tx, account: Account, why: AccountChangeReason): Promise<void> {
    return this.#change(tx, account, { status: 'closed' }, why);
  }

  /** The balance may not go below it from now on; null: no floor. E.g. a short limit of the house. @throws AccountChangeRefusal */
  setFloor(tx: Tx, account: Account, floor: bigint | null, why: AccountChangeReason): Promise<void> {
    return this.#change(tx, account, { floor }, why);
  }

  /** Opens accounts that no transfer has touched yet, e.g. to freeze them or give them a floor first. */
  async openAccounts(tx: Tx, accounts: readonly Account[]): Promise<void> {
    await this.#accounts.resolve(tx, accounts, this.#clock.now());
  }

  /** Gives back what is left on holds whose time is over; returns how many. Any number of sweepers may run. */
  expireHolds(): Promise<number> {
    return expireHolds(this.#database, (transfer) => this.submit(transfer), this.#clock.now());
  }

  async #change(
    tx: Tx,
    account: Account,
    change: { status?: AccountStatus; floor?: bigint | null },
    why: AccountChangeReason,
  ): Promise<void> {
    await this.openAccounts(tx, [account]);
    await changeAccount(tx, account, change, { ...why, at: this.#clock.now() });
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
  if (result instanceof Error) throw result;
  return result;
}
