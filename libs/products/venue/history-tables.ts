import { type Tx } from '@base/database';
import { asTimestamp } from './engine-time.js';
import { type OrderBook, type OrderRecord } from './order-history.js';

/** One side of a trade. Times as `timestampOf` writes them. */
export interface FillRecord {
  readonly at: string;
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
  readonly at: string;
  readonly sequence: bigint;
  readonly event_index: number;
  readonly account: number;
  readonly instrument: number;
  readonly position: bigint;
  readonly amount: bigint;
  readonly insured: bigint | null;
  readonly asset: string;
}

const TIMES = ['accepted_at', 'expires_at', 'triggered_at', 'updated_at']
  .map((column) => `${asTimestamp(`o.${column}`)} AS ${column}`)
  .join(', ');

/** The open orders among these. */
export function readOpenOrders(tx: Tx, ids: readonly bigint[]): Promise<OrderRecord[]> {
  return tx.query<OrderRecord>(
    // Of two columns of one name the later is read.
    `SELECT o.*, ${TIMES} FROM venue.open_order p JOIN venue.orders o USING (order_id, accepted_at) WHERE p.order_id = ANY ($1::bigint[])`,
    [ids],
  );
}

/** What events change of an order. */
const CHANGING: readonly (keyof OrderRecord)[] = [
  'instructions',
  'quantity',
  'open',
  'filled',
  'remainder',
  'price',
  'trigger_price',
  'shown',
  'triggered_at',
  'traded',
  'fees',
  'last_price',
  'last_quantity',
  'notional_carry',
  'fee_carry',
  'queued_sequence',
  'queued_index',
  'status',
  'reason',
  'updated_at',
  'sequence',
  'event_index',
];

/** Writes what became of the orders of a batch. */
export async function writeOrders(tx: Tx, book: OrderBook): Promise<void> {
  const { touched, opened, ended } = book;
  if (touched.length === 0) return;
  await tx.query(
    `INSERT INTO venue.orders AS o SELECT * FROM jsonb_populate_recordset(NULL::venue.orders, $1::jsonb)
     ON CONFLICT (order_id, accepted_at) DO UPDATE SET ${CHANGING.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}`,
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
export const json = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
