import { type AssetCode } from '@core/money';
import { type Queryable, type Tx, uuidV5 } from '@base/database';
import { type BankLine } from './bank-rail.js';

export type SuspenseState = 'OPEN' | 'REPOINTED' | 'RETURNING' | 'RETURNED';

/** Why a credit could not be given to anybody. */
export type SuspenseReason =
  | 'no_reference'
  | 'unknown_reference'
  | 'several_references'
  | 'payer_name_differs'
  | 'unknown_payout'
  | 'unexpected_return'
  | 'return_failed';

/** A credit that lies in suspense, with what is known of its payer. */
export interface SuspenseItem {
  readonly id: string;
  readonly lineId: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly reason: SuspenseReason;
  readonly state: SuspenseState;
  readonly customerId: string | null;
  readonly withdrawalId: string | null;
  readonly payerName: string;
  readonly payerAccount: string;
  readonly reference: string;
  readonly bookedAt: Date;
  readonly createdAt: Date;
}

const SELECT = `SELECT s.id, s.line_id AS "lineId", s.asset, s.amount, s.reason, s.state, s.customer_id AS "customerId",
    s.withdrawal_id AS "withdrawalId", l.counterparty_name AS "payerName", l.counterparty_account AS "payerAccount", l.reference,
    l.booked_at AS "bookedAt", s.created_at AS "createdAt"
  FROM payments.suspense_item s JOIN payments.bank_line l ON l.id = s.line_id`;

export const suspenseIdOf = (lineId: string): string => uuidV5('payments', 'suspense', lineId);

export async function insertSuspenseItem(tx: Tx, line: BankLine, reason: SuspenseReason, now: Date): Promise<void> {
  await tx.query(
    `INSERT INTO payments.suspense_item (id, line_id, asset, amount, reason, state, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, 'OPEN', $6, $6)`,
    [suspenseIdOf(line.id), line.id, line.asset, line.amount, reason, now],
  );
}

export function lockSuspenseItem(tx: Tx, id: string): Promise<SuspenseItem | undefined> {
  return tx.maybeOne<SuspenseItem>(`${SELECT} WHERE s.id = $1 FOR UPDATE OF s`, [id]);
}

export async function setSuspenseItem(
  tx: Tx,
  id: string,
  to: { state: SuspenseState; customerId?: string; withdrawalId?: string; reason?: SuspenseReason; now: Date },
): Promise<void> {
  await tx.query(
    `UPDATE payments.suspense_item SET state = $2, customer_id = coalesce($3, customer_id), withdrawal_id = coalesce($4, withdrawal_id),
       reason = coalesce($5, reason), updated_at = $6 WHERE id = $1`,
    [id, to.state, to.customerId ?? null, to.withdrawalId ?? null, to.reason ?? null, to.now],
  );
}

/** The payment that sends a credit back has left, or has come to nothing and the credit waits again. */
export async function settleSuspenseReturn(tx: Tx, id: string, how: { returned: boolean; now: Date }): Promise<void> {
  const to = how.returned ? ({ state: 'RETURNED' } as const) : ({ state: 'OPEN', reason: 'return_failed' } as const);
  await setSuspenseItem(tx, id, { ...to, now: how.now });
}

/** What waits for a person, oldest first. */
export function openSuspenseItems(
  on: Queryable,
  page: { limit: number; after?: { at: Date; id: string } | undefined },
): Promise<SuspenseItem[]> {
  return on.query<SuspenseItem>(
    `${SELECT} WHERE s.state IN ('OPEN', 'RETURNING') AND ($1::timestamptz IS NULL OR (s.created_at, s.id) > ($1, $2))
      ORDER BY s.created_at, s.id LIMIT $3`,
    [page.after?.at ?? null, page.after?.id ?? null, page.limit],
  );
}

/** Credits that looked like a payout which nobody had told us of. */
export function lockUnknownPayouts(tx: Tx, of: { asset: AssetCode; amount: bigint }): Promise<SuspenseItem[]> {
  return tx.query<SuspenseItem>(
    `${SELECT} WHERE s.state = 'OPEN' AND s.reason = 'unknown_payout' AND s.asset = $1 AND s.amount = $2
      ORDER BY s.created_at, s.id LIMIT 50 FOR UPDATE OF s`,
    [of.asset, of.amount],
  );
}
