import { type Database } from '@base/database';
import { type ViewedFill, type ViewedOrder } from '@core/venue-view';
import { type ToyVenue } from './toy-venue.js';

/** Makes the venue's orders and fills all that settlement has written. Its times are whole milliseconds. */
export async function storeHistory(owner: Database, venue: ToyVenue): Promise<void> {
  const orders = [...venue.orders.values()].map((order) => {
    const last = venue.told.findLast((report) => report.order.orderId === order.orderId);
    const { sequence, index } = last ?? order;
    return orderRow({ ...order, sequence, index, updatedAt: last?.time ?? order.updatedAt });
  });
  const fills = venue.told.flatMap(({ fill }) => (fill === undefined ? [] : [fillRow(fill)]));
  const months = [...new Set(orders.map(({ accepted_at: at }) => at.slice(0, 7)))];
  await owner.transaction(async (tx) => {
    await tx.query('TRUNCATE venue.orders, venue.fill');
    for (const month of months) await tx.query('SELECT venue.open_month($1)', [`${month}-15T00:00:00Z`]);
    await tx.query('INSERT INTO venue.orders SELECT * FROM jsonb_populate_recordset(NULL::venue.orders, $1)', [
      json(orders),
    ]);
    await tx.query('INSERT INTO venue.fill SELECT * FROM jsonb_populate_recordset(NULL::venue.fill, $1)', [
      json(fills),
    ]);
    await tx.query('ALTER TABLE venue.checkpoint DISABLE TRIGGER USER');
    await tx.query('UPDATE venue.checkpoint SET sequence = $1, event_index = 65535, event_at = $2', [
      venue.position.sequence,
      timeOf(venue.told.at(-1)?.time ?? 0n),
    ]);
    await tx.query('ALTER TABLE venue.checkpoint ENABLE TRIGGER USER');
  });
}

const json = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
const timeOf = (microseconds: bigint): string => new Date(Number(microseconds / 1_000n)).toISOString();

const orderRow = (order: ViewedOrder) => ({
  order_id: order.orderId,
  accepted_at: timeOf(order.acceptedAt),
  account: order.account,
  instrument: order.instrument,
  client_order_id: order.clientOrderId,
  client_text: order.clientText,
  side: order.side,
  type: order.type,
  time_in_force: order.timeInForce,
  self_trade: order.selfTrade,
  instructions: order.instructions,
  liquidation: order.isLiquidation,
  quantity: order.quantity,
  open: order.open,
  filled: order.filled,
  remainder: order.left,
  price: order.price,
  trigger_price: order.triggerPrice,
  display_quantity: order.displayQuantity,
  shown: order.shown,
  traded: order.traded,
  fees: order.fees,
  last_price: order.lastPrice,
  last_quantity: order.lastQuantity,
  maker_ppm: 0,
  taker_ppm: 0,
  notional_carry: 0,
  fee_carry: 0,
  queued_sequence: 0,
  queued_index: 0,
  status: order.status,
  reason: order.reason,
  updated_at: timeOf(order.updatedAt),
  sequence: order.sequence,
  event_index: order.index,
});

const fillRow = (fill: ViewedFill) => ({
  at: timeOf(fill.time),
  sequence: fill.sequence,
  event_index: fill.index,
  liquidity: fill.liquidity,
  account: fill.account,
  order_id: fill.orderId,
  instrument: fill.instrument,
  side: fill.side,
  price: fill.price,
  quantity: fill.quantity,
  notional: fill.notional,
  fee: fill.fee,
  fee_asset: 'USD',
  auction: false,
});
