import { type Database, type Queryable, type Tx } from '@base/database';
import { type InstrumentState, type Side } from '@core/contracts';
import { type FeeRates, type MinuteBar, type PublicTrade, type ViewedAsset, type ViewedInstrument, type ViewedOpenOrder, type VenueSnapshot } from '@core/venue-view'; // prettier-ignore
import { readEngineAssets, unitsOf } from './engine-asset.js';
import { asMicroseconds } from './engine-time.js';
import { readExchangeBalances } from './exchange-balances.js';
import { type Instrument, listInstruments } from './instruments.js';
import { ORDER_COLUMNS, type OrderRow, tradeIdOf, viewedOrder } from './viewed-orders.js';

/** What was settled, as one picture at the checkpoint: a follower that takes every event after its position knows what the engine knows. */
export function readVenueSnapshot(database: Database): Promise<VenueSnapshot> {
  return database.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const { sequence, index, minute, arriving, killSwitch } = await readPlace(tx);
    const markets = await readMarkets(tx);
    const { assets, instruments } = await readInstruments(tx, markets);
    return {
      position: { sequence, index },
      assets,
      instruments,
      fees: await readFees(tx),
      accounts: await readAccounts(tx),
      balances: await readTotals(tx),
      orders: await readOpenOrders(tx),
      lastTrades: markets.flatMap(lastTradeOf),
      bars: await readBars(tx, minute - MINUTES_KEPT),
      isKillSwitchEngaged: killSwitch,
      arriving,
      clientNames: await readClientNames(tx),
    };
  });
}

const MINUTES_KEPT = 48 * 60;
const MICROSECONDS_IN_MINUTE = 60_000_000n;

interface Place {
  readonly sequence: bigint;
  readonly index: number;
  readonly minute: number;
  readonly arriving: bigint | null;
  readonly killSwitch: boolean;
}

async function readPlace(on: Queryable): Promise<Place> {
  const { at, ...place } = await on.one<Omit<Place, 'minute'> & { at: bigint | null }>(
    `SELECT sequence, event_index AS index, ${asMicroseconds('event_at')} AS at, arriving, kill_switch AS "killSwitch" FROM venue.checkpoint`,
  );
  return { ...place, minute: Number((at ?? 0n) / MICROSECONDS_IN_MINUTE) };
}

interface Market {
  readonly instrument: number;
  readonly state: InstrumentState;
  readonly referencePrice: number;
  readonly markPrice: number;
  readonly auctionPrice: number;
  readonly auctionQuantity: bigint;
  readonly auctionTime: bigint | null;
  readonly price: number;
  readonly quantity: bigint;
  readonly side: Side | null;
  readonly sequence: bigint | null;
  readonly index: number | null;
  readonly time: bigint | null;
}

const readMarkets = (on: Queryable): Promise<Market[]> =>
  on.query<Market>(
    `SELECT instrument, state, reference_price AS "referencePrice", mark_price AS "markPrice", auction_price AS "auctionPrice",
        auction_quantity AS "auctionQuantity", ${asMicroseconds('auction_at')} AS "auctionTime", last_price AS price,
        last_quantity AS quantity, last_taker_side AS side, last_sequence AS sequence, last_index AS index,
        ${asMicroseconds('last_at')} AS time
       FROM venue.market ORDER BY instrument`,
  );

function lastTradeOf({ instrument, side, price, quantity, sequence, index, time }: Market): PublicTrade[] {
  if (side === null || sequence === null || index === null || time === null) return [];
  return [{ tradeId: tradeIdOf(sequence, index), sequence, time, instrument, side, price, quantity }];
}

async function readInstruments(
  on: Queryable,
  markets: readonly Market[],
): Promise<{ assets: ViewedAsset[]; instruments: ViewedInstrument[] }> {
  const assets = (await readEngineAssets(on)).map(({ number, code, scale }) => ({ number, code, scale }));
  const listed = (await listInstruments(on)).filter(({ listedAt }) => listedAt !== null);
  const named = new Map(assets.map((asset) => [asset.number, asset]));
  const stood = new Map(markets.map((market) => [market.instrument, market]));
  return { assets, instruments: listed.map((instrument) => viewed(instrument, named, stood.get(instrument.number))) };
}

