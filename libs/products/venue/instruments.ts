import { type EngineCommandDraft, type EngineEvent } from '@core/contracts';
import { type Queryable, type Tx } from '@base/database';

/** An instrument of the exchange: what is traded against what, in which steps, within which limits. */
export interface Instrument {
  readonly number: number;
  readonly symbol: string;
  readonly settlement: 'spot' | 'margined';
  /** Numbers of assets. */
  readonly base: number;
  readonly quote: number;
  /** Base units in a lot. */
  readonly lotUnits: bigint;
  /** One tick of one lot is tickValue / tickValueScale quote units. */
  readonly tickValue: bigint;
  readonly tickValueScale: bigint;
  /** Lots. */
  readonly minimumQuantity: bigint;
  readonly maximumQuantity: bigint;
  /** Ticks. */
  readonly maximumPrice: number;
  readonly initialMarginPpm: number;
  readonly maintenanceMarginPpm: number;
  /** When the engine listed it; null while it is only planned. */
  readonly listedAt: Date | null;
}

const COLUMNS = `number, symbol, settlement, base, quote, lot_units AS "lotUnits", tick_value AS "tickValue",
  tick_value_scale AS "tickValueScale", minimum_quantity AS "minimumQuantity", maximum_quantity AS "maximumQuantity",
  maximum_price AS "maximumPrice", initial_margin_ppm AS "initialMarginPpm", maintenance_margin_ppm AS "maintenanceMarginPpm",
  listed_at AS "listedAt"`;

/** Listed and planned ones, by number. */
export function listInstruments(on: Queryable): Promise<Instrument[]> {
  return on.query<Instrument>(`SELECT ${COLUMNS} FROM venue.instrument ORDER BY number`);
}

/** The operator's command that lists a planned instrument. */
export function listingOf(instrument: Instrument): EngineCommandDraft {
  const { number, symbol, settlement, base, quote, lotUnits, tickValue, tickValueScale } = instrument;
  const { minimumQuantity, maximumQuantity, maximumPrice, initialMarginPpm, maintenanceMarginPpm } = instrument;
  return {
    kind: 'list-instrument',
    instrument: number,
    symbol,
    settlement,
    base,
    quote,
    lotUnits,
    tickValue,
    tickValueScale,
    minimumQuantity,
    maximumQuantity,
    maximumPrice,
    initialMarginPpm,
    maintenanceMarginPpm,
  };
}

/**
 * The engine has listed it: from now on its terms are the engine's, whatever was planned under that number. To the engine a symbol is a label,
 * which it lets a second instrument have; here the second one's is told apart by its number.
 */
export async function recordListing(
  tx: Tx,
  event: Extract<EngineEvent, { kind: 'instrument-listed' }>,
  at: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO venue.instrument AS i (number, symbol, settlement, base, quote, lot_units, tick_value, tick_value_scale,
         minimum_quantity, maximum_quantity, maximum_price, initial_margin_ppm, maintenance_margin_ppm, listed_by, listed_at)
     VALUES ($1, CASE WHEN EXISTS (SELECT FROM venue.instrument o WHERE o.symbol = $2 AND o.number <> $1)
                      THEN left($2, 12) || '#' || $1 ELSE $2 END, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (number) DO UPDATE SET symbol = EXCLUDED.symbol, settlement = EXCLUDED.settlement, base = EXCLUDED.base,
         quote = EXCLUDED.quote, lot_units = EXCLUDED.lot_units, tick_value = EXCLUDED.tick_value,
         tick_value_scale = EXCLUDED.tick_value_scale, minimum_quantity = EXCLUDED.minimum_quantity,
         maximum_quantity = EXCLUDED.maximum_quantity, maximum_price = EXCLUDED.maximum_price,
         initial_margin_ppm = EXCLUDED.initial_margin_ppm, maintenance_margin_ppm = EXCLUDED.maintenance_margin_ppm,
         listed_by = EXCLUDED.listed_by, listed_at = EXCLUDED.listed_at`,
    [
      event.instrument,
      event.symbol,
      event.settlement,
      event.base,
      event.quote,
      event.lotUnits,
      event.tickValue,
      event.tickValueScale,
      event.minimumQuantity,
      event.maximumQuantity,
      event.maximumPrice,
      event.initialMarginPpm,
      event.maintenanceMarginPpm,
      event.sequence,
      at,
    ],
  );
}
