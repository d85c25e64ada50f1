import { type Queryable, sqlState } from '@base/database';
import { type Account } from './account.js';

/** Accounts kept in memory at most. An id takes about 150 bytes with its path. */
const CAPACITY = 200_000;
const UNKNOWN_TYPE_OR_ASSET = 'LG003';

/** Where resolved ids may be remembered: at once, or when the transaction that found them has committed. */
export type Remember = (work: () => void) => void;

/** The ids of accounts by their paths. Accounts are never renamed or deleted, so what it once knows stays true. */
export class AccountDirectory {
  readonly #ids = new Map<string, number>();

  /** The lookup for these accounts, if all of them are known already. */
  known(accounts: readonly Account[]): ((account: Account) => number) | undefined {
    return accounts.every((account) => this.#ids.has(account.path))
      ? (account) => required(this.#ids.get(account.path), account)
      : undefined;
  }

  /**
   * Makes every account known, opening those that do not exist, at `openedAt`.
   * In a transaction `remember` waits for its commit: an account that a rolled-back transaction opened never existed.
   */
  async resolve(
    on: Queryable,
    accounts: readonly Account[],
    { openedAt, remember }: { openedAt: Date; remember: Remember },
  ): Promise<(account: Account) => number> {
    const ids = new Map<string, number>();
    const unknown = new Map<string, Account>();
    for (const account of accounts) {
      const id = this.#ids.get(account.path);
      if (id === undefined) unknown.set(account.path, account);
      else ids.set(account.path, id);
    }
    if (unknown.size > 0) {
      const found = await open(on, [...unknown.values()], openedAt);
      remember(() => found.forEach((id, path) => this.#remember(path, id)));
      found.forEach((id, path) => ids.set(path, id));
    }
    return (account) => required(ids.get(account.path), account);
  }

  #remember(path: string, id: number): void {
    if (this.#ids.size >= CAPACITY) {
      const oldest = this.#ids.keys().next();
      if (!oldest.done) this.#ids.delete(oldest.value);
    }
    this.#ids.set(path, id);
  }
}

function required(id: number | undefined, account: Account): number {
  if (id === undefined) throw new Error(`account ${account.path} was not resolved`);
  return id;
}

interface PathRow {
  path: string;
  id: bigint;
}

async function open(on: Queryable, accounts: readonly Account[], openedAt: Date): Promise<Map<string, number>> {
  const paths = accounts.map((account) => account.path);
  const existing = await on.query<PathRow>('SELECT path, id FROM ledger.accounts WHERE path = ANY($1::text[])', [
    paths,
  ]);
  const ids = new Map(existing.map((row) => [row.path, Number(row.id)]));
  const missing = accounts.filter((account) => !ids.has(account.path));
  if (missing.length > 0) {
    const opened = await on
      .query<PathRow>('SELECT path, id FROM ledger.open_accounts($1, $2::text[], $3::text[], $4::uuid[])', [
        openedAt,
        missing.map((account) => account.type),
        missing.map((account) => account.asset),
        missing.map((account) => account.owner),
      ])
      .catch((error: unknown) => {
        if (sqlState(error) !== UNKNOWN_TYPE_OR_ASSET) throw error;
        throw new Error('an account type or asset is not in the chart; add it in a migration', { cause: error });
      });
    for (const row of opened) ids.set(row.path, Number(row.id));
  }
  return ids;
}
