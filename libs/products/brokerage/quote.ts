import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AssetCode, type Rate } from '@core/money';
import { type Secret } from '@base/config';
import { type Pair } from '@platform/pricing';
import { type LimitStatus } from './limits.js';
import { type Method, type PriceMode } from './methods.js';
import { type Mode, type PricedQuote, type QuoteTerms, type Side } from './price-quote.js';

/** Profiles from and to self-custody (`SWAP_FROM_USERKEY`, `SWAP_TO_USERKEY`, `SWAP_ON_CHAIN`) join here when their payouts exist. */
export const PROFILES = ['BUY', 'SELL', 'SWAP_INTERNAL'] as const;
export type Profile = (typeof PROFILES)[number];

export const QUOTE_STATES = ['OPEN', 'USED', 'EXPIRED', 'VOIDED'] as const;
export type QuoteState = (typeof QUOTE_STATES)[number];

export interface QuotedSource {
  readonly name: string;
  readonly price: string;
  readonly ageMs: number;
  /** Of the own book: at what price it would fill the quote's size, and how much of it (base asset) it has; the rest is at the external price. */
  readonly sizePrice?: string;
  readonly covered?: string;
}

/**
 * A price we give one customer for one conversion, for a while, once. Everything but `state` is fixed, and what is promised is signed ({@link QuoteSigner});
 * `reference`, `sources` and `limits` say how it came about, and promise nothing.
 */
export interface Quote {
  readonly id: string;
  readonly customerId: string;
  readonly profile: Profile;
  readonly pair: Pair;
  readonly side: Side;
  readonly mode: Mode;
  readonly method: Method;
  readonly priceMode: PriceMode;
  readonly mid: Rate;
  /** Where our price began: what the size could be had for in the market. */
  readonly reference: Rate;
  readonly priced: PricedQuote;
  readonly terms: QuoteTerms;
  /** What the conversion is worth in US cents, for limits. */
  readonly valueCents: bigint;
  readonly sources: readonly QuotedSource[];
  readonly limits: readonly LimitStatus[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly state: QuoteState;
}

export const assetIn = ({ side, pair }: Pick<Quote, 'side' | 'pair'>): AssetCode =>
  side === 'BUY' ? pair.quote : pair.base;
export const assetOut = ({ side, pair }: Pick<Quote, 'side' | 'pair'>): AssetCode =>
  side === 'BUY' ? pair.base : pair.quote;

/**
 * HMAC-SHA256 over what the quote promises, in a fixed order. It is checked again when the quote is used, so that a row that was altered in
 * the database buys nothing.
 */
export class QuoteSigner {
  /** @param key none in a process that gives no quotes; using the signer there is a bug and throws */
  constructor(private readonly key: Secret | undefined) {}

  sign(quote: Quote): Buffer {
    if (!this.key) throw new Error('this process has no key to sign quotes with');
    return createHmac('sha256', this.key.reveal()).update(promise(quote)).digest();
  }

  isGenuine(quote: Quote, signature: Buffer): boolean {
    const expected = this.sign(quote);
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }
}

const rateText = ({ numerator, denominator }: Rate): string => `${numerator}/${denominator}`;

const promise = (quote: Quote): string =>
  JSON.stringify([
    'strongroom-quote-v1',
    quote.id,
    quote.customerId,
    quote.profile,
    quote.pair.symbol,
    quote.side,
    quote.mode,
    quote.method,
    quote.priceMode,
    rateText(quote.mid),
    rateText(quote.priced.price),
    [quote.priced.inAmount, quote.priced.outAmount, quote.priced.principal, quote.priced.spread, quote.priced.fee].map(
      String,
    ),
    [quote.terms.spreadPpm, quote.terms.skewPpm, quote.terms.feePpm, quote.terms.minFee].map(String),
    quote.valueCents.toString(),
    quote.createdAt.toISOString(),
    quote.expiresAt.toISOString(),
  ]);
