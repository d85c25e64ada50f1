import { assetOf, type AssetCode, compareRates, divergenceBps, parseDecimal, rate, type Rate, roundRate } from '@core/money'; // prettier-ignore
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

/** A row of the l2 channel: decimal text; quantity `0` when nothing is left at the price. */
export interface BookRow {
  readonly px: string;
  readonly qty: string;
}

export type BookView =
  | { readonly kind: 'price'; readonly price: Rate; readonly depth: Depth }
  | { readonly kind: 'none'; readonly why: NoTick };

const PRICE_UNIT = 10n ** BigInt(PRICE_DECIMALS);
const BPS = 10_000n;

/**
 * One side: quantities by price in 10⁻¹⁸ of the quote asset, and the prices in order. Whoever likes may leave orders far from the best price, so these cost
 * a search among integers when they come and go, and nothing when what is near is looked at.
 */
class Side {
  readonly #quantities = new Map<bigint, bigint>();
  /** Best first. */
  #prices: bigint[] = [];
  /** The last price that would have been near when the side was looked at; undefined when nothing stood there. */
  #edge: bigint | undefined;

  constructor(private readonly best: 'highest' | 'lowest') {}

  clear(): void {
    this.#quantities.clear();
    this.#prices = [];
    this.#edge = undefined;
  }

  /** Whether what is near may be other than when it was looked at. */
  set(price: bigint, quantity: bigint): boolean {
    const isThere = this.#quantities.has(price);
    if (quantity === 0n) this.#quantities.delete(price);
    else this.#quantities.set(price, quantity);
    if (isThere && quantity === 0n) this.#prices.splice(this.#placeOf(price), 1);
    if (!isThere && quantity > 0n) this.#prices.splice(this.#placeOf(price), 0, price);
    return this.#edge === undefined || !this.#isBehind(price, this.#edge);
  }

  /** The prices within `bps` of the best one, best first, with what stands there. */
  near(bps: bigint): (readonly [price: bigint, quantity: bigint])[] {
    const [best] = this.#prices;
    if (best === undefined) {
      this.#edge = undefined;
      return [];
    }
    // Rounded to the inside, where every price that is near is.
    const edge = this.best === 'lowest' ? (best * (BPS + bps)) / BPS : (best * (BPS - bps) + BPS - 1n) / BPS;
    this.#edge = edge;
    const beyond = this.#prices.findIndex((price) => this.#isBehind(price, edge));
    return this.#prices
      .slice(0, beyond < 0 ? undefined : beyond)
      .map((price) => [price, this.#quantities.get(price) ?? 0n]);
  }

  /** Where the price is, or would have to be. */
  #placeOf(price: bigint): number {
    let [low, high] = [0, this.#prices.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.#prices[middle];
      if (at !== undefined && this.#isBehind(price, at)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBehind(price: bigint, other: bigint): boolean {
    return this.best === 'lowest' ? price > other : price < other;
  }
}

/**
 * The own exchange's order book of one pair, level by level, and the price that it is worth: the middle between what the minimum depth is sold and
 * bought for there. The middle of the best two prices would be anybody's to set with an order of one lot.
 */
export class OwnBook {
  readonly #bids = new Side('highest');
  readonly #asks = new Side('lowest');
  #view: BookView | undefined;

  constructor(
    readonly pair: Pair,
    private readonly rules: OwnBookRules = OWN_BOOK_RULES,
  ) {}

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
    this.#view = undefined;
  }

  /** Whether something changed near the best prices, so that the book may be worth something else than when it was viewed. */
  get isChanged(): boolean {
    return this.#view === undefined;
  }

  /** New totals of some levels. @throws AmountError, RangeError when a row is no price and quantity */
  change(bids: readonly BookRow[], asks: readonly BookRow[]): void {
    for (const row of bids) this.#set(this.#bids, row);
    for (const row of asks) this.#set(this.#asks, row);
  }

  view(): BookView {
    return (this.#view ??= this.#look());
  }

  #look(): BookView {
    const { minDepth, nearBps } = this.rules;
    const [bids, asks] = [this.#near(this.#bids), this.#near(this.#asks)];
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
    const quantity = parseDecimal(qty, assetOf(this.pair.base).scale);
    const price = parseDecimal(px, PRICE_DECIMALS);
    if (price <= 0n || quantity < 0n) throw new RangeError('a level has a positive price and a quantity');
    if (side.set(price, quantity)) this.#view = undefined;
  }

  #near(side: Side): readonly DepthLevel[] {
    const { base, quote } = this.pair;
    return side
      .near(this.rules.nearBps)
      .map(([price, quantity]) => ({ price: rate(base, quote, price, PRICE_UNIT), quantity }));
  }
}

const middle = (a: Rate, b: Rate): Rate =>
  rate(a.base, a.quote, a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator * 2n);
