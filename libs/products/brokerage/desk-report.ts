import { type Queryable } from '@base/database';

/** What the desk earned on a pair, in minor units of the pair's quote asset, out of executed orders. */
export interface PairProfit {
  readonly pair: string;
  readonly orders: bigint;
  /** Money of customers that was converted, at our prices. */
  readonly turnover: bigint;
  /** Σ (execution price − mid) · quantity, attributed at execution. */
  readonly spread: bigint;
  readonly fees: bigint;
}

/** Profit per pair of orders executed in a period (from its first moment up to, and not including, its last). */
export function profitByPair(db: Queryable, { from, to }: { from: Date; to: Date }): Promise<PairProfit[]> {
  return db.query<PairProfit>(
    `SELECT q.pair, count(*) AS orders, sum(o.executed_spread) AS spread, sum(o.executed_fee) AS fees,
            sum(CASE q.side WHEN 'BUY' THEN q.in_amount ELSE o.executed_out END) AS turnover
       FROM brokerage.orders o JOIN brokerage.quote q ON q.id = o.quote_id
      WHERE o.executed_at >= $1 AND o.executed_at < $2 GROUP BY q.pair ORDER BY q.pair LIMIT 500`,
    [from, to],
  );
}

/** How many orders stand in each state: what stands too long shows here first. */
export function countByState(db: Queryable): Promise<{ state: string; orders: bigint; oldest: Date }[]> {
  return db.query(
    'SELECT state, count(*) AS orders, min(updated_at) AS oldest FROM brokerage.orders GROUP BY state ORDER BY state LIMIT 50',
  );
}
