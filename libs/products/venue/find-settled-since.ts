import { type Database } from '@base/database';
import { type StreamPosition, type ViewedFill, type ViewedOrder } from '@core/venue-view';
import { readCheckpoint } from './checkpoint.js';
import { FILL_COLUMNS, type FillRow, ORDER_COLUMNS, type OrderRow, viewedFill, viewedOrder } from './viewed-orders.js';

export interface SettledSince {
  /** Orders that changed, as they stand. */
  readonly orders: readonly ViewedOrder[];
  /** Their fills since. */
  readonly fills: readonly ViewedFill[];
  /** Everything up to there has been settled, and is in this. */
  readonly through: StreamPosition;
  /** Its time, microseconds. */
  readonly time: bigint;
}

/** What one session may have missed; more than this is a mistake. */
const MOST = 200_000;
const MICROSECONDS = 1_000n;

const CHANGED = `
  SELECT ${ORDER_COLUMNS} FROM (
      SELECT * FROM venue.orders WHERE account = $1 AND accepted_at >= $4 AND (sequence, event_index) > ($2, $3)
      UNION
      SELECT * FROM venue.orders WHERE account = $1 AND order_id = ANY ($5::bigint[]) AND (sequence, event_index) > ($2, $3)
    ) o
    JOIN venue.instrument i ON i.number = o.instrument JOIN venue.asset q ON q.number = i.quote
   LIMIT ${MOST}`;
const FILLS = `
  SELECT ${FILL_COLUMNS} FROM venue.fill f
    JOIN venue.instrument i ON i.number = f.instrument JOIN venue.asset q ON q.number = i.quote
   WHERE f.account = $1 AND f.order_id = ANY ($4::bigint[]) AND (f.sequence, f.event_index) > ($2, $3)
   LIMIT ${MOST}`;

/**
 * What settlement has written of an account's orders since an event of the stream, all as of one moment.
 * @param open orders of before that had not ended at `position`; @param time of `position` or earlier, microseconds
 * @throws RangeError for more than 200,000 orders or fills
 */
export async function findSettledSince(
  database: Database,
  wanted: { account: number; position: StreamPosition; time: bigint; open: readonly bigint[] },
): Promise<SettledSince> {
  const { account, position, time, open } = wanted;
  return database.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { sequence, index, eventAt } = await readCheckpoint(tx);
    const after = [account, position.sequence, position.index];
    const from = new Date(Number(time / MICROSECONDS));
    const orders = await tx.query<OrderRow>(CHANGED, [...after, from, open]);
    const ids = orders.map(({ orderId }) => orderId);
    const fills = ids.length === 0 ? [] : await tx.query<FillRow>(FILLS, [...after, ids]);
    if (orders.length === MOST || fills.length === MOST) throw new RangeError('too much has happened since');
    return {
      orders: orders.map(viewedOrder),
      fills: fills.map(viewedFill),
      through: { sequence, index },
      time: BigInt(eventAt?.getTime() ?? 0) * MICROSECONDS,
    };
  });
}
