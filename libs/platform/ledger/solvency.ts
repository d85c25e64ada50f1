import { type AssetCode } from '@core/money';
import { type Queryable } from '@base/database';
import { type AccountType } from './chart.js';

/** What is owed to customers in one asset, and what stands behind it. Minor units. */
export interface Solvency {
  readonly asset: AssetCode;
  readonly claims: bigint;
  readonly cover: bigint;
  /** Cover less claims: below zero, withdrawals of the asset stop (I16). */
  readonly surplus: bigint;
}

/** By asset. Loans cover no more than what lenders supplied to the pool. */
export function readSolvency(on: Queryable): Promise<Solvency[]> {
  return on.query<Solvency>(
    `SELECT asset, claims + lenders AS claims, cover + least(loans, lenders) AS cover,
            cover + least(loans, lenders) - claims - lenders AS surplus
       FROM (SELECT s.code AS asset,
                    coalesce(sum(b.balance) FILTER (WHERE t.solvency = 'claim'), 0) AS claims,
                    coalesce(sum(b.balance) FILTER (WHERE t.solvency = 'lenders'), 0) AS lenders,
                    coalesce(sum(b.balance) FILTER (WHERE t.solvency = 'cover'), 0) AS cover,
                    coalesce(sum(b.balance) FILTER (WHERE t.solvency = 'loan'), 0) AS loans
               FROM ledger.balances b
               JOIN ledger.account_types t ON t.code = b.type_code
               JOIN ledger.assets s ON s.id = b.asset_id
              WHERE t.solvency IS NOT NULL GROUP BY s.code) sums
      ORDER BY asset`,
  );
}

/** A clearing account that has not come back to zero within its time (I17). */
export interface OverdueClearing {
  readonly path: string;
  readonly type: AccountType;
  readonly asset: AssetCode;
  readonly balance: bigint;
  /** The part that has stood longer than the account's type allows, oldest first. */
  readonly overdue: bigint;
}

/**
 * First in, first out: what came in within the time limit may still stand, the rest of the balance is overdue.
 */
export function readOverdueClearing(on: Queryable, now: Date): Promise<OverdueClearing[]> {
  return on.query<OverdueClearing>(
    `SELECT path, type, asset, balance, abs(balance) - fresh AS overdue
       FROM (SELECT a.path, t.name AS type, s.code AS asset, b.balance,
                    (SELECT coalesce(sum(abs(e.amount)), 0) FROM ledger.entries e
                      WHERE e.account_id = b.account_id
                        AND e.account_version > ledger.version_at(b.account_id, $1::timestamptz - t.clears_within)
                        AND sign(e.amount * b.normal_sign) = sign(b.balance)) AS fresh
               FROM ledger.balances b
               JOIN ledger.accounts a ON a.id = b.account_id
               JOIN ledger.account_types t ON t.code = b.type_code
               JOIN ledger.assets s ON s.id = b.asset_id
              WHERE t.clears_within IS NOT NULL AND b.balance <> 0) clearing
      WHERE abs(balance) > fresh ORDER BY path LIMIT 1000`,
    [now],
  );
}
