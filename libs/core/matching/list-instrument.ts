import { amountOffsets, ANY, engineCommands, engineEvents, wordOffsets } from '@core/contracts';
import { rowOf } from './balances.js';
import { capacity } from './capacity.js';
import { commands } from './commands.js';
import { INSTRUMENT_SHIFT, instruments, instrumentState, settlementRule } from './instruments.js';
import { REFUSED } from './reasons.js';
import { commandDone, commandRejected } from './venue-events.js';
import { positionRow } from './positions.js';
import { NEVER } from './scratch.js';
import { venue } from './venue.js';
import { centreHaltBand } from './volatility.js';

const { MAX_AMOUNT, MAX_ASSETS, MAX_INSTRUMENTS, MAX_MARGINED, MAX_PRICE } = capacity;
const { ADMITTED } = REFUSED;

const { CLOSED } = instrumentState;
const { MARGINED, SPOT } = settlementRule;

const { words, amounts } = commands;
const LIST = engineCommands.messages['list-instrument'];
const word = wordOffsets(LIST);
const amount = amountOffsets(LIST);
/** `base` and `quote` share a word. */
const ASSETS = word.base;
const MAX_SCALE = 1_000_000_000_000n;
const WHOLE_PPM = 1_000_000;

/** Carries out the `list-instrument` at word `w`. A listed instrument is closed until an operator opens it. */
export function listInstrument(w: number): void {
  const reason = refuseListing(w);
  if (reason !== ADMITTED) return commandRejected(w, words[w + word.instrument] ?? ANY, reason);
  const number = words[w + word.instrument]!;
  const i = number << INSTRUMENT_SHIFT;
  const at = w >> 1;
  instruments.listed[i] = 1;
  instruments.state[i] = CLOSED;
  instruments.settlement[i] = words[w + word.settlement]! & 255;
  instruments.base[i] = words[w + ASSETS]! & 0xffff;
  instruments.quote[i] = words[w + ASSETS]! >>> 16;
  instruments.baseRow[i] = rowOf(instruments.base[i]);
  instruments.quoteRow[i] = rowOf(instruments.quote[i]);
  instruments.maximumPrice[i] = words[w + word.maximumPrice]!;
  instruments.initialMarginPpm[i] = words[w + word.initialMarginPpm]!;
  instruments.maintenanceMarginPpm[i] = words[w + word.maintenanceMarginPpm]!;
  instruments.lotUnits[i] = amounts[at + amount.lotUnits]!;
  instruments.tickValue[i] = amounts[at + amount.tickValue]!;
  instruments.tickValueScale[i] = amounts[at + amount.tickValueScale]!;
  instruments.fractional[i] = amounts[at + amount.tickValueScale] === 1n ? 0 : 1;
  instruments.minimumQuantity[i] = amounts[at + amount.minimumQuantity]!;
  instruments.maximumQuantity[i] = amounts[at + amount.maximumQuantity]!;
  instruments.symbolLow[i] = amounts[at + amount.symbol]!;
  instruments.symbolHigh[i] = amounts[at + amount.symbol + 1]!;
  instruments.auctionEnd[i] = NEVER;
  centreHaltBand(i, 0);
  if (instruments.settlement[i] === MARGINED) {
    instruments.positionsRow[i] = positionRow(venue.margined);
    venue.margined += 1;
  }
  if (number >= venue.instruments) venue.instruments = number + 1;
  commandDone(engineEvents.messages['instrument-listed'], w);
}

function refuseListing(w: number): number {
  const number = words[w + word.instrument]! >>> 0;
  if (number >= MAX_INSTRUMENTS) return REFUSED.invalid_instrument;
  if (instruments.listed[number << INSTRUMENT_SHIFT] !== 0) return REFUSED.instrument_exists;
  const base = words[w + ASSETS]! & 0xffff;
  const quote = words[w + ASSETS]! >>> 16;
  if (base >= MAX_ASSETS || quote >= MAX_ASSETS) return REFUSED.unknown_asset;
  const price = words[w + word.maximumPrice]!;
  if (price < 1 || price > MAX_PRICE) return REFUSED.invalid_instrument;
  const settlement = words[w + word.settlement]! & 255;
  const initial = words[w + word.initialMarginPpm]!;
  const maintenance = words[w + word.maintenanceMarginPpm]!;
  if (settlement === SPOT) {
    if (base === quote || initial !== 0 || maintenance !== 0) return REFUSED.invalid_instrument;
  } else if (settlement === MARGINED) {
    if (maintenance < 1 || initial < maintenance || initial > WHOLE_PPM) return REFUSED.invalid_instrument;
    if (amounts[(w >> 1) + amount.tickValueScale] !== 1n) return REFUSED.invalid_instrument;
    if (venue.margined === MAX_MARGINED) return REFUSED.order_capacity_reached;
  } else return REFUSED.malformed;
  return refuseSizes(w >> 1, BigInt(price), settlement === MARGINED);
}

/** No amount that an order of this instrument can lead to may pass 2^62: see `fee.ts`, `hold.ts`, `budget.ts`. */
function refuseSizes(at: number, price: bigint, isMargined: boolean): number {
  const lotUnits = amounts[at + amount.lotUnits]!;
  const tickValue = amounts[at + amount.tickValue]!;
  const scale = amounts[at + amount.tickValueScale]!;
  const least = amounts[at + amount.minimumQuantity]!;
  const most = amounts[at + amount.maximumQuantity]!;
  if (lotUnits < 1n || tickValue < 1n || scale < 1n || scale > MAX_SCALE) return REFUSED.invalid_instrument;
  if (least < 1n || most < least) return REFUSED.invalid_instrument;
  // The notional, and as much again for a fee of 100 %; of a position, the basis of many trades between two marks.
  const times = isMargined ? 8n : 2n;
  const overflows = most * lotUnits > MAX_AMOUNT || times * price * most * tickValue > MAX_AMOUNT;
  return overflows ? REFUSED.instrument_could_overflow : ADMITTED;
}
