import { partsPerMillion } from './decimal.js';
import { LiveOrders } from './live-orders.js';
import { type Market } from './market.js';
import { type Balance, type Report, type VenueMessage } from './messages.js';
import { OrderIds } from './order-ids.js';
import { planQuotes } from './quote-plan.js';
import { type Quote, quotesAround, type QuoteInput } from './quotes.js';
import { type SessionClient } from './kept-session.js';
import { type Strategy } from './strategy.js';
import { type VenueSession } from './venue-session.js';

/** The venue takes 1,200 messages a minute of a connection; a third of that is for people who look at the same account. */
const MESSAGES_PER_SECOND = 12;
const BURST = 60;
/** Something that long on its way means that the session cannot be trusted. */
const STUCK_MS = 10_000;
/** After a refusal the market is left alone for so long: it may be halted, or our view of it behind. */
const REFUSED_PAUSE_MS = 2_000;

export interface MakerParts {
  readonly strategies: Readonly<Record<string, Strategy>>;
  readonly markets: () => ReadonlyMap<string, Market>;
  readonly reference: (symbol: string) => bigint | undefined;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Seconds since 1970. */
  readonly wallSeconds: () => number;
  readonly log: (text: string) => void;
}

/** Quotes both sides of every market of its strategies, from one account, for as long as there is a price to quote around. */
export class Maker implements SessionClient {
  #session: VenueSession | undefined;
  #orders = new LiveOrders();
  #ids = new OrderIds(0);
  #balances = new Map<string, bigint>();
  #pausedUntil = new Map<string, number>();
  #messages = { left: BURST, at: 0 };

  constructor(private readonly parts: MakerParts) {}

  /** What of its orders rests in the venue's books. */
  get resting(): number {
    return this.#orders.all().filter(({ state }) => state === 'resting').length;
  }

  began(session: VenueSession, open: readonly Report[]): void {
    this.#session = session;
    this.#orders = new LiveOrders();
    this.#ids = new OrderIds(this.parts.wallSeconds());
    // Left by somebody with the same key: nothing here knows what they were for.
    if (open.length > 0) session.cancelAll();
    this.parts.log('quoting');
  }

  ended(why: string): void {
    if (this.#session !== undefined) this.parts.log(`session over: ${why}`);
    this.#session = undefined;
    this.#orders = new LiveOrders();
  }

  report(report: Report): void {
    this.#orders.report(report, this.parts.now());
    if (report.ordStatus === 'rejected') this.#refused(report.symbol, report.text);
  }

  balances(balances: readonly Balance[]): void {
    this.#balances = new Map(balances.map(({ currency, balance }) => [currency, balance]));
  }

  rejected({ clOrdID, orderID, text }: Extract<VenueMessage, { event: 'rejected' }>): void {
    const order = this.#orders.all().find(({ clientId }) => clientId === clOrdID);
    if (order !== undefined) this.#refused(order.symbol, text);
    if (clOrdID !== undefined) this.#orders.forget({ clientId: clOrdID });
    if (orderID !== undefined) this.#orders.forget({ orderId: orderID });
  }

  /** Brings the resting orders nearer to what they should be, within the budget of messages. */
  tick(): void {
    const session = this.#session;
    if (session === undefined) return;
    if (this.#orders.isStuck(this.parts.now(), STUCK_MS)) return session.end('the venue does not answer');
    for (const [symbol, strategy] of Object.entries(this.parts.strategies)) {
      const market = this.parts.markets().get(symbol);
      if (market?.isOpen) this.#tend(session, market, strategy);
    }
  }

  #tend(session: VenueSession, market: Market, strategy: Strategy): void {
    const { symbol } = market;
    if ((this.#pausedUntil.get(symbol) ?? 0) > this.parts.now()) return;
    const reference = this.parts.reference(symbol);
    // Without a price the quotes go: a stale one is an invitation.
    const quotes = reference === undefined ? [] : quotesAround(this.#input(market, strategy, reference));
    const { cancels, places } = planQuotes(this.#orders.of(symbol), quotes, strategy);
    for (const order of cancels) {
      if (order.orderId === undefined || !this.#may()) return;
      session.cancel(order.orderId);
      this.#orders.cancelling(order, this.parts.now());
    }
    for (const quote of places) {
      if (!this.#may()) return;
      this.#place(session, market, quote);
    }
  }

  #place(session: VenueSession, { id, symbol }: Market, { side, level, price, quantity }: Quote): void {
    const clientId = this.#ids.next({ market: id, side, level });
    session.place({ clientId, symbol, side, price, quantity, manner: 'rest' });
    this.#orders.sent({ clientId, symbol, side, level, price, open: quantity, sinceMs: this.parts.now() });
  }

  #input(market: Market, strategy: Strategy, reference: bigint): QuoteInput {
    const share = (asset: string): bigint => (this.#balances.get(asset) ?? 0n) / BigInt(this.#marketsWith(asset));
    const inventory = this.#balances.get(market.base) ?? 0n;
    return { market, strategy, reference, inventory, funds: { base: share(market.base), quote: share(market.quote) } };
  }

  /** Each of them may use the same part of an asset. */
  #marketsWith(asset: string): number {
    const symbols = Object.keys(this.parts.strategies);
    return Math.max(1, symbols.filter((symbol) => symbol.split('-').includes(asset)).length);
  }

  #refused(symbol: string, text: string): void {
    // It would have met an order of the other side: the price has moved under it, and the next tick knows where to.
    if (text === 'Marketable AOL order') return;
    this.#pausedUntil.set(symbol, this.parts.now() + REFUSED_PAUSE_MS);
    this.parts.log(`${symbol}: ${text}`);
  }

  #may(): boolean {
    const now = this.parts.now();
    const earned = ((now - this.#messages.at) * MESSAGES_PER_SECOND) / 1_000;
    this.#messages = { left: Math.min(BURST, this.#messages.left + earned), at: now };
    if (this.#messages.left < 1) return false;
    this.#messages.left -= 1;
    return true;
  }
}

/** The furthest price at which somebody who takes still trades: past the outermost quote, and no further. */
export const reachOf = ({ halfSpreadPpm, levelPpm, levels }: Strategy, reference: bigint): bigint =>
  partsPerMillion(reference, (halfSpreadPpm + levelPpm * BigInt(levels)) * 2n);
