import { type AssetCode } from '@core/money';
import { type Queryable } from '@base/database';
import { type Mid, type Prices, priceUnavailable, type Volatility } from '@platform/pricing';
import { type House, type PositionChange } from './house.js';
import { type MethodTerms, type Offer } from './offers.js';
import { type Mode, type PricedQuote, priceQuote, type QuoteTerms, type Side } from './price-quote.js';
import { type Reference, referencePrice } from './reference-price.js';
import { amountTooLarge, amountTooSmall } from './refusals.js';
import { externalHalfSpreadPpm, inventorySkewPpm, spreadPpm } from './spread.js';

export interface DeskRequest {
  readonly offer: Offer;
  readonly method: MethodTerms;
  readonly side: Side;
  readonly mode: Mode;
  /** Minor units of what the customer gives (EXACT_IN) or receives (EXACT_OUT). */
  readonly amount: bigint;
  /** How long the price is to be promised. */
  readonly ttlMs: number;
}

export interface DeskPrice {
  readonly mid: Mid;
  readonly reference: Reference;
  readonly terms: QuoteTerms;
  readonly priced: PricedQuote;
  /** What the customer gives, in US cents, rounded up. */
  readonly valueCents: bigint;
}

/** Makes prices: what the market asks for the size, our spread for the time and size, and a skew by what the house already holds. */
export class Desk {
  constructor(
    private readonly prices: Prices,
    private readonly volatility: Volatility,
    private readonly house: House,
  ) {}

  /** @throws Refusal `price_unavailable`, `amount_too_small`, `amount_too_large` */
  async price(db: Queryable, request: DeskRequest): Promise<DeskPrice> {
    const { offer, method, side, mode, amount } = request;
    const { pair, policy } = offer;
    const mid = this.prices.mid(pair.symbol);
    const sized = (mode === 'EXACT_IN') === (side === 'BUY') ? pair.quote : pair.base;
    const { positionCents, hardCents } = await this.house.position(db, pair.base);
    const sizeUsdCents = this.#cents(amount, sized, pair.symbol);
    const terms: QuoteTerms = {
      spreadPpm: spreadPpm({
        policy,
        annualVolatilityPpm: await this.volatility.annualPpm(db, pair.symbol),
        ttlMs: BigInt(request.ttlMs),
        sizeUsdCents,
        methodAddOnPpm: method.addOnPpm,
      }),
      skewPpm: inventorySkewPpm(policy, positionCents ?? 0n, hardCents),
      feePpm: method.feePpm,
      minFee: method.minFee,
    };
    const halfSpreadPpm = externalHalfSpreadPpm(policy, sizeUsdCents);
    const reference = referencePrice({ side, mode, amount, terms, mid, halfSpreadPpm });
    const priced = priceQuote({ side, mode, amount, mid: mid.mid, market: reference, terms });
    if (priced === 'too_small') throw amountTooSmall(offer.minOrder, pair.quote);
    const worth = side === 'BUY' ? priced.inAmount : priced.outAmount;
    if (worth < offer.minOrder) throw amountTooSmall(offer.minOrder, pair.quote);
    if (worth > offer.maxOrder) throw amountTooLarge(offer.maxOrder, pair.quote);
    const given = side === 'BUY' ? pair.quote : pair.base;
    return { mid, reference, terms, priced, valueCents: this.#cents(priced.inAmount, given, pair.symbol) };
  }

  #cents(minor: bigint, asset: AssetCode, pair: string): bigint {
    const cents = this.prices.value(minor, asset, 'USD', 'ceil');
    if (cents === undefined) throw priceUnavailable(pair, 'too_few_sources');
    return cents;
  }
}

/** What a conversion does to the house's inventory, per asset, in minor units. */
export function inventoryChanges(
  pair: Offer['pair'],
  side: Side,
  priced: Pick<PricedQuote, 'inAmount' | 'outAmount' | 'principal'>,
): PositionChange[] {
  return side === 'BUY'
    ? [
        { asset: pair.base, change: -priced.outAmount },
        { asset: pair.quote, change: priced.principal },
      ]
    : [
        { asset: pair.base, change: priced.inAmount },
        { asset: pair.quote, change: -priced.principal },
      ];
}
