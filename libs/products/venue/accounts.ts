import { type Queryable, type Tx } from '@base/database';
import { refusal } from './refusals.js';

/** What the engine has room for. */
const LAST_NUMBER = 262_143;

/** The customer's number in the engine, or undefined when there is none yet. */
export async function findAccount(on: Queryable, customerId: string): Promise<number | undefined> {
  const row = await on.maybeOne<{ number: number }>('SELECT number FROM venue.account WHERE customer_id = $1', [
    customerId,
  ]);
  return row?.number;
}

/** The customer's number in the engine, given now if there is none; a number is given once and never to another. @throws Refusal */
export async function allotAccount(tx: Tx, customerId: string, at: Date): Promise<number> {
  const known = await findAccount(tx, customerId);
  if (known !== undefined) return known;
  // Everybody without a number queues here; whoever comes second for the same customer finds what the first one got.
  const { next } = await tx.one<{ next: number }>('SELECT next FROM venue.account_counter FOR UPDATE');
  const meanwhile = await findAccount(tx, customerId);
  if (meanwhile !== undefined) return meanwhile;
  if (next > LAST_NUMBER) throw refusal('accounts_exhausted');
  await tx.query('INSERT INTO venue.account (number, customer_id, opened_at) VALUES ($1, $2, $3)', [
    next,
    customerId,
    at,
  ]);
  await tx.query('UPDATE venue.account_counter SET next = next + 1');
  return next;
}

/** The customers behind engine accounts. Numbers that nobody has are not in the answer. */
export async function findCustomers(on: Queryable, numbers: readonly number[]): Promise<Map<number, string>> {
  const rows = await on.query<{ number: number; customerId: string }>(
    'SELECT number, customer_id AS "customerId" FROM venue.account WHERE number = ANY ($1::int[])',
    [numbers],
  );
  return new Map(rows.map(({ number, customerId }) => [number, customerId]));
}

/** The engine accounts of customers. Those who have none are not in the answer. */
export async function findNumbers(on: Queryable, customerIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await on.query<{ number: number; customerId: string }>(
    'SELECT number, customer_id AS "customerId" FROM venue.account WHERE customer_id = ANY ($1::uuid[])',
    [customerIds],
  );
  return new Map(rows.map(({ number, customerId }) => [customerId, number]));
}
