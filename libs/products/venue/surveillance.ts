import { type Queryable } from '@base/database';
import { asMicroseconds } from './engine-time.js';

/**
 * Reports over history for people who look for abuse. A hit is a reason to look, and proves nothing. Each reads one instrument in one range of
 * time, by the index on (instrument, time); a range that ends today costs what was traded in it. Quantities in lots, prices in ticks,
 * notionals in minor units of the quote asset.
 */
export interface Range {
  readonly instrument: number;
  readonly from: Date;
  readonly to: Date;
}

/** How each report finds what it finds, for those who read it. */
export const METHODS = {
  selfTrades: 'Trades in which one account was on both sides. A customer has one account, so both sides had one owner.',
  pairs:
    'Pairs of accounts that traded with each other in both directions within the range, so that what one sold to the other came back: balance is the smaller direction over the larger, in millionths. Listed from the given balance and the given number of trades on, by volume.',
  rings:
    'Three accounts in a circle, each of which sold to the next: circulated is the smallest of the three flows, balance that over the largest, in millionths.',
  spoofing:
    'Orders that were cancelled on request within the window before or after the same account traded on the other side of the instrument, which had stood before that trade, and of which at least the given multiple of the trade was never filled. Beside them, how many orders the account placed for each of its trades.',
  priceMoves:
    'Runs of trades whose price lies further than the given millionths from the lowest or highest price of the window before them. Trades of one run lie no further apart than the window.',
} as const;

export interface SelfTrade {
  readonly sequence: bigint;
  readonly index: number;
  readonly at: Date;
  readonly account: number;
  readonly price: number;
  readonly quantity: bigint;
  readonly notional: bigint;
}

/** The newest first. */
export function findSelfTrades(
  on: Queryable,
  { instrument, from, to }: Range,
  { before, limit }: { before?: { sequence: bigint; index: number } | undefined; limit: number },
): Promise<SelfTrade[]> {
  return on.query<SelfTrade>(
    `SELECT m.sequence, m.event_index AS index, m.at, m.account, m.price, m.quantity, m.notional
       FROM venue.fill m JOIN venue.fill t ON t.sequence = m.sequence AND t.event_index = m.event_index AND t.at = m.at AND t.liquidity = 'taker'
      WHERE m.instrument = $1 AND m.at >= $2 AND m.at < $3 AND m.liquidity = 'maker' AND t.account = m.account
        AND ($4::bigint IS NULL OR (m.sequence, m.event_index) < ($4, $5))
      ORDER BY m.sequence DESC, m.event_index DESC LIMIT $6`,
    [instrument, from, to, before?.sequence ?? null, before?.index ?? null, limit],
  );
}

/** What sellers sold to buyers, by the two. */
const FLOWS = `
  flow AS MATERIALIZED (
    SELECT s.account AS seller, b.account AS buyer, sum(s.quantity) AS lots, sum(s.notional) AS notional, count(*) AS trades
      FROM venue.fill s JOIN venue.fill b ON b.sequence = s.sequence AND b.event_index = s.event_index AND b.at = s.at AND b.side = 'buy'
     WHERE s.instrument = $1 AND s.at >= $2 AND s.at < $3 AND s.side = 'sell' AND s.account <> b.account
     GROUP BY s.account, b.account
  )`;

export interface Circulation {
  /** In the order of the circle, the lowest number first. */
  readonly accounts: readonly number[];
  /** Lots that came back. */
  readonly circulated: bigint;
  /** Of all flows between them. */
  readonly notional: bigint;
  readonly trades: bigint;
  /** The smallest flow over the largest, in millionths. */
  readonly balancePpm: bigint;
}

export interface CirculationFilter {
  readonly minimumBalancePpm: number;
  readonly minimumTrades: number;
  readonly before?: { readonly notional: bigint; readonly accounts: readonly number[] } | undefined;
  readonly limit: number;
}

/** Pairs whose mutual volume comes to nearly nothing, the largest first. */
export function findPairs(on: Queryable, range: Range, filter: CirculationFilter): Promise<Circulation[]> {
  return circulations(
    on,
    `SELECT ARRAY[x.seller, x.buyer] AS accounts, least(x.lots, y.lots) AS circulated, x.notional + y.notional AS notional,
        x.trades + y.trades AS trades, floor(least(x.lots, y.lots) * 1000000 / greatest(x.lots, y.lots)) AS balance
       FROM flow x JOIN flow y ON y.seller = x.buyer AND y.buyer = x.seller WHERE x.seller < x.buyer`,
    { range, filter },
  );
}

/** Circles of three, the largest first. */
export function findRings(on: Queryable, range: Range, filter: CirculationFilter): Promise<Circulation[]> {
  return circulations(
    on,
    `SELECT ARRAY[x.seller, y.seller, z.seller] AS accounts, least(x.lots, y.lots, z.lots) AS circulated,
        x.notional + y.notional + z.notional AS notional, x.trades + y.trades + z.trades AS trades,
        floor(least(x.lots, y.lots, z.lots) * 1000000 / greatest(x.lots, y.lots, z.lots)) AS balance
       FROM flow x JOIN flow y ON y.seller = x.buyer JOIN flow z ON z.seller = y.buyer AND z.buyer = x.seller
      WHERE x.seller < y.seller AND x.seller < z.seller`,
    { range, filter },
  );
}

