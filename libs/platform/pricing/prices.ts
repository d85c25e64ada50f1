import { chain, convert, formatRate, invert, rate, type AssetCode, type Rate, type Rounding } from '@core/money';
import { type Clock } from '@base/clock';
import { type Logger } from '@base/observability';
import { type Depth } from './depth.js';
import { pairOf } from './pair.js';
import { PRICE_RULES, PriceBook, type Consensus, type Origin, type PriceRules, type SourcePrice, type SourceStanding } from './price-book.js'; // prettier-ignore
import { countOwnBook, priceMetrics } from './price-metrics.js';
import { type PriceSource, type TickRefusal } from './price-source.js';
import { priceUnavailable } from './refusals.js';

/** A firm price: what fresh, agreeing sources say now. */
export interface Mid {
  readonly mid: Rate;
  /** What the external sources alone say. */
  readonly external: Rate;
  /** The own exchange's book, when it is one of the sources. */
  readonly ownBook?: Depth;
  readonly sources: readonly SourcePrice[];
  readonly at: Date;
}

/** The last firm price seen, for display and valuation; `firm` tells whether it still is one. */
export interface LastMid extends Mid {
  readonly firm: boolean;
}

export interface PricesOptions {
  readonly pairs: readonly string[];
  readonly sources: readonly PriceSource[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules?: PriceRules;
  /** Milliseconds of a clock that never steps: ages must not shrink when the wall clock is set back. */
  readonly monotonicMs?: () => number;
}

const WATCH_EVERY_MS = 500;

/**
 * The prices of this process: every source's newest word, and what they say together. `mid` is what firm quotes stand on; anything doubtful
 * (too few fresh sources, disagreement, a halt) is a refusal, never a guess.
 */
export class Prices {
  readonly #options: PricesOptions;
  readonly #books: ReadonlyMap<string, PriceBook>;
  readonly #last = new Map<string, Mid>();
  readonly #reported = new Map<string, string>();
  #halted: ReadonlySet<string> = new Set();
  #watch: NodeJS.Timeout | undefined;

  constructor(options: PricesOptions) {
    this.#options = options;
    const rules = options.rules ?? PRICE_RULES;
    this.#books = new Map(options.pairs.map((symbol) => [symbol, new PriceBook(pairOf(symbol), rules)]));
  }

