import { type InstrumentState } from '@core/contracts';
import { type Queryable } from '@base/database';
import { formatPrice, parsePrice } from '@core/venue-view';
import { findAccount } from './accounts.js';
import { type EngineAsset, readEngineAssets } from './engine-asset.js';
import { type Instrument, listInstruments } from './instruments.js';
import { refusal } from './refusals.js';

/** What operators see of the exchange: as far as it has been settled. */

export interface FeeTier {
  readonly tier: number;
  readonly makerPpm: number;
  readonly takerPpm: number;
}

/** An instrument with its assets, its state and its terms. Prices in ticks. */
export interface InstrumentStanding extends Omit<Instrument, 'base' | 'quote'> {
  readonly base: EngineAsset;
  readonly quote: EngineAsset;
  /** null while it is only planned. */
  readonly state: InstrumentState | null;
  readonly lastPrice: number;
  readonly referencePrice: number;
  readonly markPrice: number;
  readonly fees: readonly FeeTier[];
}

interface StandingRow {
  readonly instrument: number;
  readonly state: InstrumentState;
  readonly lastPrice: number;
  readonly referencePrice: number;
  readonly markPrice: number;
}

/** By number. */
export async function listStandings(on: Queryable): Promise<InstrumentStanding[]> {
  const assets = new Map((await readEngineAssets(on)).map((asset) => [asset.number, asset]));
  const markets = await on.query<StandingRow>(
    `SELECT instrument, state, last_price AS "lastPrice", reference_price AS "referencePrice", mark_price AS "markPrice" FROM venue.market`,
  );
  const fees = await on.query<FeeTier & { instrument: number }>(
    'SELECT instrument, tier, maker_ppm AS "makerPpm", taker_ppm AS "takerPpm" FROM venue.fee_rate ORDER BY instrument, tier',
  );
  return (await listInstruments(on)).map((instrument) => {
    const market = markets.find((found) => found.instrument === instrument.number);
    const assetOf = (number: number): EngineAsset => {
      const asset = assets.get(number);
      if (asset === undefined) throw new Error(`the exchange has no asset ${number}`);
      return asset;
    };
    return {
      ...instrument,
      base: assetOf(instrument.base),
      quote: assetOf(instrument.quote),
      state: market?.state ?? (instrument.listedAt === null ? null : 'closed'),
      lastPrice: market?.lastPrice ?? 0,
      referencePrice: market?.referencePrice ?? 0,
      markPrice: market?.markPrice ?? 0,
      fees: fees.filter((fee) => fee.instrument === instrument.number),
    };
  });
}

/** @throws Refusal `instrument_unknown` */
export async function standingOf(on: Queryable, symbol: string): Promise<InstrumentStanding> {
  const found = (await listStandings(on)).find((standing) => standing.symbol === symbol);
  if (found === undefined) throw refusal('instrument_unknown');
  return found;
}

/** Ticks of a price in major units. @throws Refusal `price_does_not_fit` */
export function ticksOf(standing: InstrumentStanding, price: string): number {
  const ticks = parsePrice(standing, price);
  if (typeof ticks === 'string') throw refusal('price_does_not_fit');
  return ticks;
}

/** null for no price yet. */
export const priceText = (standing: InstrumentStanding, ticks: number): string | null =>
  ticks === 0 ? null : formatPrice(standing, ticks);

/** @throws Refusal `account_unknown` */
export async function accountOf(on: Queryable, customerId: string): Promise<number> {
  const number = await findAccount(on, customerId);
  if (number === undefined) throw refusal('account_unknown');
  return number;
}

export interface AccountTerms {
  readonly tier: number;
  readonly state: 'active' | 'suspended';
}

export async function termsOfAccount(on: Queryable, account: number): Promise<AccountTerms> {
  const found = await on.maybeOne<AccountTerms>('SELECT tier, state FROM venue.account_terms WHERE account = $1', [
    account,
  ]);
  return found ?? { tier: 0, state: 'active' };
}

/** How far settlement is, and what waits. */
export interface VenueStanding {
  readonly sequence: bigint;
  readonly index: number;
  /** The engine's time of the last settled event, and ours when it was settled. */
  readonly eventAt: Date | null;
  readonly settledAt: Date | null;
  readonly isKillSwitchEngaged: boolean;
  readonly openOrders: bigint;
  readonly openTransfers: bigint;
  readonly openBusts: bigint;
  readonly unansweredOperations: bigint;
  readonly unexplained: bigint;
}

export function readVenueStanding(on: Queryable): Promise<VenueStanding> {
  return on.one<VenueStanding>(
    `SELECT sequence, event_index AS index, event_at AS "eventAt", at AS "settledAt", kill_switch AS "isKillSwitchEngaged",
        (SELECT count(*) FROM venue.open_order) AS "openOrders",
        (SELECT count(*) FROM venue.transfer WHERE state IN ('requested', 'sent')) AS "openTransfers",
        (SELECT count(*) FROM venue.bust WHERE state NOT IN ('busted', 'abandoned')) AS "openBusts",
        (SELECT count(*) FROM venue.operation WHERE state IN ('asked', 'sent')) AS "unansweredOperations",
        (SELECT count(*) FROM venue.unexplained) AS unexplained
       FROM venue.checkpoint`,
  );
}