function viewed(
  instrument: Instrument,
  assets: ReadonlyMap<number, ViewedAsset>,
  market: Market | undefined,
): ViewedInstrument {
  const { number, symbol, settlement, lotUnits, tickValue, tickValueScale } = instrument;
  const { minimumQuantity, maximumQuantity, maximumPrice } = instrument;
  // A contract may be on anything; nobody owns any of it.
  const assetOf = (asset: number): ViewedAsset => assets.get(asset) ?? { number: asset, code: symbol.split('-')[0] ?? symbol, scale: 0 }; // prettier-ignore
  return {
    number,
    symbol,
    settlement,
    base: assetOf(instrument.base),
    quote: assetOf(instrument.quote),
    lotUnits,
    tickValue,
    tickValueScale,
    minimumQuantity,
    maximumQuantity,
    maximumPrice,
    state: market?.state ?? 'closed',
    auctionPrice: market?.auctionPrice ?? 0,
    auctionQuantity: market?.auctionQuantity ?? 0n,
    auctionTime: market?.auctionTime ?? 0n,
    referencePrice: market?.referencePrice ?? 0,
    markPrice: market?.markPrice ?? 0,
  };
}

const readFees = (on: Queryable): Promise<FeeRates[]> =>
  on.query<FeeRates>(
    'SELECT instrument, tier, maker_ppm AS "makerPpm", taker_ppm AS "takerPpm" FROM venue.fee_rate ORDER BY instrument, tier',
  );

const readAccounts = (on: Queryable): Promise<VenueSnapshot['accounts'][number][]> =>
  on.query(
    `SELECT account AS number, tier, state = 'suspended' AS "isSuspended" FROM venue.account_terms ORDER BY account`,
  );

/** @throws Error when the ledger has something on the exchange that the engine cannot have */
async function readTotals(tx: Tx): Promise<VenueSnapshot['balances'][number][]> {
  const assets = new Map((await readEngineAssets(tx)).map((asset) => [asset.code as string, asset]));
  const balances = await readExchangeBalances(tx);
  return balances.map(({ account, asset: code, balance }) => {
    const asset = assets.get(code);
    const total = asset && unitsOf(asset, balance);
    if (account === null || asset === undefined || total === undefined)
      throw new Error(`${balance} minor units of ${code} are no balance of an engine account`);
    return { account, asset: asset.number, total };
  });
}

async function readOpenOrders(on: Queryable): Promise<ViewedOpenOrder[]> {
  const rows = await on.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS}
       FROM venue.open_order p JOIN venue.orders o USING (order_id, accepted_at)
       JOIN venue.instrument i ON i.number = o.instrument JOIN venue.asset q ON q.number = i.quote
      ORDER BY o.queued_sequence, o.queued_index`,
  );
  return rows.map(viewedOrder);
}

/** With the last one before, since what an instrument cost a day ago may be what it last cost long before. */
const readBars = (on: Queryable, after: number): Promise<MinuteBar[]> =>
  on.query<MinuteBar>(
    `SELECT instrument, minute, open, high, low, close, volume FROM venue.minute_bar WHERE minute > $1
      UNION ALL
     SELECT last.* FROM venue.market m CROSS JOIN LATERAL (
       SELECT instrument, minute, open, high, low, close, volume FROM venue.minute_bar b
        WHERE b.instrument = m.instrument AND b.minute <= $1 ORDER BY b.minute DESC LIMIT 1) last
      ORDER BY minute, instrument`,
    [after],
  );

const readClientNames = (on: Queryable): Promise<VenueSnapshot['clientNames'][number][]> =>
  on.query(
    'SELECT account, client_order_id AS "clientOrderId", text FROM venue.client_order_name ORDER BY account, client_order_id',
  );
