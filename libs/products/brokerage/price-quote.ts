import { assert } from './assert.js';
import { assetOf, compareRates, convert, convertBack, divide, mulDiv, rate, type Rate } from '@core/money';
import { type ExactAmount } from '@platform/pricing';

/** The customer's side of the pair's base asset. A swap is a BUY or SELL on the pair of its two coins. */
export type Side = 'BUY' | 'SELL';
export type Mode = 'EXACT_IN' | 'EXACT_OUT';

export const PPM = 1_000_000n;

/** What a quote costs beside the mid price. Fees are always in the pair's quote asset. */
export interface QuoteTerms {
  /** Distance of our price from mid, before inventory skew. */
  readonly spreadPpm: bigint;
  /** Moves both our prices, up when positive: the house makes the side that sheds its risk the cheaper one. */
  readonly skewPpm: bigint;
  readonly feePpm: bigint;
  /** Minor units of the quote asset. */
  readonly minFee: bigint;
}

/** What the amount can be had for in the market (`reference-price.ts`). */
export interface MarketPrice {
  /** Where our price begins. */
  readonly reference: Rate;
  /** No skew makes our price better than this for the customer, nor better than mid. */
  readonly bound: Rate;
}

export interface QuoteRequest {
  readonly side: Side;
  readonly mode: Mode;
  /** Minor units: of what the customer gives when EXACT_IN, of what they receive when EXACT_OUT. */
  readonly amount: bigint;
  readonly mid: Rate;
  readonly market: MarketPrice;
  readonly terms: QuoteTerms;
}

/**
 * A priced conversion in minor units. In the quote asset, with nothing left over:
 * BUY `inAmount = principal + spread + fee`, SELL `principal = outAmount + fee + spread`.
 */
export interface PricedQuote {
  readonly inAmount: bigint;
  readonly outAmount: bigint;
  /** Our price: ask for a BUY, bid for a SELL. Never better for the customer than mid. */
  readonly price: Rate;
  /** The coins' value at mid, rounded for the house: what its inventory gets on a BUY, gives on a SELL. */
  readonly principal: bigint;
  /** What the price's distance from mid earns, including what rounding left. */
  readonly spread: bigint;
  readonly fee: bigint;
  /** Value given over value received, both at mid, less one: the whole cost, rounded up. */
  readonly allInPpm: bigint;
}

/** The amount does not cover the minimum fee, or buys less than one minor unit. */
export type TooSmall = 'too_small';

/**
 * Prices a conversion (products.md §1.3). Every rounding goes against the one who could repeat it: what the customer receives is rounded
 * down, what they give and every fee is rounded up.
 */
export function priceQuote(request: QuoteRequest): PricedQuote | TooSmall {
  const price = ourPrice(request);
  const priced = request.side === 'BUY' ? priceBuy(request, price) : priceSell(request, price);
  if (priced === 'too_small') return priced;
  const legs = { ...priced, price, allInPpm: allInPpm(request, priced) };
  assertBalanced(request.side, legs);
  return legs;
}

/** `reference · (1 ± spread) · (1 + skew)`, held on the customer's far side of mid: no skew makes a round trip pay. */
export function ourPrice({ side, mid, market, terms }: Omit<QuoteRequest, 'mode' | 'amount'>): Rate {
  const { reference, bound } = market;
  const { numerator, denominator } = markUp(side, terms);
  const price = rate(mid.base, mid.quote, reference.numerator * numerator, reference.denominator * denominator);
  return worseFor(side, worseFor(side, price, bound), mid);
}

/** Of two prices the one that is worse for the customer: the higher one to buy at, the lower one to sell at. */
export function worseFor(side: Side, a: Rate, b: Rate): Rate {
  const order = compareRates(a, b);
  return (side === 'BUY' ? order >= 0 : order <= 0) ? a : b;
}

/**
 * How much is traded at the reference price: an amount of the base asset where the request names one, else the money that is left of it without fee, spread
 * and skew, exactly.
 */
