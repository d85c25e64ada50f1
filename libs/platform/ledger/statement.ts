import { type Queryable } from '@base/database';
import { type Account } from './account.js';

/** From its first moment up to, and not including, its last. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

export interface StatementLine {
  /** The account's own number of the entry: 1, 2, 3 … without a gap. */
  readonly version: bigint;
  readonly transferId: string;
  readonly kind: string;
  readonly postedAt: Date;
  readonly effectiveAt: Date;
  /** Minor units on the account's normal side: positive makes the balance larger. */
  readonly change: bigint;
  readonly balanceAfter: bigint;
  readonly hold: string | null;
  readonly group: string | null;
  readonly meta: { readonly [key: string]: unknown } | null;
}

export interface Statement {
  readonly account: Account;
  readonly period: Period;
  /** Balances before the first and after the last entry of the period. */
  readonly opening: bigint;
  readonly closing: bigint;
  readonly lines: readonly StatementLine[];
  /** Give it back to read on; null after the last page. */
  readonly next: bigint | null;
}

export interface StatementPage {
  /** `next` of the page before. */
  readonly after?: bigint;
  readonly limit?: number;
}

interface Bounds {
  id: bigint;
  sign: number;
  first: bigint;
  last: bigint;
}

const PAGE = 100;
const PAGE_MAX = 1_000;

/**
 * A page of an account's entries in a period, oldest first. That opening + Σ changes = closing is checked on every page, entry by entry.
 * @throws Error when an entry does not follow from the one before it: the books are damaged
 */
export async function readStatement(
  on: Queryable,
  account: Account,
  period: Period,
  page: StatementPage = {},
): Promise<Statement> {
  const bounds = await on.maybeOne<Bounds>(
    `SELECT a.id, t.normal_sign AS sign, ledger.version_at(a.id, $2) AS first, ledger.version_at(a.id, $3) AS last
       FROM ledger.accounts a JOIN ledger.account_types t ON t.code = a.type_code
      WHERE a.path = $1`,
    [account.path, period.from, period.to],
  );
  if (bounds === undefined) return { account, period, opening: 0n, closing: 0n, lines: [], next: null };

  const { id, first, last } = bounds;
  const after = page.after !== undefined && page.after > first ? page.after : first;
  const limit = Math.min(Math.max(page.limit ?? PAGE, 1), PAGE_MAX);
  const [opening, before, closing] = await Promise.all(
    [first, after, last].map((version) => balanceAfter(on, id, version)),
  );
  const lines = await readLines(on, bounds, after, limit);

  let balance = before ?? 0n;
  let version = after;
  for (const line of lines) {
    balance += line.change;
    version += 1n;
    if (line.version !== version || line.balanceAfter !== balance) {
      throw new Error(`entry ${line.version} of ${account.path} does not follow from the one before it`);
    }
  }
  const isLastPage = version === last;
  if (isLastPage && balance !== closing) throw new Error(`the statement of ${account.path} does not close`);
  return { account, period, opening: opening ?? 0n, closing: closing ?? 0n, lines, next: isLastPage ? null : version };
}

async function balanceAfter(on: Queryable, id: bigint, version: bigint): Promise<bigint> {
  if (version === 0n) return 0n;
  const row = await on.one<{ balance: bigint }>(
    'SELECT balance_after AS balance FROM ledger.entries WHERE account_id = $1 AND account_version = $2',
    [id, version],
  );
  return row.balance;
}

function readLines(on: Queryable, { id, sign, last }: Bounds, after: bigint, limit: number): Promise<StatementLine[]> {
  return on.query<StatementLine>(
    `SELECT e.account_version AS version, e.transfer_id AS "transferId", t.kind, e.posted_at AS "postedAt",
            t.effective_at AS "effectiveAt", e.amount * $5::integer AS change, e.balance_after AS "balanceAfter",
            e.hold_id AS hold, t.group_id AS "group", t.meta
       FROM ledger.entries e JOIN ledger.transfers t ON t.id = e.transfer_id
      WHERE e.account_id = $1 AND e.account_version > $2 AND e.account_version <= $3
      ORDER BY e.account_version LIMIT $4`,
    [id, after, last, limit, sign],
  );
}
