import { type Tx } from '@base/database';

/** Makes sure that payments knows the customer. */
export async function ensureCustomer(tx: Tx, customerId: string, now: Date): Promise<void> {
  await tx.query('INSERT INTO payments.customer (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    customerId,
    now,
  ]);
}

/**
 * One after the other for each customer: whoever changes what a customer may take out comes through here first, before the ledger locks its accounts, so
 * that two of them can neither both see the same money nor wait for each other.
 */
export async function lockCustomer(tx: Tx, customerId: string, now: Date): Promise<void> {
  const lock = 'SELECT id FROM payments.customer WHERE id = $1 FOR UPDATE';
  if ((await tx.maybeOne(lock, [customerId])) !== undefined) return;
  await ensureCustomer(tx, customerId, now);
  await tx.one(lock, [customerId]);
}
