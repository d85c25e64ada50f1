import { type Clock } from '@base/clock';
import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { type CardDescription } from './card-processor.js';
import { ensureCustomer } from './customers.js';
import { refused } from './refusals.js';

/** A saved card: the processor's token for it and what people know it by. Its number is never here. */
export interface Card {
  readonly id: string;
  readonly customerId: string;
  readonly token: string;
  readonly brand: string;
  readonly last4: string;
  readonly expiryMonth: number;
  readonly expiryYear: number;
  readonly createdAt: Date;
}

const COLUMNS = `id, customer_id AS "customerId", token, brand, last4, expiry_month AS "expiryMonth",
  expiry_year AS "expiryYear", created_at AS "createdAt"`;

export class Cards {
  constructor(private readonly clock: Clock) {}

  /** Saves what the processor says of a token. @throws Refusal 409 `card_exists` for a card that the customer has saved */
  async save(tx: Tx, customerId: string, card: CardDescription): Promise<Card> {
    await ensureCustomer(tx, customerId, this.clock.now());
    const saved = await tx.maybeOne<Card>(
      `INSERT INTO payments.card (id, customer_id, token, brand, last4, expiry_month, expiry_year, fingerprint, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
      [
        uuidV7(),
        customerId,
        card.token,
        card.brand,
        card.last4,
        card.expiryMonth,
        card.expiryYear,
        card.fingerprint,
        this.clock.now(),
      ],
    );
    if (saved === undefined) throw refused('card_exists');
    return saved;
  }

  /** @throws Refusal 404 `card_unknown`, also for somebody else's */
  async remove(tx: Tx, customerId: string, cardId: string): Promise<void> {
    const removed = await tx.maybeOne(
      'UPDATE payments.card SET removed_at = $3 WHERE id = $1 AND customer_id = $2 AND removed_at IS NULL RETURNING id',
      [cardId, customerId, this.clock.now()],
    );
    if (removed === undefined) throw refused('card_unknown');
  }
}

export function listCards(on: Queryable, customerId: string): Promise<Card[]> {
  return on.query<Card>(
    `SELECT ${COLUMNS} FROM payments.card WHERE customer_id = $1 AND removed_at IS NULL ORDER BY created_at, id LIMIT 100`,
    [customerId],
  );
}

/** @throws Refusal 404 `card_unknown`, also for somebody else's */
export async function findCard(on: Queryable, customerId: string, cardId: string): Promise<Card> {
  const card = await on.maybeOne<Card>(
    `SELECT ${COLUMNS} FROM payments.card WHERE id = $1 AND customer_id = $2 AND removed_at IS NULL`,
    [cardId, customerId],
  );
  if (card === undefined) throw refused('card_unknown', { field: 'cardId' });
  return card;
}

/** A removed card's token still serves a payment that was begun with it. */
export async function tokenOf(on: Queryable, cardId: string): Promise<string> {
  return (await on.one<{ token: string }>('SELECT token FROM payments.card WHERE id = $1', [cardId])).token;
}
