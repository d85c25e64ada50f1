import { assetOf, type AssetCode, compareRates, divergenceBps, parseDecimal, parseRate, rate, type Rate, roundRate, shiftByBps } from '@core/money'; // prettier-ignore
import { type Depth, type DepthLevel, fillMoney } from './depth.js';
import { type Pair } from './pair.js';
import { type NoTick } from './price-source.js';

export interface OwnBookRules {
  /**
   * What each side must hold at least near its best price, in minor units of the pair's quote asset. A pair whose quote asset is not named is not
   * priced from the book.
   */
  readonly minDepth: Readonly<Partial<Record<AssetCode, bigint>>>;
  /** How far from the best price of its side an order still counts as near, and how far apart both sides may be. */
  readonly nearBps: bigint;
}

/** Orders worth some $10,000 within one per cent of the best price, on each side. */
export const OWN_BOOK_RULES: OwnBookRules = {
  minDepth: { USD: 1_000_000n, EUR: 1_000_000n, GBP: 1_000_000n, USDC: 10_000_000_000n, BTC: 20_000_000n },
  nearBps: 100n,
};

/** As many as an external source may state: what a source says is a number, however it came by it. */
const PRICE_DECIMALS = 18;

/** Levels of a side that are told on: more are never needed within one per cent. */
const MOST_LEVELS = 200;

/** A row of the l2 channel: decimal text; quantity `0` when nothing is left at the price. */
export interface BookRow {
  readonly px: string;
  readonly qty: string;
}

export type BookView =
  | { readonly kind: 'price'; readonly price: Rate; readonly depth: Depth }
  | { readonly kind: 'none'; readonly why: NoTick };

/** Levels of one side by price in 10⁻¹⁸ of the quote asset. */
type Side = Map<bigint, DepthLevel>;
type Order = (a: DepthLevel, b: DepthLevel) => number;

const highestFirst: Order = (a, b) => compareRates(b.price, a.price);
const lowestFirst: Order = (a, b) => compareRates(a.price, b.price);

/**
 * The own exchange's order book of one pair, level by level, and the price that it is worth: the middle between what the minimum depth is sold and
 * bought for there. The middle of the best two prices would be anybody's to set with an order of one lot.
 */
export class OwnBook {
  readonly #bids: Side = new Map();
  readonly #asks: Side = new Map();

  constructor(
    readonly pair: Pair,
    private readonly rules: OwnBookRules = OWN_BOOK_RULES,
  ) {}

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
  }

  /** New totals of some levels. @throws AmountError, RangeError when a row is no price and quantity */
  change(bids: readonly BookRow[], asks: readonly BookRow[]): void {
    for (const row of bids) this.#set(this.#bids, row);
    for (const row of asks) this.#set(this.#asks, row);
  }

  view(): BookView {
    const { minDepth, nearBps } = this.rules;
    const bids = near(this.#bids, highestFirst, -nearBps);
    const asks = near(this.#asks, lowestFirst, nearBps);
    const [bid, ask] = [bids[0], asks[0]];
    if (bid === undefined || ask === undefined) return { kind: 'none', why: 'one_sided' };
    if (compareRates(bid.price, ask.price) >= 0) return { kind: 'none', why: 'crossed' };
    if (divergenceBps(bid.price, ask.price) > nearBps) return { kind: 'none', why: 'wide' };
    const least = minDepth[this.pair.quote];
    if (least === undefined) return { kind: 'none', why: 'thin' };
    const money = { numerator: least, denominator: 1n };
    const [sold, bought] = [fillMoney(bids, money, bid.price), fillMoney(asks, money, ask.price)];
    if (!sold.isWhole || !bought.isWhole) return { kind: 'none', why: 'thin' };
    return {
      kind: 'price',
      price: roundRate(middle(sold.price, bought.price), PRICE_DECIMALS, 'half-even'),
      depth: { bids, asks },
    };
  }

  #set(side: Side, { px, qty }: BookRow): void {
    const { base, quote } = this.pair;
    const quantity = parseDecimal(qty, assetOf(base).scale);
    const key = parseDecimal(px, PRICE_DECIMALS);
    if (quantity === 0n) side.delete(key);
    else side.set(key, { price: parseRate(px, base, quote), quantity });
  }
}

/** The levels within `bps` of the best one, best first. */
function near(side: Side, order: Order, bps: bigint): readonly DepthLevel[] {
  let best: DepthLevel | undefined;
  for (const level of side.values()) if (best === undefined || order(level, best) < 0) best = level;
  if (best === undefined) return [];
  const edge = { price: shiftByBps(best.price, bps), quantity: 0n };
  return [...side.values()].filter((level) => order(level, edge) <= 0).sort(order).slice(0, MOST_LEVELS); // prettier-ignore
}

const middle = (a: Rate, b: Rate): Rate =>
  rate(a.base, a.quote, a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator * 2n);
