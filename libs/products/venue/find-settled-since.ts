import { type Database, type Tx } from '@base/database';
import { type StreamPosition, type ViewedFill, type ViewedOrder } from '@core/venue-view';
import { readCheckpoint } from './checkpoint.js';
import { asMicroseconds, timestampOf } from './engine-time.js';
import { FILL_COLUMNS, type FillRow, ORDER_COLUMNS, type OrderRow, viewedFill, viewedOrder } from './viewed-orders.js';

export interface SettledWanted {
  readonly account: number;
  readonly position: StreamPosition;
  /** Of `position` or earlier, microseconds; of a place that this gave before, exactly that place's. */
  readonly time: bigint;
  /** Orders of before that had not ended. */
  readonly open: readonly bigint[];
  /** Acceptances, fills and last changes that are read at most; more only of one and the same moment. */
  readonly limit: number;
}

export interface SettledSince {
  /** Orders that changed, as they stood at `time`; what changed more than once is as it was left last. */
  readonly orders: readonly ViewedOrder[];
  /** Their fills since. */
  readonly fills: readonly ViewedFill[];
  /** Nothing up to there is missing here. Acceptances may be here that stand behind it, by `time`. */
  readonly through: StreamPosition;
  /** Everything up to this time is here, microseconds. */
  readonly time: bigint;
}

const MICROSECONDS = 1_000n;
const QUOTED = 'JOIN venue.instrument i ON i.number = o.instrument JOIN venue.asset q ON q.number = i.quote';
/** Of one account, after a place: $1 account, $2 and $3 the place, $4 its time. */
const CHANGED = 'account = $1 AND (sequence, event_index) > ($2, $3)';
const FILLED = `f.account = $1 AND f.instrument = i.number AND f.at >= $4 AND (f.sequence, f.event_index) > ($2, $3)`;

/** The time of the last event of a page; none when it is the last page. Each part stops at the page's size: the indexes are in time's order. */
const HORIZON = `
  SELECT ${asMicroseconds('at')} AS time FROM (
      (SELECT accepted_at AS at FROM venue.orders
        WHERE ${CHANGED} AND accepted_at >= $4 AND order_id <> ALL ($5::bigint[]) ORDER BY accepted_at LIMIT $6)
      UNION ALL
      (SELECT updated_at FROM venue.orders WHERE ${CHANGED} AND order_id = ANY ($5::bigint[]) ORDER BY updated_at LIMIT $6)
      UNION ALL
      (SELECT f.at FROM venue.instrument i CROSS JOIN LATERAL (
          SELECT f.at FROM venue.fill f WHERE ${FILLED} ORDER BY f.at LIMIT $6) f ORDER BY f.at LIMIT $6)
    ) event ORDER BY at OFFSET $6 - 1 LIMIT 1`;

const FILLS = `
  SELECT ${FILL_COLUMNS} FROM venue.instrument i JOIN venue.asset q ON q.number = i.quote
    CROSS JOIN LATERAL (SELECT * FROM venue.fill f WHERE ${FILLED} AND f.at <= $5) f`;

const ORDERS = `
  SELECT ${ORDER_COLUMNS} FROM (
      SELECT * FROM venue.orders
       WHERE ${CHANGED} AND accepted_at >= $4 AND accepted_at <= $5 AND order_id <> ALL ($6::bigint[])
      UNION
      SELECT * FROM venue.orders WHERE ${CHANGED} AND order_id = ANY ($6::bigint[]) AND updated_at <= $5
      UNION
      SELECT * FROM venue.orders WHERE ${CHANGED} AND order_id = ANY ($7::bigint[])
    ) o ${QUOTED}`;

const LATER = `
  SELECT order_id AS "orderId", sum(quantity) AS filled, sum(notional) AS traded, sum(fee) AS fees
    FROM venue.fill WHERE order_id = ANY ($1::bigint[]) AND at > $2 GROUP BY order_id`;

/**
 * What settlement has written of an account's orders since an event of the stream, a page at a time, each all as of one moment. The next page
 * is what is asked for with `through` and `time` of this one, and with the orders that are open then. Of a page that is the last one they are
 * the settlement's own place, however far it has come meanwhile.
 */
export async function findSettledSince(database: Database, wanted: SettledWanted): Promise<SettledSince> {
  const { account, position, time, open, limit } = wanted;
  return database.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const after = [account, position.sequence, position.index, timestampOf(time)];
    const horizon = (await tx.maybeOne<{ time: bigint }>(HORIZON, [...after, open, limit]))?.time;
    const until = horizon === undefined ? 'infinity' : timestampOf(horizon);
    const fills = (await tx.query<FillRow>(FILLS, [...after, until])).map(viewedFill);
    const filled = [...new Set(fills.map(({ orderId }) => orderId))];
    const rows = await tx.query<OrderRow>(ORDERS, [...after, until, open, filled]);
    if (horizon === undefined) {
      const { sequence, index, eventAt } = await readCheckpoint(tx);
      const reached = BigInt(eventAt?.getTime() ?? 0) * MICROSECONDS;
      return { orders: rows.map(viewedOrder), fills, through: { sequence, index }, time: reached };
    }
    const through = lastOf([position, ...fills, ...rows.filter(({ updatedAt }) => updatedAt <= horizon)]);
    const orders = await asOf(tx, rows, { horizon, position, fills });
    return { orders: orders.map(viewedOrder), fills, through, time: horizon };
  });
}

/** Orders as they stood then: one that has changed since was open, and had not had its later fills. */
async function asOf(
  tx: Tx,
  rows: readonly OrderRow[],
  { horizon, position, fills }: { horizon: bigint; position: StreamPosition; fills: readonly ViewedFill[] },
): Promise<OrderRow[]> {
  const changed = rows.filter(({ updatedAt }) => updatedAt > horizon).map(({ orderId }) => orderId);
  if (changed.length === 0) return [...rows];
  const sums = await tx.query<{ orderId: bigint; filled: bigint; traded: bigint; fees: bigint }>(LATER, [
    changed,
    timestampOf(horizon),
  ]);
  const later = new Map(sums.map((sum) => [sum.orderId, sum]));
  return rows.map((row) => {
    if (row.updatedAt <= horizon) return row;
    const { filled, traded, fees } = later.get(row.orderId) ?? { filled: 0n, traded: 0n, fees: 0n };
    const own = fills.filter(({ orderId }) => orderId === row.orderId);
    const { sequence, index } = lastOf([position, ...own]);
    return {
      ...row,
      filled: row.filled - filled,
      open: row.quantity - row.filled + filled,
      traded: row.traded - traded,
      fees: row.fees - fees,
      ...{ status: 'open', reason: null, left: 0n, updatedAt: row.acceptedAt, sequence, index },
    };
  });
}

const lastOf = (places: readonly [StreamPosition, ...StreamPosition[]]): StreamPosition =>
  places.reduce((last, it) => (isAfter(it, last) ? it : last));

const isAfter = (a: StreamPosition, b: StreamPosition): boolean =>
  a.sequence > b.sequence || (a.sequence === b.sequence && a.index > b.index);
