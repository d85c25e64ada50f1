import { type AssetCode } from '@core/money';
import { type Queryable, type Tx, uuidV5 } from '@base/database';

/** Value that came in by a way that can be taken back. It may be traded, but not withdrawn, until it is safe. */
export interface ValueHold {
  readonly id: string;
  readonly customerId: string;
  readonly asset: AssetCode;
  /** What is left of it: refunds and chargebacks take their part away. */
  readonly amount: bigint;
  readonly reason: 'card_first_use' | 'card_payment' | 'bank_credit';
  readonly source: 'card-payment' | 'bank-line';
  readonly sourceId: string;
  readonly startsAt: Date;
  readonly expiresAt: Date;
}

const COLUMNS = `id, customer_id AS "customerId", asset, amount, reason, source, source_id AS "sourceId",
  starts_at AS "startsAt", expires_at AS "expiresAt"`;

/** The customer's holds that still bind, those that end first first. */
export function activeValueHolds(on: Queryable, customerId: string, now: Date): Promise<ValueHold[]> {
  return on.query<ValueHold>(
    `SELECT ${COLUMNS} FROM payments.value_hold WHERE customer_id = $1 AND expires_at > $2 AND amount > 0
      ORDER BY expires_at, id LIMIT 1000`,
    [customerId, now],
  );
}

/** One hold for each source; a hold of no time is none. */
export async function placeValueHold(tx: Tx, hold: Omit<ValueHold, 'id'>): Promise<void> {
  if (hold.expiresAt <= hold.startsAt) return;
  await tx.query(
    `INSERT INTO payments.value_hold (id, customer_id, asset, amount, reason, source, source_id, starts_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (source, source_id) DO NOTHING`,
    [
      uuidV5('payments', 'value-hold', hold.source, hold.sourceId),
      hold.customerId,
      hold.asset,
      hold.amount,
      hold.reason,
      hold.source,
      hold.sourceId,
      hold.startsAt,
      hold.expiresAt,
    ],
  );
}

/** What went back to where it came from need not be kept for it. */
export async function easeValueHold(tx: Tx, source: ValueHold['source'], sourceId: string, by: bigint): Promise<void> {
  await tx.query(
    'UPDATE payments.value_hold SET amount = greatest(amount - $3, 0) WHERE source = $1 AND source_id = $2',
    [source, sourceId, by],
  );
}

/** When the hold on what came from this source ends; null when there is none. */
export async function valueHeldUntil(
  on: Queryable,
  source: ValueHold['source'],
  sourceId: string,
): Promise<Date | null> {
  const hold = await on.maybeOne<{ expiresAt: Date }>(
    'SELECT expires_at AS "expiresAt" FROM payments.value_hold WHERE source = $1 AND source_id = $2 AND amount > 0',
    [source, sourceId],
  );
  return hold?.expiresAt ?? null;
}
