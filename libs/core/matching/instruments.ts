/**
 * Instruments are data: what is traded against what, in which steps, under which limits, in which state. An instrument's
 * *handle* indexes its fields; its number is the handle over INSTRUMENT_FIELDS.
 */
import { capacity } from './capacity.js';
import { amountFields, wordFields } from './records.js';

const { FEE_TIERS, MAX_INSTRUMENTS } = capacity;

export const INSTRUMENT_SHIFT = 5;
const FIELDS = 1 << INSTRUMENT_SHIFT;

/** Places of two fields that follow from others. */
export const BASE_ROW = 5;
export const QUOTE_ROW = 6;

const words = wordFields(MAX_INSTRUMENTS, FIELDS);
const amounts = amountFields(MAX_INSTRUMENTS, FIELDS);

export const instruments = {
  listed: words.field(0),
  /** Index in INSTRUMENT_STATES. */
  state: words.field(1),
  /** Index in SETTLEMENTS. */
  settlement: words.field(2),
  base: words.field(3),
  quote: words.field(4),
  /** First balance of the base and of the quote asset. */
  baseRow: words.field(BASE_ROW),
  quoteRow: words.field(QUOTE_ROW),
  maximumPrice: words.field(7),
  lastPrice: words.field(8),
  referencePrice: words.field(9),
  pricePpm: words.field(10),
  protectionPpm: words.field(11),
  haltPpm: words.field(12),
  /** Trades outside these do not happen; see `volatility.ts`. */
  haltLow: words.field(13),
  haltHigh: words.field(14),
  initialMarginPpm: words.field(15),
  maintenanceMarginPpm: words.field(16),
  markPrice: words.field(17),
  /** First position record of a margined instrument. */
  positionsRow: words.field(18),
  /** Whether one tick × one lot is a fraction of a quote unit. */
  fractional: words.field(19),

  lotUnits: amounts.field(0),
  tickValue: amounts.field(1),
  tickValueScale: amounts.field(2),
  minimumQuantity: amounts.field(3),
  maximumQuantity: amounts.field(4),
  haltWindow: amounts.field(5),
  haltWindowEnd: amounts.field(6),
  reopenAfter: amounts.field(7),
  auctionEnd: amounts.field(8),
  symbolLow: amounts.field(9),
  symbolHigh: amounts.field(10),
} as const;

/** Indices in INSTRUMENT_STATES. */
export const instrumentState = { CLOSED: 0, PRE_OPEN: 1, OPEN: 2, HALTED: 3, CANCEL_ONLY: 4 } as const;
/** Indices in SETTLEMENTS. */
export const settlementRule = { SPOT: 0, MARGINED: 1 } as const;

/** Fee rates by instrument and account tier; index with `feeRecord`. */
const rates = wordFields(MAX_INSTRUMENTS * FEE_TIERS, 2);
export const fees = { makerPpm: rates.field(0), takerPpm: rates.field(1) } as const;
export const feeRecord = (instrument: number, tier: number): number => ((instrument >> 1) & ~15) + (tier << 1);

/** For snapshots: the tables whole, and their words per instrument. */
export const instrumentTables = [
  { words: words.words, perInstrument: FIELDS },
  { words: amounts.words, perInstrument: FIELDS * 2 },
  { words: rates.words, perInstrument: FEE_TIERS * 2 },
] as const;
