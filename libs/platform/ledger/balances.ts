import { type AssetCode } from '@core/money';
import { type Queryable } from '@base/database';
import { type Account } from './account.js';
import { type AccountType } from './chart.js';

export type AccountStatus = 'open' | 'frozen' | 'closed';

/** An account with what is on it now, in minor units on its normal side: a customer's 5 BTC is `500_000_000n`. */
export interface AccountBalance {
  readonly path: string;
  readonly type: AccountType;
  readonly asset: AssetCode;
  readonly owner: string | null;
  readonly balance: bigint;
  /** Counts the account's entries: what `expectedVersion` of a leg is compared with. */
  readonly version: bigint;
  readonly status: AccountStatus;
  /** The balance cannot go below it; null: it may. */
  readonly floor: bigint | null;
}

/** A customer's money in one asset. What the customer owns is `available + held`. */
export interface OwnerBalance {
  readonly asset: AssetCode;
  readonly available: bigint;
  readonly held: bigint;
  readonly pendingIn: bigint;
}

const ACCOUNT_BALANCES = `
  SELECT a.path, t.name AS type, s.code AS asset, a.owner_id AS owner, b.balance, b.version, b.floor,
         CASE WHEN b.may_pay THEN 'open' WHEN b.may_receive THEN 'frozen' ELSE 'closed' END AS status
    FROM ledger.accounts a
    JOIN ledger.account_types t ON t.code = a.type_code
    JOIN ledger.assets s ON s.id = a.asset_id
    JOIN ledger.balances b ON b.account_id = a.id`;

/** Undefined when the account was never opened. */
export function readAccount(on: Queryable, account: Account): Promise<AccountBalance | undefined> {
  return on.maybeOne<AccountBalance>(`${ACCOUNT_BALANCES} WHERE a.path = $1`, [account.path]);
}

/** What is on each of these accounts at one moment, in their order; zero where one was never opened. */
export async function readBalancesOf(on: Queryable, accounts: readonly Account[]): Promise<bigint[]> {
  const rows = await on.query<{ path: string; balance: bigint }>(
    'SELECT a.path, b.balance FROM ledger.accounts a JOIN ledger.balances b ON b.account_id = a.id WHERE a.path = ANY ($1::text[])',
    [accounts.map(({ path }) => path)],
  );
  const byPath = new Map(rows.map(({ path, balance }) => [path, balance]));
  return accounts.map(({ path }) => byPath.get(path) ?? 0n);
}

/** Every account of an owner, by type and asset. */
export function readAccountsOf(on: Queryable, owner: string): Promise<AccountBalance[]> {
  return on.query<AccountBalance>(`${ACCOUNT_BALANCES} WHERE a.owner_id = $1 ORDER BY a.type_code, s.code`, [owner]);
}

/** What a list of accounts is narrowed to. */
export interface AccountFilter {
  readonly type?: AccountType;
  readonly asset?: AssetCode;
  readonly owner?: string;
  /** Only accounts with something on them. */
  readonly nonZero?: boolean;
}

/** Accounts in the order they were opened; `number` of the last one reads on. */
export function listAccounts(
  on: Queryable,
  filter: AccountFilter,
  page: { readonly after?: bigint; readonly limit: number },
): Promise<(AccountBalance & { readonly number: bigint })[]> {
  return on.query(
    `${ACCOUNT_BALANCES.replace('SELECT', 'SELECT a.id AS number,')}
      WHERE ($1::text IS NULL OR t.name = $1) AND ($2::text IS NULL OR s.code = $2) AND ($3::uuid IS NULL OR a.owner_id = $3)
        AND ($4::boolean IS NOT TRUE OR b.balance <> 0) AND a.id > $5
      ORDER BY a.id LIMIT $6`,
    [
      filter.type ?? null,
      filter.asset ?? null,
      filter.owner ?? null,
      filter.nonZero ?? null,
      page.after ?? 0n,
      page.limit,
    ],
  );
}

/** An owner's money by asset, in the order of the assets' codes. */
export async function readBalances(on: Queryable, owner: string): Promise<OwnerBalance[]> {
  return on.query<OwnerBalance>(
    `SELECT s.code AS asset,
            coalesce(sum(b.balance) FILTER (WHERE t.name = 'customer_available'), 0) AS available,
            coalesce(sum(b.balance) FILTER (WHERE t.name = 'customer_hold'), 0) AS held,
            coalesce(sum(b.balance) FILTER (WHERE t.name = 'customer_pending_in'), 0) AS "pendingIn"
       FROM ledger.accounts a
       JOIN ledger.account_types t ON t.code = a.type_code
       JOIN ledger.assets s ON s.id = a.asset_id
       JOIN ledger.balances b ON b.account_id = a.id
      WHERE a.owner_id = $1 AND t.name IN ('customer_available', 'customer_hold', 'customer_pending_in')
      GROUP BY s.code ORDER BY s.code`,
    [owner],
  );
}

/**
 * The balance after everything posted up to and including `at`. A binary search over the account's entries on their primary key, so it costs
 * the same for any moment.
 */
export async function readBalanceAt(on: Queryable, account: Account, at: Date): Promise<bigint> {
  const row = await on.maybeOne<{ balance: bigint }>(
    `SELECT e.balance_after AS balance
       FROM ledger.accounts a
       JOIN ledger.entries e
         ON e.account_id = a.id AND e.account_version = ledger.version_at(a.id, $2::timestamptz + interval '1 microsecond')
      WHERE a.path = $1`,
    [account.path, at],
  );
  return row?.balance ?? 0n;
}
