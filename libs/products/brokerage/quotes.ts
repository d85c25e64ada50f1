import { rate } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { pairOf } from '@platform/pricing';
import { type LimitStatus } from './limits.js';
import { type Method, type PriceMode } from './methods.js';
import { type Mode, type Side } from './price-quote.js';
import { quoteExpired, quoteNotFound, quoteUsed, quoteVoided } from './refusals.js';
import { type Profile, type Quote, type QuotedSource, type QuoteState } from './quote.js';

interface QuoteRow {
  id: string;
  customer_id: string;
  profile: Profile;
  pair: string;
  side: Side;
  mode: Mode;
  method: Method;
  price_mode: PriceMode;
  in_amount: bigint;
  out_amount: bigint;
  mid_num: bigint;
  mid_den: bigint;
  reference_num: bigint | null;
  reference_den: bigint | null;
  price_num: bigint;
  price_den: bigint;
  principal: bigint;
  spread: bigint;
  fee: bigint;
  spread_ppm: bigint;
  skew_ppm: bigint;
  fee_ppm: bigint;
  min_fee: bigint;
  all_in_ppm: bigint;
  value_cents: bigint;
  sources: QuotedSource[];
  limits: LimitStatus[];
  created_at: Date;
  expires_at: Date;
  signature: Buffer;
  state: QuoteState;
}

const COLUMNS = [
  'id', 'customer_id', 'profile', 'pair', 'side', 'mode', 'method', 'price_mode', 'in_amount', 'out_amount', 'mid_num', 'mid_den',
  'reference_num', 'reference_den', 'price_num', 'price_den', 'principal', 'spread', 'fee', 'spread_ppm', 'skew_ppm', 'fee_ppm', 'min_fee', 'all_in_ppm', 'value_cents',
  'sources', 'limits', 'created_at', 'expires_at', 'signature',
] as const; // prettier-ignore

export interface SignedQuote {
  readonly quote: Quote;
  readonly signature: Buffer;
}

/** The table of quotes. A quote leaves OPEN once: used by its order, expired, or voided by the kill switch. */
export class Quotes {
  async insert(tx: Tx, { quote, signature }: SignedQuote): Promise<void> {
    const { priced, terms } = quote;
    const values = [
      quote.id, quote.customerId, quote.profile, quote.pair.symbol, quote.side, quote.mode, quote.method, quote.priceMode,
      priced.inAmount, priced.outAmount, quote.mid.numerator, quote.mid.denominator, quote.reference.numerator, quote.reference.denominator, priced.price.numerator, priced.price.denominator,
      priced.principal, priced.spread, priced.fee, terms.spreadPpm, terms.skewPpm, terms.feePpm, terms.minFee, priced.allInPpm,
      quote.valueCents, JSON.stringify(quote.sources), JSON.stringify(quote.limits), quote.createdAt, quote.expiresAt, signature,
    ]; // prettier-ignore
    const places = COLUMNS.map((_, at) => `$${at + 1}`).join(', ');
    await tx.query(`INSERT INTO brokerage.quote (${COLUMNS.join(', ')}) VALUES (${places})`, values);
  }

  /** A customer's own quote. @throws Refusal `quote_not_found`, also for another customer's */
  async read(db: Queryable, id: string, customerId: string): Promise<SignedQuote> {
    const row = await db.maybeOne<QuoteRow>(
      `SELECT ${COLUMNS.join(', ')}, state FROM brokerage.quote WHERE id = $1 AND customer_id = $2`,
      [id, customerId],
    );
    if (!row) throw quoteNotFound();
    return fromRow(row);
  }

  /** Quotes by id, whoever's: for the orders that used them. */
  async getAll(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Quote>> {
    const rows = await db.query<QuoteRow>(
      `SELECT ${COLUMNS.join(', ')}, state FROM brokerage.quote WHERE id = ANY ($1::uuid[])`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, fromRow(row).quote]));
  }

  /**
   * Uses the quote up: one statement decides between all who try, at the server's time.
   * @throws Refusal `quote_expired`, `quote_used`, `quote_voided`, `quote_not_found`
   */
  async use(tx: Tx, id: string, customerId: string, now: Date): Promise<SignedQuote> {
    const row = await tx.maybeOne<QuoteRow>(
      `UPDATE brokerage.quote SET state = 'USED', closed_at = $3
        WHERE id = $1 AND customer_id = $2 AND state = 'OPEN' AND expires_at > $3 RETURNING ${COLUMNS.join(', ')}, state`,
      [id, customerId, now],
    );
    if (!row) throw await this.#whyNot(tx, id, customerId);
    return fromRow(row);
  }

  async #whyNot(tx: Tx, id: string, customerId: string) {
    const { quote } = await this.read(tx, id, customerId);
    switch (quote.state) {
      case 'USED':
        return quoteUsed();
      case 'VOIDED':
        return quoteVoided();
      case 'OPEN':
      case 'EXPIRED':
        return quoteExpired();
    }
  }

  /** Closes what has run out; answers how many. */
  async expire(tx: Queryable, now: Date, limit: number): Promise<number> {
    const rows = await tx.query(
      `UPDATE brokerage.quote SET state = 'EXPIRED', closed_at = $1
        WHERE id IN (SELECT id FROM brokerage.quote WHERE state = 'OPEN' AND expires_at <= $1
                      ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`,
      [now, limit],
    );
    return rows.length;
  }

  /** The kill switch: no open quote of these pairs can be used any more. */
  async voidOpen(tx: Tx, pairs: readonly string[], now: Date): Promise<number> {
    const rows = await tx.query(
      `UPDATE brokerage.quote SET state = 'VOIDED', closed_at = $2 WHERE state = 'OPEN' AND pair = ANY ($1) RETURNING id`,
      [pairs, now],
    );
    return rows.length;
  }
}

function fromRow(row: QuoteRow): SignedQuote {
  const pair = pairOf(row.pair);
  const mid = rate(pair.base, pair.quote, row.mid_num, row.mid_den);
  const { reference_num: numerator, reference_den: denominator } = row;
  const quote: Quote = {
    id: row.id,
    customerId: row.customer_id,
    profile: row.profile,
    pair,
    side: row.side,
    mode: row.mode,
    method: row.method,
    priceMode: row.price_mode,
    mid,
    // Prices began at mid before there was a reference.
    reference: numerator === null || denominator === null ? mid : rate(pair.base, pair.quote, numerator, denominator),
    priced: {
      inAmount: row.in_amount,
      outAmount: row.out_amount,
      price: rate(pair.base, pair.quote, row.price_num, row.price_den),
      principal: row.principal,
      spread: row.spread,
      fee: row.fee,
      allInPpm: row.all_in_ppm,
    },
    terms: { spreadPpm: row.spread_ppm, skewPpm: row.skew_ppm, feePpm: row.fee_ppm, minFee: row.min_fee },
    valueCents: row.value_cents,
    sources: row.sources,
    limits: row.limits,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    state: row.state,
  };
  return { quote, signature: row.signature };
}
