/**
 * The engine's whole numbers as the decimals that customers read and write: a price in major units of the quote asset for one major unit of the
 * base, a quantity in major units of the base. Every digit is exact both ways; no text passes through a double.
 */
import { type ViewedAsset, type ViewedInstrument, type ViewedOrder } from './venue-snapshot.js';

/** One step is increment / 10^scale; the scale is the smallest that says it. */
export interface Step {
  readonly increment: bigint;
  readonly scale: number;
}

/** `malformed`: no decimal number. `invalid`: a number that lies between two steps, is not above zero, or is out of range. */
export type Misreading = 'malformed' | 'invalid';

type Steps = Pick<ViewedInstrument, 'base' | 'quote' | 'lotUnits' | 'tickValue' | 'tickValueScale'>;

const MAX_DIGITS = 30;
/** No amount of the engine is larger. */
const MAX_AMOUNT = 1n << 62n;
const MAX_TEXT = 80;
const MAX_EXPONENT = 60;
const AVERAGE_DIGITS = 4;
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

const steps = new WeakMap<Steps, { price: Step; quantity: Step }>();

/**
 * What one tick is: price = ticks × increment / 10^scale.
 * @throws RangeError for an instrument whose tick is no finite decimal (a lot of 3 units, say); nobody can be told its prices exactly
 */
export function priceStep(instrument: Steps): Step {
  return stepsOf(instrument).price;
}

/** What one lot is: quantity = lots × increment / 10^scale. @throws as `priceStep` */
export function quantityStep(instrument: Steps): Step {
  return stepsOf(instrument).quantity;
}

export function formatPrice(instrument: Steps, ticks: number): string {
  const { increment, scale } = priceStep(instrument);
  return formatDecimal(BigInt(ticks) * increment, scale);
}

export function formatQuantity(instrument: Steps, lots: bigint): string {
  const { increment, scale } = quantityStep(instrument);
  return formatDecimal(lots * increment, scale);
}

/** An amount in units of the engine, in major units. */
export function formatUnits(asset: Pick<ViewedAsset, 'scale'>, units: bigint): string {
  return formatDecimal(units, asset.scale);
}

/** Plain decimal text of value / 10^scale: no exponent, no trailing zeros, `0` for zero. */
export function formatDecimal(value: bigint, scale: number): string {
  if (value === 0n) return '0';
  const digits = (value < 0n ? -value : value).toString();
  const sign = value < 0n ? '-' : '';
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, '0');
  const point = padded.length - scale;
  let end = padded.length;
  while (end > point && padded.charCodeAt(end - 1) === 48) end -= 1;
  return sign + padded.slice(0, point) + (end === point ? '' : `.${padded.slice(point, end)}`);
}

/** Ticks of a limit or trigger price: 1 to the instrument's highest. */
export function parsePrice(
  instrument: Steps & Pick<ViewedInstrument, 'maximumPrice'>,
  text: string,
): number | Misreading {
  const ticks = parseSteps(priceStep(instrument), text);
  if (typeof ticks === 'string') return ticks;
  return ticks > 0n && ticks <= BigInt(instrument.maximumPrice) ? Number(ticks) : 'invalid';
}

/** Lots above zero. Whether they are too few or too many for the instrument is the engine's to say. */
export function parseQuantity(instrument: Steps, text: string): bigint | Misreading {
  const lots = parseSteps(quantityStep(instrument), text);
  if (typeof lots === 'string') return lots;
  return lots > 0n && lots <= MAX_AMOUNT ? lots : 'invalid';
}

/** An amount above zero, in units of the engine. */
export function parseUnits(asset: Pick<ViewedAsset, 'scale'>, text: string): bigint | Misreading {
  const units = parseSteps({ increment: 1n, scale: asset.scale }, text);
  if (typeof units === 'string') return units;
  return units > 0n && units <= MAX_AMOUNT ? units : 'invalid';
}

/**
 * The volume-weighted average price of an order's fills, half-even at `digits` after the point (the tick's and four more without); `0` before
 * the first fill. Exact where all fills had one price; else off by what whole quote units hide: less than one unit over all that was filled.
 */
export function averagePrice(
  order: Pick<ViewedOrder, 'traded' | 'filled' | 'lastPrice' | 'side'>,
  instrument: Steps,
  digits = priceStep(instrument).scale + AVERAGE_DIGITS,
): string {
  const { traded, filled, lastPrice } = order;
  if (filled === 0n) return '0';
  const { base, quote, lotUnits, tickValue, tickValueScale } = instrument;
  const exact = BigInt(lastPrice) * filled * tickValue;
  const atLast = order.side === 'buy' ? (exact + tickValueScale - 1n) / tickValueScale : exact / tickValueScale;
  if (traded === atLast) {
    const { increment, scale } = priceStep(instrument);
    const value = BigInt(lastPrice) * increment;
    if (scale <= digits) return formatDecimal(value, scale);
    return formatDecimal(divideHalfEven(value, tenTo(scale - digits)), digits);
  }
  const over = filled * lotUnits * tenTo(quote.scale);
  return formatDecimal(divideHalfEven(traded * tenTo(base.scale) * tenTo(digits), over), digits);
}

function stepsOf(instrument: Steps): { price: Step; quantity: Step } {
  const known = steps.get(instrument);
  if (known !== undefined) return known;
  const { base, quote, lotUnits, tickValue, tickValueScale } = instrument;
  const made = {
    price: decimalOf(tickValue * tenTo(base.scale), tickValueScale * lotUnits * tenTo(quote.scale)),
    quantity: decimalOf(lotUnits, tenTo(base.scale)),
  };
  steps.set(instrument, made);
  return made;
}

function decimalOf(numerator: bigint, denominator: bigint): Step {
  for (let scale = 0, value = numerator; scale <= MAX_DIGITS; scale += 1, value *= 10n) {
    if (value % denominator === 0n) return { increment: value / denominator, scale };
  }
  throw new RangeError(`a step of ${numerator}/${denominator} is no decimal of ${MAX_DIGITS} digits`);
}

/** How many steps `text` says; below zero too. */
function parseSteps({ increment, scale }: Step, text: string): bigint | Misreading {
  const parts = text.length <= MAX_TEXT ? NUMBER.exec(text) : null;
  if (parts === null) return 'malformed';
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  if (whole === '' && fraction === '') return 'malformed';
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return 0n;
  const shift = Number(exponent) - fraction.length + scale;
  if (shift > MAX_EXPONENT || shift < -MAX_TEXT - MAX_EXPONENT) return 'invalid';
  const scaled = shift >= 0 ? digits * tenTo(shift) : digits / tenTo(-shift);
  if (shift < 0 && scaled * tenTo(-shift) !== digits) return 'invalid';
  if (scaled % increment !== 0n) return 'invalid';
  return sign === '-' ? -scaled / increment : scaled / increment;
}

const POWERS = Array.from({ length: MAX_EXPONENT + 1 }, (_, power) => 10n ** BigInt(power));
const tenTo = (power: number): bigint => POWERS[power] ?? 10n ** BigInt(power);

/** Of numbers above zero. */
function divideHalfEven(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  const twice = (value % by) * 2n;
  return twice > by || (twice === by && quotient % 2n === 1n) ? quotient + 1n : quotient;
}
