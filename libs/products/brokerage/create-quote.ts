import { type AssetCode, formatAmount, formatRate, parseAmount } from '@core/money';
import { type Clock } from '@base/clock';
import { uuidV7, type Tx } from '@base/database';
import { type Pair, pairOf } from '@platform/pricing';
import { type Desk, type DeskPrice, inventoryChanges } from './desk.js';
import { type House } from './house.js';
import { type CustomerTiers, isLimited, limitStatus } from './limits.js';
import { type Method, METHOD_RULES } from './methods.js';
import { findPair, methodTerms, openOffer } from './offers.js';
import { type Mode } from './price-quote.js';
import { type Profile, type Quote, type QuotedSource, type QuoteSigner } from './quote.js';
import { type Quotes, type SignedQuote } from './quotes.js';
import { sideClosed } from './refusals.js';

export interface QuoteInput {
  readonly customerId: string;
  readonly profile: Profile;
  readonly from: AssetCode;
  readonly to: AssetCode;
  readonly mode: Mode;
  /** Decimal string: of `from` when EXACT_IN, of `to` when EXACT_OUT. */
  readonly amount: string;
  readonly method: Method;
}

/** What a quote is made with. */
export interface QuoteParts {
  readonly desk: Desk;
  readonly house: House;
  readonly tiers: CustomerTiers;
}

/** Gives a customer a price: signed, for a while, once. */
export class CreateQuote {
  constructor(
    private readonly quotes: Quotes,
    private readonly signer: QuoteSigner,
    private readonly parts: QuoteParts,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws Refusal `pair_not_offered`, `method_not_offered`, `pair_paused`, `price_unavailable`, `side_closed`, `amount_too_small`,
   * `amount_too_large`; AmountError when the amount is not one of its asset
   */
  async run(tx: Tx, input: QuoteInput): Promise<SignedQuote> {
    const { customerId, profile, mode, method } = input;
    const { symbol, side } = await findPair(tx, input);
    const offer = await openOffer(tx, symbol);
    const terms = methodTerms(offer, profile, method);
    const { priceMode, ttlMs } = METHOD_RULES[method];
    const amount = parseAmount(input.amount, mode === 'EXACT_IN' ? input.from : input.to);
    const price = await this.parts.desk.price(tx, { offer, method: terms, side, mode, amount, ttlMs });
    const closed = await this.parts.house.closedFor(tx, inventoryChanges(offer.pair, side, price.priced));
    if (closed) throw sideClosed(closed);
    const createdAt = this.clock.now();
    const quote: Quote = {
      id: uuidV7(createdAt.getTime()),
      customerId,
      profile,
      pair: pairOf(symbol),
      side,
      mode,
      method,
      priceMode,
      mid: price.mid.mid,
      reference: price.reference.reference,
      priced: price.priced,
      terms: price.terms,
      valueCents: price.valueCents,
      sources: sourcesOf(price, offer.pair),
      limits: await this.#limits(tx, customerId, method, createdAt),
      createdAt,
      expiresAt: new Date(createdAt.getTime() + ttlMs),
      state: 'OPEN',
    };
    const signed = { quote, signature: this.signer.sign(quote) };
    await this.quotes.insert(tx, signed);
    return signed;
  }

  async #limits(tx: Tx, customerId: string, method: Method, now: Date) {
    if (!isLimited(method)) return [];
    const tier = await this.parts.tiers.tierOf(tx, customerId);
    return limitStatus(tx, { customerId, tier, method, now });
  }
}

const sourcesOf = ({ mid, reference: { book } }: DeskPrice, { base }: Pair): QuotedSource[] =>
  mid.sources.map(({ name, kind, price, ageMs }) => ({
    name,
    price: formatRate(price, 8, 'half-even'),
    ageMs,
    ...(kind === 'own-book' &&
      book && { sizePrice: formatRate(book.price, 8, 'half-even'), covered: formatAmount(book.covered, base) }),
  }));
