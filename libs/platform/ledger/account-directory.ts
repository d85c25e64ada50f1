import { type Queryable, sqlState, type Tx } from '@base/database';
import { type Account } from './account.js';

/** Accounts kept in memory at most. An id takes about 150 bytes with its path. */
const CAPACITY = 200_000;
/** Accounts opened by one statement at most. */
const OPEN_MAX = 1_000;
const UNKNOWN_TYPE_OR_ASSET = 'LG003';

export type AccountIds = (account: Account) => number;

/** The ids of accounts by their paths. Accounts are never renamed or deleted, so what it once knows stays true. */
export class AccountDirectory {
  readonly #ids = new Map<string, number>();
  #wanted = new Map<string, Account>();
  #opening: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** The lookup for these accounts, if all of them are known already. */
  known(accounts: readonly Account[]): AccountIds | undefined {
    const ids = new Map<string, number>();
    for (const { path } of accounts) {
      const id = this.#ids.get(path);
      if (id === undefined) return undefined;
      ids.set(path, id);
    }
    return lookup(ids);
  }

  /**
   * Within a transaction: makes every account known, opening those that do not exist. They are remembered once it has committed: an account
   * that a rolled-back transaction opened never existed.
   */
  async resolve(tx: Tx, accounts: readonly Account[], openedAt: Date): Promise<AccountIds> {
    const ids = new Map<string, number>();
    const unknown = new Map<string, Account>();
    for (const account of accounts) {
      const id = this.#ids.get(account.path);
      if (id === undefined) unknown.set(account.path, account);
      else ids.set(account.path, id);
    }
    if (unknown.size > 0) {
      const found = await findOrOpen(tx, [...unknown.values()], openedAt);
      tx.afterCommit(() => this.#remember(found));
      found.forEach((id, path) => ids.set(path, id));
    }
    return lookup(ids);
  }

  /**
   * On its own, outside any transaction. Whoever asks while a query is under way shares the next one, so a thousand callers with new accounts
   * take one connection.
   */
  async resolveShared(on: Queryable, accounts: readonly Account[], openedAt: () => Date): Promise<AccountIds> {
    for (;;) {
      const ids = this.known(accounts);
      if (ids !== undefined) return ids;
      for (const account of accounts) if (!this.#ids.has(account.path)) this.#wanted.set(account.path, account);
      this.#next ??= this.#opening = this.#opening.then(() => this.#openWanted(on, openedAt()));
      await this.#next;
    }
  }

  async #openWanted(on: Queryable, openedAt: Date): Promise<void> {
    const wanted = [...this.#wanted.values()];
    this.#wanted = new Map();
    this.#next = undefined;
    for (let start = 0; start < wanted.length; start += OPEN_MAX) {
      this.#remember(await findOrOpen(on, wanted.slice(start, start + OPEN_MAX), openedAt));
    }
  }

  #remember(found: ReadonlyMap<string, number>): void {
    for (const [path, id] of found) this.#ids.set(path, id);
    for (const path of this.#ids.keys()) {
      if (this.#ids.size <= CAPACITY) break;
      this.#ids.delete(path);
    }
  }
}

const lookup =
  (ids: ReadonlyMap<string, number>): AccountIds =>
  ({ path }) => {
    const id = ids.get(path);
    if (id === undefined) throw new Error(`account ${path} was not resolved`);
    return id;
  };

interface PathRow {
  path: string;
  id: bigint;
}

async function findOrOpen(on: Queryable, accounts: readonly Account[], openedAt: Date): Promise<Map<string, number>> {
  const paths = accounts.map((account) => account.path);
  const existing = await on.query<PathRow>('SELECT path, id FROM ledger.accounts WHERE path = ANY($1::text[])', [
    paths,
  ]);
  const ids = new Map(existing.map((row) => [row.path, Number(row.id)]));
  const missing = accounts.filter((account) => !ids.has(account.path));
  for (const row of missing.length > 0 ? await open(on, missing, openedAt) : []) ids.set(row.path, Number(row.id));
  return ids;
}

async function open(on: Queryable, accounts: readonly Account[], openedAt: Date): Promise<PathRow[]> {
  try {
    return await on.query<PathRow>(
      'SELECT path, id FROM ledger.open_accounts($1, $2::text[], $3::text[], $4::uuid[])',
      [
        openedAt,
        accounts.map((account) => account.type),
        accounts.map((account) => account.asset),
        accounts.map((account) => account.owner),
      ],
    );
  } catch (error) {
    if (sqlState(error) !== UNKNOWN_TYPE_OR_ASSET) throw error;
    throw new Error('an account type or asset is not in the chart; add it in a migration', { cause: error });
  }
}