  get pairs(): readonly string[] {
    return [...this.#books.keys()];
  }

  start(): void {
    for (const source of this.#options.sources) {
      source.start({
        tick: ({ pair, price, depth }) => this.observe(source.name, pair, price, { kind: source.kind, depth }),
        refused: (reason) => this.#count(source.name, reason),
        withdrawn: (pair, why) => this.#books.get(pair)?.withdraw(source.name, why, source.kind),
      });
    }
    this.#watch = setInterval(() => this.watch(), WATCH_EVERY_MS);
    this.#watch.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all(this.#options.sources.map((source) => source.stop()));
  }

  /** Takes a source's word; pairs that nobody asked for are passed over. */
  observe(source: string, pair: string, price: Rate, origin: Origin = {}): void {
    const verdict = this.#books.get(pair)?.observe(source, price, this.#monotonicMs(), origin);
    if (verdict === 'jump') this.#count(source, 'jump');
  }

  /** What each source says of a pair now, and why one is not among those that make its price. */
  standings(pair: string): SourceStanding[] {
    return this.#books.get(pair)?.standings(this.#monotonicMs()) ?? [];
  }

  /** Pairs without a price until further notice; `*` halts all. */
  setHalted(pairs: ReadonlySet<string>): void {
    this.#halted = pairs;
  }

  /** The firm mid price of a pair. @throws Refusal `price_unavailable` */
  mid(pair: string): Mid {
    if (this.#isHalted(pair)) throw priceUnavailable(pair, 'halted');
    const consensus = this.#consensus(pair);
    if (!consensus) throw priceUnavailable(pair, 'not_watched');
    if (consensus.kind === 'none') throw priceUnavailable(pair, consensus.reason);
    return this.#remember(pair, consensus);
  }

  /** The firm mid price, or undefined where {@link mid} would refuse. */
  firm(pair: string): Mid | undefined {
    const consensus = this.#isHalted(pair) ? undefined : this.#consensus(pair);
    return consensus?.kind === 'mid' ? this.#remember(pair, consensus) : undefined;
  }

  /** The firm price, or the last one there was; undefined before the first. */
  last(pair: string): LastMid | undefined {
    const firm = this.firm(pair);
    if (firm) return { ...firm, firm: true };
    const last = this.#last.get(pair);
    return last && { ...last, firm: false };
  }

  /** The last rate between two assets: directly, inverted or through the dollar. For valuation, not for dealing. */
  lastRate(from: AssetCode, to: AssetCode): Rate | undefined {
    if (from === to) return rate(from, to, 1n);
    const direct = this.#lastDirect(from, to);
    if (direct || from === 'USD' || to === 'USD') return direct;
    const [dollars, back] = [this.#lastDirect(from, 'USD'), this.#lastDirect('USD', to)];
    return dollars && back && chain(dollars, back);
  }

  /** What an amount is worth in another asset by the last prices, in minor units; undefined while there is no price. */
  value(minor: bigint, from: AssetCode, to: AssetCode, rounding: Rounding): bigint | undefined {
    const at = this.lastRate(from, to);
    return at && convert(minor, at, rounding);
  }

  /** As {@link value}, rounded down, if every price it takes is firm now. */
  firmValue(minor: bigint, from: AssetCode, to: AssetCode): bigint | undefined {
    const firm = (a: AssetCode, b: AssetCode): boolean =>
      a === b || this.firm(`${a}-${b}`) !== undefined || this.firm(`${b}-${a}`) !== undefined;
    if (!firm(from, to) && !(firm(from, 'USD') && firm('USD', to))) return undefined;
    return this.value(minor, from, to, 'floor');
  }

  /** Refreshes the metrics and tells the log, once, when a pair loses or regains its price or a source is left out. */
  watch(): void {
    for (const pair of this.pairs) {
      const consensus = this.#consensus(pair);
      if (!consensus) continue;
      const firm = consensus.kind === 'mid' && !this.#isHalted(pair);
      if (firm) this.#remember(pair, consensus);
      const outliers = consensus.kind === 'mid' ? consensus.outliers : [];
      priceMetrics.quotable.set({ pair }, firm ? 1 : 0);
      priceMetrics.freshSources.set({ pair }, consensus.sources.length + outliers.length);
      priceMetrics.outliers.set({ pair }, outliers.length);
      countOwnBook(pair, this.standings(pair));
      this.#report(pair, this.#isHalted(pair) ? 'halted' : consensus.kind === 'none' ? consensus.reason : '', [
        ...consensus.sources,
        ...outliers,
      ]);
    }
  }

  #report(pair: string, trouble: string, sources: readonly SourcePrice[]): void {
    if ((this.#reported.get(pair) ?? '') === trouble) return;
    this.#reported.set(pair, trouble);
    const seen = sources.map(({ name, price, ageMs }) => ({ name, price: formatRate(price, 8, 'half-even'), ageMs }));
    if (trouble) this.#options.logger.warn({ pair, trouble, sources: seen }, 'no firm price');
    else this.#options.logger.info({ pair }, 'firm price again');
  }

  #lastDirect(from: AssetCode, to: AssetCode): Rate | undefined {
    const forward = this.last(`${from}-${to}`)?.mid;
    if (forward) return forward;
    const backward = this.last(`${to}-${from}`)?.mid;
    return backward && invert(backward);
  }

  #consensus(pair: string): Consensus | undefined {
    return this.#books.get(pair)?.consensus(this.#monotonicMs());
  }

  #remember(pair: string, { mid, external, ownBook, sources }: Extract<Consensus, { kind: 'mid' }>): Mid {
    const firm = { mid, external, ...(ownBook && { ownBook }), sources, at: this.#options.clock.now() };
    this.#last.set(pair, firm);
    return firm;
  }

  #isHalted(pair: string): boolean {
    return this.#halted.has('*') || this.#halted.has(pair);
  }

  #count(source: string, reason: TickRefusal): void {
    priceMetrics.refusedTicks.inc({ source, reason });
  }

  #monotonicMs(): number {
    return (this.#options.monotonicMs ?? (() => performance.now()))();
  }
}