export function tradedSize({
  side,
  mode,
  amount,
  terms,
}: Omit<QuoteRequest, 'mid' | 'market'>): { readonly base: bigint } | { readonly money: ExactAmount } | TooSmall {
  if ((mode === 'EXACT_IN') === (side === 'SELL')) return amount > 0n ? { base: amount } : 'too_small';
  const net = side === 'BUY' ? amount - feeOn(amount, terms) : smallestGross(amount, terms);
  const { numerator, denominator } = markUp(side, terms);
  return net > 0n ? { money: { numerator: net * denominator, denominator: numerator } } : 'too_small';
}

/** What spread and skew make of a price, as a fraction. */
function markUp(side: Side, { spreadPpm, skewPpm }: QuoteTerms): ExactAmount {
  const spread = side === 'BUY' ? PPM + spreadPpm : PPM - spreadPpm;
  assert(spreadPpm >= 0n && spread > 0n && PPM + skewPpm > 0n, 'spread and skew leave a positive price');
  return { numerator: spread * (PPM + skewPpm), denominator: PPM * PPM };
}

type Legs = Omit<PricedQuote, 'price' | 'allInPpm'>;

function priceBuy({ mode, amount, mid, terms }: QuoteRequest, ask: Rate): Legs | TooSmall {
  const net = mode === 'EXACT_IN' ? amount - feeOn(amount, terms) : convert(amount, ask, 'ceil');
  if (net <= 0n) return 'too_small';
  const inAmount = mode === 'EXACT_IN' ? amount : smallestGross(net, terms);
  const outAmount = mode === 'EXACT_IN' ? convertBack(net, ask, 'floor') : amount;
  if (outAmount <= 0n) return 'too_small';
  const principal = convert(outAmount, mid, 'ceil');
  return { inAmount, outAmount, principal, spread: net - principal, fee: inAmount - net };
}

function priceSell({ mode, amount, mid, terms }: QuoteRequest, bid: Rate): Legs | TooSmall {
  const gross = mode === 'EXACT_IN' ? convert(amount, bid, 'floor') : smallestGross(amount, terms);
  const outAmount = mode === 'EXACT_IN' ? gross - feeOn(gross, terms) : amount;
  const inAmount = mode === 'EXACT_IN' ? amount : convertBack(gross, bid, 'ceil');
  if (outAmount <= 0n || inAmount <= 0n) return 'too_small';
  const principal = convert(inAmount, mid, 'floor');
  return { inAmount, outAmount, principal, spread: principal - gross, fee: gross - outAmount };
}

/** The fee on an amount it is part of, rounded up. */
export function feeOn(gross: bigint, { feePpm, minFee }: Pick<QuoteTerms, 'feePpm' | 'minFee'>): bigint {
  const proportional = mulDiv(gross, feePpm, PPM, 'ceil');
  return proportional > minFee ? proportional : minFee;
}

/** The smallest gross with `gross − feeOn(gross) ≥ net`; it always leaves exactly `net`, since the fee grows slower than the gross. */
function smallestGross(net: bigint, { feePpm, minFee }: QuoteTerms): bigint {
  assert(feePpm < PPM, 'a fee is a part of the amount');
  const proportional = divide(net * PPM, PPM - feePpm, 'ceil');
  return proportional > net + minFee ? proportional : net + minFee;
}

function allInPpm({ side, mid }: QuoteRequest, { inAmount, outAmount }: Legs): bigint {
  const [coins, cash] = side === 'BUY' ? [outAmount, inAmount] : [inAmount, outAmount];
  const coinsAtMid = coins * mid.numerator * 10n ** BigInt(assetOf(mid.quote).scale);
  const cashScaled = cash * mid.denominator * 10n ** BigInt(assetOf(mid.base).scale);
  const [given, received] = side === 'BUY' ? [cashScaled, coinsAtMid] : [coinsAtMid, cashScaled];
  return divide((given - received) * PPM, received, 'ceil');
}

function assertBalanced(side: Side, { inAmount, outAmount, principal, spread, fee }: PricedQuote): void {
  const balanced = side === 'BUY' ? inAmount === principal + spread + fee : principal === outAmount + fee + spread;
  assert(balanced && spread >= 0n && fee >= 0n && principal >= 0n, 'the legs of a quote sum to what goes in');
}
