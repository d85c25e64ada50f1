import { ceilTo, floorTo, MILLION, partsPerMillion } from './decimal.js';
import { type SessionClient } from './kept-session.js';
import { type MakerParts, reachOf } from './maker.js';
import { type Market } from './market.js';
import { type Balance, type Report } from './messages.js';
import { OrderIds } from './order-ids.js';
import { type Side } from './quotes.js';
import { type Strategy } from './strategy.js';
import { type VenueSession } from './venue-session.js';

/** Pauses between two of its orders. */
const SHORTEST_MS = 1_500;
const LONGEST_MS = 6_000;

/** What the taker wants to hold of each market's base asset, as a part of the maker's target. */
const TARGET_PPM = 250_000n;

/**
 * Somebody else than the maker, with an account of their own, who takes a little now and then so that there are trades and candles: buys and sells at
 * random, rather sells when there is much of an asset, and rather buys when there is little.
 */
export class Taker implements SessionClient {
  #session: VenueSession | undefined;
  #ids = new OrderIds(0);
  #balances = new Map<string, bigint>();
  #nextAt = 0;
  #trades = 0;

  /** @param random from 0 to below 1 */
  constructor(
    private readonly parts: MakerParts,
    private readonly random: () => number,
  ) {}

  get trades(): number {
    return this.#trades;
  }

  began(session: VenueSession): void {
    this.#session = session;
    this.#ids = new OrderIds(this.parts.wallSeconds());
  }

  ended(): void {
    this.#session = undefined;
  }

  report({ execType }: Report): void {
    if (execType === 'F') this.#trades += 1;
  }

  balances(balances: readonly Balance[]): void {
    this.#balances = new Map(balances.map(({ currency, available }) => [currency, available]));
  }

  rejected(): void {
    // An order that immediately took nothing is nothing lost.
  }

  tick(): void {
    const now = this.parts.now();
    if (this.#session === undefined || now < this.#nextAt) return;
    this.#nextAt = now + SHORTEST_MS + this.random() * (LONGEST_MS - SHORTEST_MS);
    const symbols = Object.entries(this.parts.strategies).filter(([symbol]) => this.parts.markets().get(symbol)?.isOpen); // prettier-ignore
    const [symbol = '', strategy] = symbols[Math.floor(this.random() * symbols.length)] ?? [];
    const market = this.parts.markets().get(symbol);
    const reference = this.parts.reference(symbol);
    if (market !== undefined && strategy !== undefined && reference !== undefined)
      this.#take(this.#session, { market, strategy, reference });
  }

  #take(
    session: VenueSession,
    { market, strategy, reference }: { market: Market; strategy: Strategy; reference: bigint },
  ): void {
    const held = this.#balances.get(market.base) ?? 0n;
    const side = this.#sideFor(held, partsPerMillion(strategy.target, TARGET_PPM));
    const part = BigInt(Math.floor(100_000 + this.random() * 900_000));
    const quantity = floorTo(partsPerMillion(strategy.take, part), market.lot);
    if (quantity < market.minimum || (side === 'sell' && quantity > held)) return;
    const reach = reachOf(strategy, reference);
    const price = side === 'buy' ? ceilTo(reference + reach, market.tick) : floorTo(reference - reach, market.tick);
    const clientId = this.#ids.next({ market: market.id, side, level: 0 });
    session.place({ clientId, symbol: market.symbol, side, price, quantity, manner: 'take' });
  }

  /** Even odds at the target; certain to buy with nothing, and to sell with twice as much. */
  #sideFor(held: bigint, target: bigint): Side {
    const sellsPpm = held >= target * 2n ? MILLION : (held * MILLION) / (target * 2n);
    return this.random() * Number(MILLION) < Number(sellsPpm) ? 'sell' : 'buy';
  }
}
