import { type Tx } from '@base/database';
import { type EngineAsset, readEngineAssets } from './engine-asset.js';
import { type Instrument, listInstruments } from './instruments.js';
import { refusal } from './refusals.js';

/** An instrument as people describe it: decimals in major units, prices in the quote asset for one of the base. */
export interface Proposal {
  readonly symbol: string;
  readonly settlement: 'spot' | 'margined';
  readonly base: string;
  readonly quote: string;
  readonly tick: string;
  readonly lot: string;
  readonly minimumQuantity: string;
  readonly maximumQuantity: string;
  readonly maximumPrice: string;
  readonly initialMarginPpm: number;
  readonly maintenanceMarginPpm: number;
}

const LAST_NUMBER = 255;
const DECIMAL = /^(\d+)(?:\.(\d+))?$/;

/**
 * Plans an instrument, or changes one that is only planned. Listing it is the engine's affair, by `listingOf`.
 * @throws Refusal `instrument_listed`, `asset_not_traded`, `terms_do_not_fit`, `instruments_exhausted`
 */
export async function proposeInstrument(tx: Tx, proposal: Proposal): Promise<Instrument> {
  await tx.query('LOCK TABLE venue.instrument IN SHARE ROW EXCLUSIVE MODE');
  const instruments = await listInstruments(tx);
  const planned = instruments.find(({ symbol }) => symbol === proposal.symbol);
  if (planned !== undefined && planned.listedAt !== null) throw refusal('instrument_listed');
  const number = planned?.number ?? freeNumber(instruments);
  const terms = termsOf(proposal, await readEngineAssets(tx));
  const instrument = { ...terms, number, symbol: proposal.symbol, settlement: proposal.settlement, listedAt: null };
  await store(tx, instrument);
  return instrument;
}

function freeNumber(instruments: readonly Instrument[]): number {
  const taken = new Set(instruments.map(({ number }) => number));
  for (let number = 0; number <= LAST_NUMBER; number += 1) if (!taken.has(number)) return number;
  throw refusal('instruments_exhausted');
}

/** In ticks, lots and units: every division has to come out even. */
function termsOf(
  proposal: Proposal,
  assets: readonly EngineAsset[],
): Omit<Instrument, 'number' | 'symbol' | 'settlement' | 'listedAt'> {
  const assetOf = (code: string): EngineAsset => {
    const asset = assets.find((known) => known.code === code);
    if (asset === undefined) throw refusal('asset_not_traded');
    return asset;
  };
  const [base, quote] = [assetOf(proposal.base), assetOf(proposal.quote)];
  const inUnits = (text: string): bigint => {
    const { numerator, denominator } = fractionOf(text);
    return whole(numerator * 10n ** BigInt(base.scale), denominator);
  };
  const lotUnits = inUnits(proposal.lot);
  const tick = fractionOf(proposal.tick);
  const top = fractionOf(proposal.maximumPrice);
  // One tick of one lot, in quote units: tick × 10^quote scale × lot / 10^base scale.
  const value = tick.numerator * 10n ** BigInt(quote.scale) * lotUnits;
  const over = tick.denominator * 10n ** BigInt(base.scale);
  const common = greatestCommonDivisor(value, over);
  if (value === 0n) throw refusal('terms_do_not_fit');
  return {
    base: base.number,
    quote: quote.number,
    lotUnits,
    tickValue: value / common,
    tickValueScale: over / common,
    minimumQuantity: whole(inUnits(proposal.minimumQuantity), lotUnits),
    maximumQuantity: whole(inUnits(proposal.maximumQuantity), lotUnits),
    maximumPrice: Number(whole(top.numerator * tick.denominator, top.denominator * tick.numerator)),
    initialMarginPpm: proposal.initialMarginPpm,
    maintenanceMarginPpm: proposal.maintenanceMarginPpm,
  };
}

function fractionOf(text: string): { numerator: bigint; denominator: bigint } {
  const [, integer = '0', fraction = ''] = DECIMAL.exec(text) ?? [];
  return { numerator: BigInt(integer + fraction), denominator: 10n ** BigInt(fraction.length) };
}

function whole(value: bigint, by: bigint): bigint {
  if (value === 0n || value % by !== 0n || value / by > 1n << 50n) throw refusal('terms_do_not_fit');
  return value / by;
}

const greatestCommonDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatestCommonDivisor(b, a % b));

async function store(tx: Tx, instrument: Instrument): Promise<void> {
  if (instrument.maximumQuantity < instrument.minimumQuantity || instrument.maximumPrice >= 2 ** 31)
    throw refusal('terms_do_not_fit');
  await tx.query(
    `INSERT INTO venue.instrument (number, symbol, settlement, base, quote, lot_units, tick_value, tick_value_scale, minimum_quantity,
         maximum_quantity, maximum_price, initial_margin_ppm, maintenance_margin_ppm)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (number) DO UPDATE SET settlement = EXCLUDED.settlement, base = EXCLUDED.base, quote = EXCLUDED.quote,
         lot_units = EXCLUDED.lot_units, tick_value = EXCLUDED.tick_value, tick_value_scale = EXCLUDED.tick_value_scale,
         minimum_quantity = EXCLUDED.minimum_quantity, maximum_quantity = EXCLUDED.maximum_quantity,
         maximum_price = EXCLUDED.maximum_price, initial_margin_ppm = EXCLUDED.initial_margin_ppm,
         maintenance_margin_ppm = EXCLUDED.maintenance_margin_ppm`,
    [
      instrument.number,
      instrument.symbol,
      instrument.settlement,
      instrument.base,
      instrument.quote,
      instrument.lotUnits,
      instrument.tickValue,
      instrument.tickValueScale,
      instrument.minimumQuantity,
      instrument.maximumQuantity,
      instrument.maximumPrice,
      instrument.initialMarginPpm,
      instrument.maintenanceMarginPpm,
    ],
  );
}
