import { type Database } from '@base/database';
import { clientOrderIdOf } from '@core/contracts';
import { type ViewedFill, type ViewedOrder } from '@core/venue-view';
import { findFills, findOrder, findOrderByClientId, findOrders, findTradedOrders, type OrderFilter } from '@products/venue'; // prettier-ignore
import { type VenueFeed } from '../desk/venue-feed.js';
import { statusWord } from './encode-orders.js';

/** Of an account's orders or fills in memory: the settlement is not so far behind. */
const MOST_LATEST = 10_000;

/** Milliseconds since 1970, both inclusive. */
export interface Span {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export interface Wanted extends Span {
  readonly account: number;
  readonly symbol: string | undefined;
  readonly limit: number;
}

export type HistoryFeed = Pick<
  VenueFeed,
  'order' | 'orderByClientText' | 'openOrders' | 'recentOrders' | 'recentFills' | 'instrument' | 'instrumentOf'
>;

/**
 * Orders and fills of an account, newest first. What happened lately comes from the feed's memory, so that whatever was acknowledged can be read
 * at once; what is older comes from the database, which the settlement writes a moment later.
 */
export class AccountHistory {
  constructor(
    private readonly feed: HistoryFeed,
    private readonly database: Database,
  ) {}

  async order(account: number, orderId: bigint): Promise<ViewedOrder | undefined> {
    const known = this.feed.order(orderId);
    if (known !== undefined) return known.account === account ? known : undefined;
    return findOrder(this.database, account, orderId);
  }

  async orderByClientText(account: number, clientText: string): Promise<ViewedOrder | undefined> {
    return (
      this.feed.orderByClientText(account, clientText) ??
      (await findOrderByClientId(this.database, account, clientOrderIdOf(clientText)))
    );
  }

  async orders(wanted: Wanted & { readonly status: OrderFilter }): Promise<ViewedOrder[]> {
    const { account, status, symbol, limit } = wanted;
    const isWanted = (order: ViewedOrder): boolean =>
      matches(order, status) &&
      isWithin(wanted, order.acceptedAt) &&
      (symbol === undefined || this.feed.instrumentOf(order.instrument)?.symbol === symbol);
    if (status === 'OPEN' || status === 'PART_FILLED')
      return newest(this.feed.openOrders(account).filter(isWanted), limit);
    const recent = [...latest(this.feed.recentOrders(account))].filter(isWanted);
    const stored = await findOrders(this.database, wanted);
    return newest(
      union(recent, stored, ({ orderId }) => orderId),
      limit,
    );
  }

  async fills(wanted: Wanted): Promise<ViewedFill[]> {
    const instrument = this.#numberOf(wanted.symbol);
    const recent = [...this.#recentFills(wanted, wanted.limit)];
    const stored = await findFills(this.database, { ...wanted, instrument });
    const fills = union(recent, stored, ({ tradeId, liquidity }) => `${tradeId} ${liquidity}`);
    return fills.sort((a, b) => Number(b.tradeId - a.tradeId)).slice(0, wanted.limit);
  }

  /** Orders that have traded within the span, open or not. */
  async tradedOrders(wanted: Wanted): Promise<ViewedOrder[]> {
    const { account, limit } = wanted;
    const ids = new Set<bigint>();
    for (const { orderId } of this.#recentFills(wanted)) if (ids.add(orderId).size >= limit) break;
    const recent = await Promise.all([...ids].map((id) => this.order(account, id)));
    const stored = await findTradedOrders(this.database, { ...wanted, instrument: this.#numberOf(wanted.symbol) });
    const known = recent.filter((order) => order !== undefined);
    return union(known, stored, ({ orderId }) => orderId)
      .sort((a, b) => Number(b.updatedAt - a.updatedAt))
      .slice(0, limit);
  }

  *#recentFills(wanted: Wanted, most = Infinity): Generator<ViewedFill> {
    const instrument = this.#numberOf(wanted.symbol);
    let count = 0;
    for (const fill of latest(this.feed.recentFills(wanted.account))) {
      if (!isWithin(wanted, fill.time) || (instrument !== undefined && fill.instrument !== instrument)) continue;
      yield fill;
      if ((count += 1) >= most) return;
    }
  }

  #numberOf(symbol: string | undefined): number | undefined {
    return symbol === undefined ? undefined : this.feed.instrument(symbol)?.number;
  }
}

/** `OPEN` asks for all live orders: clients that ask for nothing else would lose those that are partly filled. */
function matches(order: ViewedOrder, status: OrderFilter): boolean {
  const word = statusWord(order);
  return word === status || (status === 'OPEN' && word === 'PART_FILLED');
}

function isWithin({ from, to }: Span, time: bigint): boolean {
  const ms = Number(time / 1_000n);
  return ms >= (from ?? 0) && ms <= (to ?? Infinity);
}

/** What the database may not have yet is among these, and a request costs no more than looking through them. */
function* latest<Row>(rows: Iterable<Row>): Generator<Row> {
  let left = MOST_LATEST;
  for (const row of rows) {
    if (left === 0) return;
    left -= 1;
    yield row;
  }
}

/** What stands in both is newer in memory. */
function union<Row>(recent: readonly Row[], stored: readonly Row[], keyOf: (row: Row) => bigint | string): Row[] {
  const rows = new Map(stored.map((row) => [keyOf(row), row]));
  for (const row of recent) rows.set(keyOf(row), row);
  return [...rows.values()];
}

const newest = (orders: readonly ViewedOrder[], limit: number): ViewedOrder[] =>
  [...orders].sort((a, b) => Number(b.acceptedAt - a.acceptedAt) || Number(b.orderId - a.orderId)).slice(0, limit);
