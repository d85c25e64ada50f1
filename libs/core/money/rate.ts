import { formatDecimal, parseDecimal } from './amount.js';
import { assetOf, type AssetCode } from './asset.js';
import { divide, mulDiv, type Rounding } from './rounding.js';

/**
 * The price of one major unit of `base` in major units of `quote`, as an exact positive rational. Rates are compared, averaged and
 * multiplied without loss; an amount is rounded once, when {@link convert} makes minor units of it.
 */
export interface Rate {
  readonly base: AssetCode;
  readonly quote: AssetCode;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const gcd = (a: bigint, b: bigint): bigint => {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
};

/** A rate in lowest terms. @throws RangeError unless both parts are positive. */
export function rate(base: AssetCode, quote: AssetCode, numerator: bigint, denominator = 1n): Rate {
  if (numerator <= 0n || denominator <= 0n) throw new RangeError('a rate is positive');
  const common = gcd(numerator, denominator);
  return { base, quote, numerator: numerator / common, denominator: denominator / common };
}

/** A rate from its decimal text: `parseRate('60300.5', 'BTC', 'USD')`. @throws AmountError, RangeError */
export const parseRate = (text: string, base: AssetCode, quote: AssetCode): Rate =>
  rate(base, quote, parseDecimal(text, 18), 10n ** 18n);

/** Decimal text with `decimals` places, rounded as named (for people and for storage beside the exact parts). */
export const formatRate = (of: Rate, decimals: number, rounding: Rounding): string =>
  formatDecimal(mulDiv(of.numerator, 10n ** BigInt(decimals), of.denominator, rounding), decimals);

/** Minor units of the rate's quote asset for `baseMinor` minor units of its base asset. */
export function convert(baseMinor: bigint, at: Rate, rounding: Rounding): bigint {
  const { numerator, denominator } = minorRatio(at);
  return mulDiv(baseMinor, numerator, denominator, rounding);
}

/** Minor units of the rate's base asset for `quoteMinor` minor units of its quote asset. */
export function convertBack(quoteMinor: bigint, at: Rate, rounding: Rounding): bigint {
  const { numerator, denominator } = minorRatio(at);
  return mulDiv(quoteMinor, denominator, numerator, rounding);
}

const minorRatio = (at: Rate): { numerator: bigint; denominator: bigint } => ({
  numerator: at.numerator * 10n ** BigInt(assetOf(at.quote).scale),
  denominator: at.denominator * 10n ** BigInt(assetOf(at.base).scale),
});

/** The rate moved by `bps` hundredths of a percent, exactly: positive is dearer, negative cheaper. */
export const shiftByBps = (of: Rate, bps: bigint): Rate =>
  rate(of.base, of.quote, of.numerator * (10_000n + bps), of.denominator * 10_000n);

/**
 * The nearest rate in the direction named whose denominator divides `10^decimals`: for one that is handed on or stored, since exact means of many rates get
 * ever longer. @throws RangeError when nothing is left of it
 */
export const roundRate = (of: Rate, decimals: number, rounding: Rounding): Rate =>
  rate(of.base, of.quote, mulDiv(of.numerator, 10n ** BigInt(decimals), of.denominator, rounding), 10n ** BigInt(decimals)); // prettier-ignore

export const invert = (of: Rate): Rate => rate(of.quote, of.base, of.denominator, of.numerator);

/** The rate of `first.base` in `second.quote`, where `first.quote` is `second.base`. */
export function chain(first: Rate, second: Rate): Rate {
  if (first.quote !== second.base) throw new RangeError(`cannot chain ${first.quote} to ${second.base}`);
  return rate(first.base, second.quote, first.numerator * second.numerator, first.denominator * second.denominator);
}

/** Negative, zero or positive as `a` is below, equal to or above `b`, two rates of one pair. */
export function compareRates(a: Rate, b: Rate): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** How far apart two rates are, in basis points of the lower one, rounded up. */
export function divergenceBps(a: Rate, b: Rate): bigint {
  const left = a.numerator * b.denominator;
  const right = b.numerator * a.denominator;
  const [low, high] = left < right ? [left, right] : [right, left];
  return divide((high - low) * 10_000n, low, 'ceil');
}
