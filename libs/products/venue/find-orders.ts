import { type Queryable } from '@base/database';
import { type ViewedFill, type ViewedOrder } from '@core/venue-view';
import { timestampOf } from './engine-time.js';
import { FILL_COLUMNS, type FillRow, ORDER_COLUMNS, type OrderRow, viewedFill, viewedOrder } from './viewed-orders.js';

/** As clients of the exchange ask for orders. OPEN is every live one, partly filled or asleep; what was refused was never an order. */
export const ORDER_FILTERS = ['OPEN', 'PART_FILLED', 'FILLED', 'CANCELED', 'EXPIRED', 'REJECTED'] as const;
export type OrderFilter = (typeof ORDER_FILTERS)[number];

/** Milliseconds since 1970, both inclusive. */
interface Span {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface OrdersWanted extends Span {
  readonly account: number;
  /** OPEN when it is left out. */
  readonly status?: OrderFilter | undefined;
  readonly symbol?: string | undefined;
  readonly limit: number;
}

export interface FillsWanted extends Span {
  readonly account: number;
  readonly instrument?: number | undefined;
  readonly limit: number;
}

/** Orders of the account by when they were accepted, the newest first. */
export async function findOrders(on: Queryable, wanted: OrdersWanted): Promise<ViewedOrder[]> {
  const { account, symbol, limit, status = 'OPEN' } = wanted;
  const values = [account, symbol ?? null, ...spanOf(wanted), limit];
  switch (status) {
    case 'REJECTED':
      return [];
    case 'OPEN':
    case 'PART_FILLED':
      return readOrders(on, OPEN_ORDERS, [...values, status === 'PART_FILLED' ? 1n : 0n]);
    case 'FILLED':
      return readOrders(on, ENDED_ORDERS, [...values, 'filled', false]);
    case 'CANCELED':
    case 'EXPIRED':
      return readOrders(on, ENDED_ORDERS, [...values, 'cancelled', status === 'EXPIRED']);
  }
}

/** The account's order of that number, however it ended; undefined when there is none, or it is another's. */
export async function findOrder(on: Queryable, account: number, orderId: bigint): Promise<ViewedOrder | undefined> {
  const [order] = await readOrders(on, `${ORDERS} WHERE o.order_id = $2 AND o.account = $1`, [account, orderId]);
  return order;
}

/** The account's latest order of that client order id, which may be used again long after its order has ended. */
export async function findOrderByClientId(
  on: Queryable,
  account: number,
  clientOrderId: bigint,
): Promise<ViewedOrder | undefined> {
  if (clientOrderId === 0n) return undefined;
  const sql = `${ORDERS} WHERE o.account = $1 AND o.client_order_id = $2 AND o.client_order_id <> 0 ${NEWEST_ORDER} LIMIT 1`;
  const [order] = await readOrders(on, sql, [account, clientOrderId]);
  return order;
}

/** Fills of the account by when they happened, the newest first. */
export const findFills = (on: Queryable, wanted: FillsWanted): Promise<ViewedFill[]> => readFills(on, wanted);

/** Orders of the account that have traded, open or not, by their latest fills, the newest first; `from` and `to` are of the fills. */
export async function findTradedOrders(on: Queryable, wanted: FillsWanted): Promise<ViewedOrder[]> {
  const ids = new Set<bigint>();
  for (let last: ViewedFill | undefined; ;) {
    const fills = await readFills(on, { ...wanted, limit: PAGE }, last);
    for (const { orderId } of fills) if (ids.size < wanted.limit) ids.add(orderId);
    last = fills.at(-1);
    if (fills.length < PAGE || ids.size === wanted.limit) break;
  }
  const orders = await readOrders(on, `${ORDERS} WHERE o.account = $1 AND o.order_id = ANY ($2::bigint[])`, [
    wanted.account,
    [...ids],
  ]);
  const byId = new Map(orders.map((order) => [order.orderId, order]));
  return [...ids].flatMap((id) => byId.get(id) ?? []);
}

const PAGE = 1_000;

const QUOTE_OF = 'JOIN venue.asset q ON q.number = i.quote';
const NEWEST_ORDER = 'ORDER BY o.accepted_at DESC, o.order_id DESC';
const NEWEST_FILL = 'ORDER BY f.at DESC, f.sequence DESC, f.event_index DESC, f.liquidity DESC';
const ORDERS = `SELECT ${ORDER_COLUMNS} FROM venue.orders o JOIN venue.instrument i ON i.number = o.instrument ${QUOTE_OF}`;

const OPEN_ORDERS = `SELECT ${ORDER_COLUMNS}
    FROM venue.open_order p JOIN venue.orders o USING (order_id, accepted_at)
    JOIN venue.instrument i ON i.number = o.instrument ${QUOTE_OF}
   WHERE p.account = $1 AND ($2::text IS NULL OR i.symbol = $2) AND p.accepted_at >= $3 AND p.accepted_at < $4 AND o.filled >= $6::bigint
   ORDER BY p.accepted_at DESC, p.order_id DESC LIMIT $5`;

/** One range of the index for each instrument, so that an account's trading in one is not read through for another. */
const ENDED_ORDERS = `SELECT ${ORDER_COLUMNS}
    FROM venue.instrument i ${QUOTE_OF} CROSS JOIN LATERAL (
      SELECT * FROM venue.orders o
       WHERE o.account = $1 AND o.instrument = i.number AND o.status <> 'open' AND o.status = $6
         AND coalesce(o.reason = 'expired', false) = $7 AND o.accepted_at >= $3 AND o.accepted_at < $4
       ${NEWEST_ORDER} LIMIT $5) o
   WHERE $2::text IS NULL OR i.symbol = $2
   ${NEWEST_ORDER} LIMIT $5`;

const FILLS = `SELECT ${FILL_COLUMNS}
    FROM venue.instrument i ${QUOTE_OF} CROSS JOIN LATERAL (
      SELECT * FROM venue.fill f
       WHERE f.account = $1 AND f.instrument = i.number AND f.at >= $3 AND f.at < $4
         AND (f.at, f.sequence, f.event_index) <= ($6::timestamptz, $7::bigint, $8::int)
       ${NEWEST_FILL} LIMIT $5) f
   WHERE $2::smallint IS NULL OR i.number = $2
   ${NEWEST_FILL} LIMIT $5`;

async function readOrders(on: Queryable, sql: string, values: readonly unknown[]): Promise<ViewedOrder[]> {
  const rows = await on.query<OrderRow>(sql, values);
  return rows.map(viewedOrder);
}

/** @param last read on from here; it is read again, since both sides of a trade may be the account's */
async function readFills(on: Queryable, wanted: FillsWanted, last?: ViewedFill): Promise<ViewedFill[]> {
  const { account, instrument, limit } = wanted;
  const place = last === undefined ? ['infinity', 0n, 0] : [timestampOf(last.time), last.sequence, last.index];
  const rows = await on.query<FillRow>(FILLS, [account, instrument ?? null, ...spanOf(wanted), limit, ...place]);
  return rows.map(viewedFill);
}

const MICROSECONDS_IN_MS = 1_000n;

/** Its beginning, and the moment after its end. */
function spanOf({ from, to }: Span): readonly [string, string] {
  return [
    from === undefined ? '-infinity' : timestampOf(microseconds(from)),
    to === undefined ? 'infinity' : timestampOf(microseconds(to) + MICROSECONDS_IN_MS),
  ];
}

const microseconds = (ms: number): bigint => BigInt(Math.max(0, Math.trunc(ms))) * MICROSECONDS_IN_MS;
