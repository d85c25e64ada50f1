import { formatAmount } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { type CardPayment, type CardPaymentState } from './card-payment.js';
import { type CardPaymentSnapshot } from './card-processor.js';
import { type Chronicle } from './chronicle.js';

const COLUMNS = `id, customer_id AS "customerId", asset, amount, card_id AS "cardId", purpose, lock_funds AS "lockFunds",
  return_url AS "returnUrl", state, giving_up AS "givingUp", processor_id AS "processorId",
  processor_version AS "processorVersion", action_url AS "actionUrl", card_brand AS "cardBrand", card_last4 AS "cardLast4",
  card_fingerprint AS "cardFingerprint", failure_code AS "failureCode", refunded, created_at AS "createdAt",
  expires_at AS "expiresAt", captured_at AS "capturedAt"`;

export async function insertCardPayment(tx: Tx, payment: CardPayment): Promise<void> {
  await tx.query(
    `INSERT INTO payments.card_payment (id, customer_id, asset, amount, card_id, purpose, lock_funds, return_url, state,
       created_at, expires_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)`,
    [
      payment.id,
      payment.customerId,
      payment.asset,
      payment.amount,
      payment.cardId,
      payment.purpose && JSON.stringify(payment.purpose),
      payment.lockFunds,
      payment.returnUrl,
      payment.state,
      payment.createdAt,
      payment.expiresAt,
    ],
  );
}

export function findCardPayment(on: Queryable, id: string): Promise<CardPayment | undefined> {
  return on.maybeOne<CardPayment>(`SELECT ${COLUMNS} FROM payments.card_payment WHERE id = $1`, [id]);
}

/** Every change of a payment, of its refunds and of its chargebacks begins here. */
export function lockCardPayment(tx: Tx, id: string): Promise<CardPayment | undefined> {
  return tx.maybeOne<CardPayment>(`SELECT ${COLUMNS} FROM payments.card_payment WHERE id = $1 FOR UPDATE`, [id]);
}

/** Writes what the processor said. What it leaves open (no card yet) stays as it was. */
export async function recordSnapshot(
  tx: Tx,
  snapshot: CardPaymentSnapshot,
  next: { id: string; state: CardPaymentState; capturedAt: Date | null; now: Date },
): Promise<void> {
  await tx.query(
    `UPDATE payments.card_payment
        SET state = $2, processor_id = $3, processor_version = $4, action_url = $5, failure_code = $6, updated_at = $7,
            captured_at = coalesce(captured_at, $8), card_brand = coalesce($9, card_brand), card_last4 = coalesce($10, card_last4),
            card_fingerprint = coalesce($11, card_fingerprint), liability_shifted = coalesce($12, liability_shifted)
      WHERE id = $1`,
    [
      next.id,
      next.state,
      snapshot.processorId,
      snapshot.version,
      snapshot.actionUrl,
      snapshot.failureCode,
      next.now,
      next.capturedAt,
      snapshot.card?.brand ?? null,
      snapshot.card?.last4 ?? null,
      snapshot.card?.fingerprint ?? null,
      snapshot.liabilityShifted,
    ],
  );
}

export async function setCardPaymentState(tx: Tx, id: string, state: CardPaymentState, now: Date): Promise<void> {
  await tx.query('UPDATE payments.card_payment SET state = $2, updated_at = $3 WHERE id = $1', [id, state, now]);
}

export async function addRefunded(tx: Tx, id: string, amount: bigint): Promise<void> {
  await tx.query('UPDATE payments.card_payment SET refunded = refunded + $2 WHERE id = $1', [id, amount]);
}

/** From now on the payment is to be let go; the first to ask says what it becomes. */
export async function markGivingUp(tx: Tx, id: string, as: 'EXPIRED' | 'CANCELLED'): Promise<void> {
  await tx.query('UPDATE payments.card_payment SET giving_up = coalesce(giving_up, $2) WHERE id = $1', [id, as]);
}

/** Whether the customer has paid with this card before. */
export async function hasPaidWith(tx: Tx, payment: CardPayment, fingerprint: string): Promise<boolean> {
  const earlier = await tx.query(
    `SELECT id FROM payments.card_payment
      WHERE customer_id = $1 AND card_fingerprint = $2 AND captured_at IS NOT NULL AND id <> $3 LIMIT 1`,
    [payment.customerId, fingerprint, payment.id],
  );
  return earlier.length > 0;
}

export function listCardPayments(
  on: Queryable,
  customerId: string,
  page: { limit: number; before?: { at: Date; id: string } | undefined },
): Promise<CardPayment[]> {
  return on.query<CardPayment>(
    `SELECT ${COLUMNS} FROM payments.card_payment
      WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3)) ORDER BY created_at DESC, id DESC LIMIT $4`,
    [customerId, page.before?.at ?? null, page.before?.id ?? null, page.limit],
  );
}

/** Payments that the customer did not complete in time, and such that have not moved for long. */
export function overdueCardPayments(on: Queryable, now: Date, quietSince: Date): Promise<CardPayment[]> {
  return on.query<CardPayment>(
    `SELECT ${COLUMNS} FROM payments.card_payment
      WHERE state IN ('CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED') AND (expires_at <= $1 OR updated_at <= $2)
      ORDER BY updated_at LIMIT 200`,
    [now, quietSince],
  );
}

/** Fails a payment that the processor never took. */
export async function failCardPayment(tx: Tx, payment: CardPayment, code: string, chronicle: Chronicle): Promise<void> {
  const { id, customerId, asset, purpose, state } = payment;
  await tx.query(
    `UPDATE payments.card_payment SET state = 'FAILED', failure_code = $2, updated_at = $3 WHERE id = $1`,
    [id, code, chronicle.now()],
  );
  await chronicle.moved(tx, { aggregate: 'card-payment', id, event: 'failed', from: state, to: 'FAILED', note: code });
  await chronicle.tell(
    tx,
    'card-failed',
    { aggregate: 'card-payment', id },
    {
      paymentId: id,
      customerId,
      asset,
      amount: formatAmount(payment.amount, asset),
      purpose,
      outcome: 'FAILED',
      failureCode: code,
    },
  );
}
