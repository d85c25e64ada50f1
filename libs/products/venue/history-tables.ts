import { type Tx } from '@base/database';
import { type OrderBook, type OrderRecord } from './order-history.js';

/** One side of a trade. */
export interface FillRecord {
  readonly at: Date;
  readonly sequence: bigint;
  readonly event_index: number;
  readonly liquidity: 'maker' | 'taker';
  readonly account: number;
  readonly order_id: bigint;
  readonly instrument: number;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly quantity: bigint;
  readonly notional: bigint;
  readonly fee: bigint;
  readonly fee_asset: string;
  readonly auction: boolean;
  readonly transfer_id: string | null;
}

export interface VariationRecord {
  readonly at: Date;
  readonly sequence: bigint;
  readonly event_index: number;
  readonly account: number;
  readonly instrument: number;
  readonly position: bigint;
  readonly amount: bigint;
  readonly insured: bigint | null;
  readonly asset: string;
}

/** The open orders among these. */
export function readOpenOrders(tx: Tx, ids: readonly bigint[]): Promise<OrderRecord[]> {
  return tx.query<OrderRecord>(
    `SELECT o.* FROM venue.open_order p JOIN venue.orders o USING (order_id, accepted_at) WHERE p.order_id = ANY ($1::bigint[])`,
    [ids],
  );
}

/** Writes what became of the orders of a batch. */
export async function writeOrders(tx: Tx, book: OrderBook): Promise<void> {
  const { touched, opened, ended } = book;
  if (touched.length === 0) return;
  await tx.query(
    `INSERT INTO venue.orders AS o SELECT * FROM jsonb_populate_recordset(NULL::venue.orders, $1::jsonb)
     ON CONFLICT (order_id, accepted_at) DO UPDATE SET quantity = EXCLUDED.quantity, open = EXCLUDED.open, filled = EXCLUDED.filled,
       price = EXCLUDED.price, trigger_price = EXCLUDED.trigger_price, triggered_at = EXCLUDED.triggered_at,
       traded = EXCLUDED.traded, fees = EXCLUDED.fees, status = EXCLUDED.status, reason = EXCLUDED.reason,
       updated_at = EXCLUDED.updated_at, sequence = EXCLUDED.sequence, event_index = EXCLUDED.event_index`,
    [json(touched)],
  );
  if (opened.length > 0) {
    await tx.query('INSERT INTO venue.open_order SELECT * FROM jsonb_populate_recordset(NULL::venue.open_order, $1::jsonb)', [
      json(opened),
    ]); // prettier-ignore
  }
  if (ended.length > 0) {
    await tx.query('DELETE FROM venue.open_order WHERE order_id = ANY ($1::bigint[])', [
      ended.map(({ order_id: id }) => id),
    ]);
  }
}

export async function writeFills(tx: Tx, fills: readonly FillRecord[]): Promise<void> {
  if (fills.length === 0) return;
  await tx.query('INSERT INTO venue.fill SELECT * FROM jsonb_populate_recordset(NULL::venue.fill, $1::jsonb)', [
    json(fills),
  ]);
}

export async function writeVariations(tx: Tx, variations: readonly VariationRecord[]): Promise<void> {
  if (variations.length === 0) return;
  await tx.query('INSERT INTO venue.variation SELECT * FROM jsonb_populate_recordset(NULL::venue.variation, $1::jsonb)', [
    json(variations),
  ]); // prettier-ignore
}

/** JSON whose integers keep every digit: PostgreSQL reads them from strings. */
const json = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
