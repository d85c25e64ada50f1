import { type Clock } from '@base/clock';
import { type Queryable, type Tx } from '@base/database';
import { ensureCustomer } from './customers.js';
import { findDepositReferences, newDepositReference } from './deposit-reference.js';
import { type Purpose } from './purpose.js';

export interface DepositReference {
  readonly reference: string;
  readonly kind: 'customer' | 'treasury';
  readonly customerId: string | null;
  /** Set on a reference that was issued for one thing alone. */
  readonly purpose: Purpose | null;
}

const COLUMNS = 'reference, kind, customer_id AS "customerId", purpose';

/** What payers write so that we know whose money it is. A customer has one that stays; a product may ask for one of its own. */
export class DepositReferences {
  constructor(private readonly clock: Clock) {}

  /** The customer's standing reference, made on first use. */
  async standing(tx: Tx, customerId: string): Promise<string> {
    await ensureCustomer(tx, customerId, this.clock.now());
    const find = (): Promise<DepositReference | undefined> =>
      tx.maybeOne<DepositReference>(
        `SELECT ${COLUMNS} FROM payments.deposit_reference WHERE customer_id = $1 AND purpose IS NULL`,
        [customerId],
      );
    const known = await find();
    if (known !== undefined) return known.reference;
    const made = await this.#insert(tx, { kind: 'customer', customerId, purpose: null });
    // Somebody else may have been first; then theirs is the one.
    return made ?? (await find())?.reference ?? Promise.reject(new Error('a customer has a deposit reference'));
  }

  /** A reference whose credit is told to products with this purpose. */
  async issue(tx: Tx, { customerId, purpose }: { customerId: string; purpose: Purpose }): Promise<string> {
    await ensureCustomer(tx, customerId, this.clock.now());
    return (
      (await this.#insert(tx, { kind: 'customer', customerId, purpose })) ?? this.issue(tx, { customerId, purpose })
    );
  }

  /** A reference under which the house pays its own money in. */
  async issueForTreasury(tx: Tx): Promise<string> {
    const made = await this.#insert(tx, { kind: 'treasury', customerId: null, purpose: null });
    return made ?? this.issueForTreasury(tx);
  }

  async #insert(tx: Tx, of: Omit<DepositReference, 'reference'>): Promise<string | undefined> {
    const reference = newDepositReference();
    const row = await tx.maybeOne(
      `INSERT INTO payments.deposit_reference (reference, kind, customer_id, purpose, created_at)
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING reference`,
      [reference, of.kind, of.customerId, of.purpose && JSON.stringify(of.purpose), this.clock.now()],
    );
    return row === undefined ? undefined : reference;
  }
}

/** The references that the customer may write for one purpose, newest first. */
export async function referencesFor(on: Queryable, customerId: string, purposeId: string): Promise<string[]> {
  const rows = await on.query<{ reference: string }>(
    `SELECT reference FROM payments.deposit_reference WHERE customer_id = $1 AND purpose ->> 'id' = $2 ORDER BY created_at DESC LIMIT 10`,
    [customerId, purposeId],
  );
  return rows.map(({ reference }) => reference);
}

/** Why nobody can be named for a credit. */
export type Unidentified = 'no_reference' | 'unknown_reference' | 'several_references';

/** Who is meant by what a payer wrote: the one reference that was issued, or why it cannot be said. */
export async function resolveRemittance(on: Queryable, remittance: string): Promise<DepositReference | Unidentified> {
  const candidates = findDepositReferences(remittance);
  if (candidates.length === 0) return 'no_reference';
  const issued = await on.query<DepositReference>(
    `SELECT ${COLUMNS} FROM payments.deposit_reference WHERE reference = ANY ($1) LIMIT 2`,
    [candidates],
  );
  if (issued.length > 1) return 'several_references';
  return issued[0] ?? 'unknown_reference';
}
