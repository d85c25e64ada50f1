import { assetOf, type Rate, rate } from '@core/money';
import { type Pair } from './pair.js';

/** So much (minor units of the pair's base asset) is bought or sold at this price. */
export interface DepthLevel {
  readonly price: Rate;
  readonly quantity: bigint;
}

/** An order book at one moment, best prices first. */
export interface Depth {
  readonly bids: readonly DepthLevel[];
  readonly asks: readonly DepthLevel[];
}

/** An exact amount, not rounded to minor units. */
export interface ExactAmount {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** What filling an amount in a book comes to. */
export interface BookFill {
  /** Exact mean price of the whole amount. */
  readonly price: Rate;
  /** Minor units of the base asset that the book fills, rounded down; the rest is at the tail's price. */
  readonly covered: bigint;
  /** Whether the book fills all of it. */
  readonly isWhole: boolean;
}

/**
 * The volume-weighted mean price of `base` minor units of the base asset: levels from the best on, and what they do not fill at `tail`.
 * Exact; nothing is rounded but `covered`. @throws RangeError unless `base` is positive
 */
export function fillBase(levels: readonly DepthLevel[], base: bigint, tail: Rate): BookFill {
  if (base <= 0n) throw new RangeError('an amount to fill is positive');
  const worth = new Sum();
  let left = base;
  for (const { price, quantity } of levels) {
    if (left === 0n) break;
    const part = quantity < left ? quantity : left;
    worth.add(part * price.numerator, price.denominator);
    left -= part;
  }
  worth.add(left * tail.numerator, tail.denominator);
  const price = rate(tail.base, tail.quote, worth.numerator, worth.denominator * base);
  return { price, covered: base - left, isWhole: left === 0n };
}

/**
 * As {@link fillBase}, for as much of the base asset as `money`, in minor units of the quote asset, is the price of.
 * @throws RangeError unless it is positive
 */
export function fillMoney(levels: readonly DepthLevel[], money: ExactAmount, tail: Rate): BookFill {
  if (money.numerator <= 0n || money.denominator <= 0n) throw new RangeError('an amount to fill is positive');
  const worth = worthOf(money, tail);
  const base = new Sum();
  const left = new Sum(worth);
  for (const { price, quantity } of levels) {
    const all = { numerator: quantity * price.numerator, denominator: price.denominator };
    if (left.numerator * all.denominator <= all.numerator * left.denominator) {
      base.add(left.numerator * price.denominator, left.denominator * price.numerator);
      left.add(-left.numerator, left.denominator);
      break;
    }
    base.add(quantity, 1n);
    left.add(-all.numerator, all.denominator);
  }
  const covered = base.numerator / base.denominator;
  const isWhole = left.numerator === 0n;
  base.add(left.numerator * tail.denominator, left.denominator * tail.numerator);
  const price = rate(tail.base, tail.quote, worth.numerator * base.denominator, worth.denominator * base.numerator);
  return { price, covered, isWhole };
}

/** Minor units of the quote asset as a sum of price × minor units of the base asset, which is what levels are worth. */
const worthOf = (
  { numerator, denominator }: ExactAmount,
  { base, quote }: Pick<Pair, 'base' | 'quote'>,
): ExactAmount => ({
  numerator: numerator * 10n ** BigInt(assetOf(base).scale),
  denominator: denominator * 10n ** BigInt(assetOf(quote).scale),
});

const gcd = (a: bigint, b: bigint): bigint => {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
};

/**
 * An exact sum that many levels do not make long numbers of. Prices are decimals, so one denominator nearly always divides the other; only where it does
 * not is the greatest common divisor worth its time.
 */
class Sum {
  numerator: bigint;
  denominator: bigint;

  constructor({ numerator, denominator }: ExactAmount = { numerator: 0n, denominator: 1n }) {
    this.numerator = numerator;
    this.denominator = denominator;
  }

  add(numerator: bigint, denominator: bigint): void {
    if (this.denominator % denominator === 0n) {
      this.numerator += numerator * (this.denominator / denominator);
      return;
    }
    if (denominator % this.denominator === 0n) {
      this.numerator = this.numerator * (denominator / this.denominator) + numerator;
      this.denominator = denominator;
      return;
    }
    const sum = this.numerator * denominator + numerator * this.denominator;
    const whole = this.denominator * denominator;
    const common = gcd(sum < 0n ? -sum : sum, whole);
    this.numerator = sum / common;
    this.denominator = whole / common;
  }
}
