import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { refused } from './refusals.js';

export type FreezeScope = 'withdrawal' | 'customer' | 'asset';
export type FreezeReason = 'debt' | 'reconciliation' | 'unordered_debit' | 'contradiction' | 'operator';

export interface Freeze {
  readonly id: string;
  readonly scope: FreezeScope;
  /** Id of the withdrawal or of the customer, or code of the asset. */
  readonly subject: string;
  readonly reason: FreezeReason;
  readonly sourceId: string | null;
  readonly openedAt: Date;
}

const COLUMNS = 'id, scope, subject, reason, source_id AS "sourceId", opened_at AS "openedAt"';

type NewFreeze = Omit<Freeze, 'id'>;

/** Stops what leaves, as narrowly as `scope` says. A freeze that stands for the same reason is not doubled. True: it is new. */
export async function openFreeze(tx: Tx, freeze: NewFreeze): Promise<boolean> {
  const opened = await tx.maybeOne(
    `INSERT INTO payments.freeze (id, scope, subject, reason, source_id, opened_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (scope, subject, reason) WHERE lifted_at IS NULL DO NOTHING RETURNING id`,
    [uuidV7(), freeze.scope, freeze.subject, freeze.reason, freeze.sourceId, freeze.openedAt],
  );
  return opened !== undefined;
}

/** True: one stood. */
export async function liftFreeze(
  tx: Tx,
  { scope, subject, reason }: Pick<Freeze, 'scope' | 'subject' | 'reason'>,
  by: { who: string; at: Date },
): Promise<boolean> {
  const lifted = await tx.maybeOne(
    `UPDATE payments.freeze SET lifted_at = $4, lifted_by = $5
      WHERE scope = $1 AND subject = $2 AND reason = $3 AND lifted_at IS NULL RETURNING id`,
    [scope, subject, reason, by.at, by.who],
  );
  return lifted !== undefined;
}

/** Lifts one freeze by its id. @throws Refusal 404 when it does not stand */
export async function liftFreezeById(tx: Tx, id: string, by: { who: string; at: Date }): Promise<Freeze> {
  const lifted = await tx.maybeOne<Freeze>(
    `UPDATE payments.freeze SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL RETURNING ${COLUMNS}`,
    [id, by.at, by.who],
  );
  if (lifted === undefined) throw refused('freeze_unknown');
  return lifted;
}

/** The freezes that stop a payment: of itself, of its customer, of its currency. */
export function freezesOf(
  on: Queryable,
  payment: { id?: string; customerId: string | null; asset: string },
): Promise<Freeze[]> {
  return on.query<Freeze>(
    `SELECT ${COLUMNS} FROM payments.freeze
      WHERE lifted_at IS NULL AND ((scope = 'withdrawal' AND subject = $1) OR (scope = 'customer' AND subject = $2)
        OR (scope = 'asset' AND subject = $3)) LIMIT 20`,
    [payment.id ?? null, payment.customerId, payment.asset],
  );
}

export function freezesFor(on: Queryable, reason: FreezeReason, limit: number): Promise<Freeze[]> {
  return on.query<Freeze>(
    `SELECT ${COLUMNS} FROM payments.freeze WHERE lifted_at IS NULL AND reason = $1 ORDER BY id LIMIT $2`,
    [reason, limit],
  );
}

export function standingFreezes(on: Queryable, limit: number): Promise<Freeze[]> {
  return on.query<Freeze>(`SELECT ${COLUMNS} FROM payments.freeze WHERE lifted_at IS NULL ORDER BY id DESC LIMIT $1`, [
    limit,
  ]);
}

/**
 * For every way out of the house: refuses while the customer owes money or is frozen for another reason.
 * @throws Refusal 403 `customer_restricted`
 */
export async function assertUnrestricted(on: Queryable, customerId: string): Promise<void> {
  const [freeze] = await on.query(
    `SELECT id FROM payments.freeze WHERE scope = 'customer' AND subject = $1 AND lifted_at IS NULL LIMIT 1`,
    [customerId],
  );
  if (freeze !== undefined) throw refused('customer_restricted');
}
