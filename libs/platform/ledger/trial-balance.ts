import { type AssetCode } from '@core/money';
import { type Queryable } from '@base/database';
import { type AccountClass, type AccountType } from './chart.js';

/** All accounts of one type in one asset. */
export interface TrialBalanceLine {
  readonly code: number;
  readonly type: AccountType;
  readonly class: AccountClass;
  readonly asset: AssetCode;
  readonly accounts: bigint;
  /** Minor units; one of the two is zero, unless some accounts of the type are on the other side. */
  readonly debit: bigint;
  readonly credit: bigint;
}

export interface TrialBalance {
  readonly lines: readonly TrialBalanceLine[];
  /** Debits less credits by asset: zero, or the books are damaged. */
  readonly totals: Readonly<Partial<Record<AssetCode, bigint>>>;
  readonly isBalanced: boolean;
}

/** What every type of account adds up to, by asset, read at one moment. */
export async function readTrialBalance(on: Queryable): Promise<TrialBalance> {
  const lines = await on.query<TrialBalanceLine>(
    `SELECT t.code, t.name AS type, t.class, s.code AS asset, count(*) AS accounts,
            coalesce(sum(b.balance * b.normal_sign) FILTER (WHERE b.balance * b.normal_sign > 0), 0) AS debit,
            coalesce(-sum(b.balance * b.normal_sign) FILTER (WHERE b.balance * b.normal_sign < 0), 0) AS credit
       FROM ledger.balances b
       JOIN ledger.account_types t ON t.code = b.type_code
       JOIN ledger.assets s ON s.id = b.asset_id
      GROUP BY t.code, s.code ORDER BY s.code, t.code`,
  );
  const totals: Partial<Record<AssetCode, bigint>> = {};
  for (const { asset, debit, credit } of lines) totals[asset] = (totals[asset] ?? 0n) + debit - credit;
  return { lines, totals, isBalanced: Object.values(totals).every((total) => total === 0n) };
}