/** What a view is narrowed to, and where its page begins. */
export interface ViewFilter {
  readonly account?: number | undefined;
  readonly instrument?: number | undefined;
  readonly limit: number;
}

export interface OpenOrderRow {
  readonly orderId: bigint;
  readonly account: number;
  readonly customerId: string;
  readonly instrument: number;
  readonly side: 'buy' | 'sell';
  readonly type: string;
  readonly price: number;
  readonly triggerPrice: number;
  readonly open: bigint;
  readonly filled: bigint;
  readonly acceptedAt: Date;
}

/** Open orders, the newest first. */
export function listOpenOrders(
  on: Queryable,
  filter: ViewFilter & { before?: bigint | undefined },
): Promise<OpenOrderRow[]> {
  return on.query<OpenOrderRow>(
    `SELECT o.order_id AS "orderId", o.account, a.customer_id AS "customerId", o.instrument, o.side, o.type, o.price,
        o.trigger_price AS "triggerPrice", o.open, o.filled, o.accepted_at AS "acceptedAt"
       FROM venue.open_order p JOIN venue.orders o USING (order_id, accepted_at) JOIN venue.account a ON a.number = o.account
      WHERE ($1::int IS NULL OR p.account = $1) AND ($2::smallint IS NULL OR o.instrument = $2) AND ($3::bigint IS NULL OR p.order_id < $3)
      ORDER BY p.order_id DESC LIMIT $4`,
    [filter.account ?? null, filter.instrument ?? null, filter.before ?? null, filter.limit],
  );
}

export interface PositionRow {
  readonly account: number;
  readonly customerId: string;
  readonly instrument: number;
  /** Lots; below zero for a short one. */
  readonly position: bigint;
}

/** Positions in contracts, which are the sums of their fills; by instrument and account. */
export function listPositions(
  on: Queryable,
  filter: ViewFilter & { after?: { instrument: number; account: number } | undefined },
): Promise<PositionRow[]> {
  return on.query<PositionRow>(
    `SELECT f.account, a.customer_id AS "customerId", f.instrument, sum(CASE f.side WHEN 'buy' THEN f.quantity ELSE -f.quantity END)::numeric AS position
       FROM venue.fill f JOIN venue.instrument i ON i.number = f.instrument AND i.settlement = 'margined' JOIN venue.account a ON a.number = f.account
      WHERE ($1::int IS NULL OR f.account = $1) AND ($2::smallint IS NULL OR f.instrument = $2)
        AND ($3::smallint IS NULL OR (f.instrument, f.account) > ($3, $4))
      GROUP BY f.instrument, f.account, a.customer_id
     HAVING sum(CASE f.side WHEN 'buy' THEN f.quantity ELSE -f.quantity END) <> 0
      ORDER BY f.instrument, f.account LIMIT $5`,
    [
      filter.account ?? null,
      filter.instrument ?? null,
      filter.after?.instrument ?? null,
      filter.after?.account ?? null,
      filter.limit,
    ],
  );
}

export interface StatedFill {
  readonly sequence: bigint;
  readonly index: number;
  readonly at: Date;
  readonly liquidity: 'maker' | 'taker';
  readonly account: number;
  readonly customerId: string;
  readonly orderId: bigint;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly quantity: bigint;
  /** Minor units of the quote asset. */
  readonly notional: bigint;
  readonly fee: bigint;
  readonly bustId: string | null;
  readonly bustedAt: Date | null;
}

/** Fills of an instrument in a range of time, the newest first, with the mark of those that were taken back. */
export function listStatedFills(
  on: Queryable,
  filter: ViewFilter & {
    readonly instrument: number;
    readonly from: Date;
    readonly to: Date;
    readonly before?: { sequence: bigint; index: number; liquidity: string } | undefined;
  },
): Promise<StatedFill[]> {
  const { before } = filter;
  return on.query<StatedFill>(
    `SELECT f.sequence, f.event_index AS index, f.at, f.liquidity, f.account, a.customer_id AS "customerId", f.order_id AS "orderId", f.side,
        f.price, f.quantity, f.notional, f.fee, f.bust_id AS "bustId", f.busted_at AS "bustedAt"
       FROM venue.stated_fill f JOIN venue.account a ON a.number = f.account
      WHERE f.instrument = $1 AND f.at >= $2 AND f.at < $3 AND ($4::int IS NULL OR f.account = $4)
        AND ($5::bigint IS NULL OR (f.sequence, f.event_index, f.liquidity) < ($5, $6, $7))
      ORDER BY f.sequence DESC, f.event_index DESC, f.liquidity DESC LIMIT $8`,
    [
      filter.instrument,
      filter.from,
      filter.to,
      filter.account ?? null,
      before?.sequence ?? null,
      before?.index ?? null,
      before?.liquidity ?? null,
      filter.limit,
    ],
  );
}
