import { assetOf, type AssetCode } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { pairOf, type Pair } from '@platform/pricing';
import { type Method } from './methods.js';
import { type Side } from './price-quote.js';
import { type Profile } from './quote.js';
import { methodNotOffered, pairNotOffered, pairPaused } from './refusals.js';
import { type SpreadPolicy } from './spread.js';

export interface MethodTerms {
  readonly method: Method;
  readonly feePpm: bigint;
  /** Minor units of the pair's quote asset. */
  readonly minFee: bigint;
  readonly addOnPpm: bigint;
}

/** What the house deals in and on which terms: one row of `brokerage.pair` with its methods. */
export interface Offer {
  readonly pair: Pair;
  readonly policy: SpreadPolicy;
  /** An adverse move beyond this between quote and execution fails the order instead of the house. */
  readonly circuitBps: bigint;
  /** Value of an order in minor units of the pair's quote asset. */
  readonly minOrder: bigint;
  readonly maxOrder: bigint;
  readonly pausedReason: string | null;
  readonly methods: readonly MethodTerms[];
}

interface OfferRow {
  symbol: string;
  base_spread_ppm: bigint;
  venue_fee_ppm: bigint;
  slip_ppm_per_thousand_usd: bigint;
  skew_ppm: bigint;
  external_half_spread_ppm: bigint;
  external_slip_ppm_per_thousand_usd: bigint;
  circuit_bps: bigint;
  min_order: bigint;
  max_order: bigint;
  paused_reason: string | null;
}

interface MethodRow {
  symbol: string;
  method: Method;
  fee_ppm: bigint;
  min_fee: bigint;
  add_on_ppm: bigint;
}

const PAIR_COLUMNS = `symbol, base_spread_ppm, venue_fee_ppm, slip_ppm_per_thousand_usd, skew_ppm, external_half_spread_ppm, external_slip_ppm_per_thousand_usd, circuit_bps, min_order, max_order, paused_reason`;

/** Every pair, in the order they are shown. */
export async function listOffers(db: Queryable): Promise<Offer[]> {
  const pairs = await db.query<OfferRow>(`SELECT ${PAIR_COLUMNS} FROM brokerage.pair ORDER BY rank LIMIT 500`);
  const methods = await db.query<MethodRow>('SELECT * FROM brokerage.pair_method ORDER BY symbol, method LIMIT 2000');
  return pairs.map((row) => fromRows(row, methods));
}

/**
 * Makes sure that a pair is not paused while the caller's transaction lasts: a pause waits for it, and what comes after sees the pause.
 * @throws Refusal `pair_paused`
 */
export async function assertOpen(tx: Tx, symbol: string): Promise<void> {
  await openRow(tx, symbol);
}

/** As {@link assertOpen}, with the terms of the pair. @throws Refusal `pair_paused` */
export async function openOffer(tx: Tx, symbol: string): Promise<Offer> {
  return withMethods(tx, await openRow(tx, symbol));
}

/** As {@link openOffer}, whether paused or not: for orders whose money has arrived. */
export async function readOffer(db: Queryable, symbol: string): Promise<Offer> {
  return withMethods(
    db,
    await db.one<OfferRow>(`SELECT ${PAIR_COLUMNS} FROM brokerage.pair WHERE symbol = $1`, [symbol]),
  );
}

/** The adverse move at which a firm price is no longer honoured. */
export async function circuitBps(db: Queryable, symbol: string): Promise<bigint> {
  const row = await db.one<{ bps: bigint }>('SELECT circuit_bps AS bps FROM brokerage.pair WHERE symbol = $1', [
    symbol,
  ]);
  return row.bps;
}

async function openRow(tx: Tx, symbol: string): Promise<OfferRow> {
  const row = await tx.one<OfferRow>(`SELECT ${PAIR_COLUMNS} FROM brokerage.pair WHERE symbol = $1 FOR SHARE`, [
    symbol,
  ]);
  if (row.paused_reason !== null) throw pairPaused(symbol, row.paused_reason);
  return row;
}

const withMethods = async (db: Queryable, row: OfferRow): Promise<Offer> =>
  fromRows(row, await db.query<MethodRow>('SELECT * FROM brokerage.pair_method WHERE symbol = $1', [row.symbol]));

export interface Conversion {
  readonly profile: Profile;
  readonly from: AssetCode;
  readonly to: AssetCode;
}

/** The pair and side that convert `from` into `to`. @throws Refusal `pair_not_offered` */
export async function findPair(
  db: Queryable,
  { profile, from, to }: Conversion,
): Promise<{ symbol: string; side: Side }> {
  const [buy, sell] = [`${to}-${from}`, `${from}-${to}`];
  const row = await db.maybeOne<{ symbol: string }>(
    'SELECT symbol FROM brokerage.pair WHERE symbol = $1 OR symbol = $2',
    [buy, sell],
  );
  if (!row || profileOf(from, to) !== profile) throw pairNotOffered();
  return { symbol: row.symbol, side: row.symbol === buy ? 'BUY' : 'SELL' };
}

const isFiat = (asset: AssetCode): boolean => assetOf(asset).kind === 'fiat';

function profileOf(from: AssetCode, to: AssetCode): Profile | undefined {
  if (isFiat(from) && isFiat(to)) return undefined;
  if (isFiat(from)) return 'BUY';
  return isFiat(to) ? 'SELL' : 'SWAP_INTERNAL';
}

/** @throws Refusal `method_not_offered`: only a BUY is paid from outside */
export function methodTerms(offer: Offer, profile: Profile, method: Method): MethodTerms {
  const terms = offer.methods.find((each) => each.method === method);
  if (!terms || (profile !== 'BUY' && method !== 'FUNDS')) throw methodNotOffered();
  return terms;
}

const fromRows = (row: OfferRow, methods: readonly MethodRow[]): Offer => ({
  pair: pairOf(row.symbol),
  policy: {
    baseSpreadPpm: row.base_spread_ppm,
    venueFeePpm: row.venue_fee_ppm,
    slipPpmPerThousandUsd: row.slip_ppm_per_thousand_usd,
    skewPpm: row.skew_ppm,
    externalHalfSpreadPpm: row.external_half_spread_ppm,
    externalSlipPpmPerThousandUsd: row.external_slip_ppm_per_thousand_usd,
  },
  circuitBps: row.circuit_bps,
  minOrder: row.min_order,
  maxOrder: row.max_order,
  pausedReason: row.paused_reason,
  methods: methods
    .filter((each) => each.symbol === row.symbol)
    .map((each) => ({ method: each.method, feePpm: each.fee_ppm, minFee: each.min_fee, addOnPpm: each.add_on_ppm })),
});
