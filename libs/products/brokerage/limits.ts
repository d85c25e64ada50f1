import { formatAmount } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { type Method } from './methods.js';
import { limitExceeded } from './refusals.js';

export type Tier = 0 | 1 | 2 | 3;

/** Which verification tier a customer has reached; kept by identity, so the app plugs it in. */
export interface CustomerTiers {
  tierOf(db: Queryable, customerId: string): Promise<Tier>;
}

/** Money from outside, by the way it comes. Conversions inside the platform have no limit (products.md §0.2). */
export type LimitedMethod = Exclude<Method, 'FUNDS'>;
export const isLimited = (method: Method): method is LimitedMethod => method !== 'FUNDS';

const DAY_MS = 86_400_000;
const PERIOD_MS = { DAY: DAY_MS, WEEK: 7 * DAY_MS, YEAR: 365 * DAY_MS } as const;
export type Period = keyof typeof PERIOD_MS;

/** One limit as a customer sees it: decimal strings in USD. */
export interface LimitStatus {
  readonly method: LimitedMethod | 'ANY';
  readonly period: Period;
  readonly limit: string;
  readonly used: string;
  readonly available: string;
}

interface Limit {
  readonly method: LimitedMethod | 'ANY';
  readonly period: Period;
  readonly cents: bigint;
  readonly usedCents: bigint;
}

/** Limits of the tier that concern a method, with what the rolling window that ends now has used up. */
async function limitsOf(
  db: Queryable,
  of: { customerId: string; tier: Tier; method: LimitedMethod | 'ANY'; now: Date },
): Promise<Limit[]> {
  const rows = await db.query<{ method: Limit['method']; period: Period; usd_cents: bigint }>(
    `SELECT method, period, usd_cents FROM brokerage.tier_limit WHERE tier = $1 AND ($2 = 'ANY' OR method IN ($2, 'ANY'))
      ORDER BY method, period LIMIT 100`,
    [of.tier, of.method],
  );
  const used = (method: Limit['method'], period: Period) =>
    db.one<{ cents: bigint }>(
      `SELECT coalesce(sum(usd_cents), 0) AS cents FROM brokerage.limit_use
        WHERE customer_id = $1 AND freed_at IS NULL AND ($2 = 'ANY' OR method = $2) AND at > $3`,
      [of.customerId, method, new Date(of.now.getTime() - PERIOD_MS[period])],
    );
  const limits: Limit[] = [];
  for (const { method, period, usd_cents: cents } of rows) {
    limits.push({ method, period, cents, usedCents: (await used(method, period)).cents });
  }
  return limits;
}

const available = ({ cents, usedCents }: Limit): bigint => (cents > usedCents ? cents - usedCents : 0n);

/** A customer's limits for people: what is used and what is left of each. */
export async function limitStatus(
  db: Queryable,
  of: { customerId: string; tier: Tier; method: LimitedMethod | 'ANY'; now: Date },
): Promise<LimitStatus[]> {
  return (await limitsOf(db, of)).map((limit) => ({
    method: limit.method,
    period: limit.period,
    limit: formatAmount(limit.cents, 'USD'),
    used: formatAmount(limit.usedCents, 'USD'),
    available: formatAmount(available(limit), 'USD'),
  }));
}

/**
 * Queues what moves one customer's money behind each other until the transaction ends: no two are judged by the same sums, and no two lock the
 * customer's accounts in different orders, which would be a deadlock. To be entered before the ledger is touched.
 */
export async function enterCustomerGate(tx: Tx, customerId: string): Promise<void> {
  await tx.query(
    'INSERT INTO brokerage.limit_gate VALUES ($1) ON CONFLICT (customer_id) DO UPDATE SET customer_id = EXCLUDED.customer_id',
    [customerId],
  );
}

export interface LimitReservation {
  readonly orderId: string;
  readonly customerId: string;
  readonly tier: Tier;
  readonly method: LimitedMethod;
  readonly cents: bigint;
  readonly now: Date;
}

/** Uses up the limits an order needs; inside {@link enterCustomerGate}. @throws Refusal `limit_exceeded` */
export async function reserveLimits(
  tx: Tx,
  { orderId, customerId, tier, method, cents, now }: LimitReservation,
): Promise<void> {
  for (const limit of await limitsOf(tx, { customerId, tier, method, now })) {
    if (cents > available(limit)) throw limitExceeded(describe(limit), available(limit));
  }
  await tx.query(
    'INSERT INTO brokerage.limit_use (order_id, customer_id, method, usd_cents, at) VALUES ($1, $2, $3, $4, $5)',
    [orderId, customerId, method, cents, now],
  );
}

const PERIOD_NAME = { DAY: 'daily', WEEK: 'weekly', YEAR: 'yearly' } as const;
const describe = ({ method, period }: Limit): string =>
  method === 'ANY' ? PERIOD_NAME[period] : `${PERIOD_NAME[period]} ${method.toLowerCase()}`;

/** Gives back what an order reserved, when no money of it came in. */
export async function freeLimits(tx: Tx, orderId: string, now: Date): Promise<void> {
  await tx.query('UPDATE brokerage.limit_use SET freed_at = $2 WHERE order_id = $1 AND freed_at IS NULL', [
    orderId,
    now,
  ]);
}

/** Money of an order came in after all, late: it counts, even beyond the limit. */
export async function countLimitsAfterAll(tx: Tx, orderId: string): Promise<void> {
  await tx.query('UPDATE brokerage.limit_use SET freed_at = NULL WHERE order_id = $1', [orderId]);
}