function circulations(
  on: Queryable,
  select: string,
  { range: { instrument, from, to }, filter }: { range: Range; filter: CirculationFilter },
): Promise<Circulation[]> {
  return on.query<Circulation>(
    `WITH ${FLOWS}, found AS (${select})
     SELECT accounts, circulated, notional, trades::bigint AS trades, balance AS "balancePpm" FROM found
      WHERE balance >= $4 AND trades >= $5 AND ($6::numeric IS NULL OR notional < $6 OR (notional = $6 AND accounts > $7::int[]))
      ORDER BY notional DESC, accounts LIMIT $8`,
    [
      instrument,
      from,
      to,
      filter.minimumBalancePpm,
      filter.minimumTrades,
      filter.before?.notional ?? null,
      filter.before?.accounts ?? null,
      filter.limit,
    ],
  );
}

export interface Spoof {
  readonly account: number;
  readonly orderId: bigint;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly quantity: bigint;
  readonly filled: bigint;
  readonly acceptedAt: Date;
  readonly cancelledAt: Date;
  /** The trade on the other side. */
  readonly sequence: bigint;
  readonly index: number;
  readonly tradedAt: Date;
  readonly tradedQuantity: bigint;
  /** The account's orders and its trades in the instrument and range. */
  readonly orders: bigint;
  readonly trades: bigint;
}

/** Large orders cancelled around a trade on the other side, the newest first; of each order the nearest trade. */
export function findSpoofs(
  on: Queryable,
  { instrument, from, to }: Range,
  filter: { windowMs: number; multiple: number; before?: bigint | undefined; limit: number },
): Promise<Spoof[]> {
  return on.query<Spoof>(
    `WITH found AS (
       SELECT o.account, o.order_id, o.side, o.price, o.quantity, o.filled, o.accepted_at, o.updated_at, f.*
         FROM venue.orders o CROSS JOIN LATERAL (
           SELECT f.sequence, f.event_index, f.at, f.quantity AS traded
             FROM venue.fill f
            WHERE f.account = o.account AND f.instrument = o.instrument AND f.side <> o.side
              AND f.at BETWEEN greatest(o.accepted_at, o.updated_at - $4 * interval '1 ms') AND o.updated_at + $4 * interval '1 ms'
              AND o.quantity - o.filled >= f.quantity * $5
            ORDER BY abs(extract(epoch FROM f.at - o.updated_at)), f.sequence, f.event_index LIMIT 1) f
        WHERE o.instrument = $1 AND o.accepted_at >= $2 AND o.accepted_at < $3 AND o.status = 'cancelled' AND o.reason IN ('requested', 'mass_cancel')
          AND ($6::bigint IS NULL OR o.order_id < $6)
        ORDER BY o.order_id DESC LIMIT $7)
     SELECT s.account, s.order_id AS "orderId", s.side, s.price, s.quantity, s.filled, s.accepted_at AS "acceptedAt",
        s.updated_at AS "cancelledAt", s.sequence, s.event_index AS index, s.at AS "tradedAt", s.traded AS "tradedQuantity",
        (SELECT count(*) FROM venue.orders o
          WHERE o.account = s.account AND o.instrument = $1 AND o.accepted_at >= $2 AND o.accepted_at < $3) AS orders,
        (SELECT count(*) FROM venue.fill f WHERE f.account = s.account AND f.instrument = $1 AND f.at >= $2 AND f.at < $3) AS trades
       FROM found s ORDER BY s.order_id DESC`,
    [instrument, from, to, filter.windowMs, filter.multiple, filter.before ?? null, filter.limit],
  );
}

export interface PriceMove {
  readonly from: Date;
  /** The same, to the microsecond: where the next page begins. */
  readonly begunMicroseconds: bigint;
  readonly to: Date;
  readonly trades: bigint;
  /** Over the run and the windows before its trades. */
  readonly low: number;
  readonly high: number;
  readonly firstPrice: number;
  readonly lastPrice: number;
  /** The largest distance, in millionths. */
  readonly movePpm: bigint;
}

/** Runs of trades far from the prices of the window before them, the newest first. */
export function findPriceMoves(
  on: Queryable,
  { instrument, from, to }: Range,
  filter: { windowMs: number; movePpm: number; beforeMicroseconds?: bigint | undefined; limit: number },
): Promise<PriceMove[]> {
  return on.query<PriceMove>(
    `WITH trade AS (
       SELECT at, sequence, event_index, price, min(price) OVER w AS low, max(price) OVER w AS high
         FROM venue.fill WHERE instrument = $1 AND at >= $2 AND at < $3 AND liquidity = 'taker'
       WINDOW w AS (ORDER BY at RANGE BETWEEN $4 * interval '1 ms' PRECEDING AND CURRENT ROW)),
     far AS (
       SELECT *, floor(greatest((price - low)::numeric / low, (high - price)::numeric / high) * 1000000) AS move FROM trade
        WHERE (price - low)::bigint * 1000000 > low::bigint * $5 OR (high - price)::bigint * 1000000 > high::bigint * $5),
     marked AS (
       SELECT *, (at - lag(at) OVER o > $4 * interval '1 ms') IS NOT FALSE AS begins FROM far WINDOW o AS (ORDER BY at, sequence, event_index)),
     run AS (SELECT *, count(*) FILTER (WHERE begins) OVER (ORDER BY at, sequence, event_index) AS number FROM marked)
     SELECT min(at) AS "from", ${asMicroseconds('min(at)')} AS "begunMicroseconds", max(at) AS "to", count(*) AS trades, min(low) AS low, max(high) AS high,
        (array_agg(price ORDER BY at, sequence, event_index))[1] AS "firstPrice",
        (array_agg(price ORDER BY at DESC, sequence DESC, event_index DESC))[1] AS "lastPrice", max(move) AS "movePpm"
       FROM run GROUP BY number HAVING $6::bigint IS NULL OR ${asMicroseconds('min(at)')} < $6 ORDER BY min(at) DESC LIMIT $7`,
    [instrument, from, to, filter.windowMs, filter.movePpm, filter.beforeMicroseconds ?? null, filter.limit],
  );
}
