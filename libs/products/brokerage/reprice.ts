import { type Queryable } from '@base/database';
import { type Desk } from './desk.js';
import { METHOD_RULES } from './methods.js';
import { methodTerms, readOffer } from './offers.js';
import { type Order } from './orders.js';
import { type PricedQuote } from './price-quote.js';

/** What an order's money would buy now. */
export class Reprice {
  constructor(private readonly desk: Desk) {}

  /** @throws Refusal `price_unavailable`, `amount_too_small` */
  async of(db: Queryable, { quote }: Order): Promise<PricedQuote> {
    const offer = await readOffer(db, quote.pair.symbol);
    const { priced } = await this.desk.price(db, {
      offer,
      method: methodTerms(offer, quote.profile, quote.method),
      side: quote.side,
      mode: 'EXACT_IN',
      amount: quote.priced.inAmount,
      ttlMs: METHOD_RULES.FUNDS.ttlMs,
    });
    return priced;
  }
}
