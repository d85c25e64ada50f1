import { compareRates, divergenceBps, rate, type Rate } from '@core/money';
import { type Pair } from './pair.js';

export interface PriceRules {
  /** A price older than this is no price. */
  readonly freshMs: number;
  /** How many sources must agree. */
  readonly minSources: number;
  /** Sources further apart than this do not agree. */
  readonly maxDivergenceBps: bigint;
  /** A source that moves by more than this in one step is not believed until another one confirms it. */
  readonly maxJumpBps: bigint;
}

/** products.md §1.3; a jump of 10 % between two ticks is far outside what a liquid market does in 200 ms. */
export const PRICE_RULES: PriceRules = { freshMs: 3_000, minSources: 2, maxDivergenceBps: 100n, maxJumpBps: 1_000n };

export interface SourcePrice {
  readonly name: string;
  readonly price: Rate;
  readonly ageMs: number;
}

export type NoPrice = 'too_few_sources' | 'sources_diverge';

/** What the fresh sources say together. `outliers` were fresh, but a majority that agrees left them out. */
export type Consensus =
  | {
      readonly kind: 'mid';
      readonly mid: Rate;
      readonly sources: readonly SourcePrice[];
      readonly outliers: readonly SourcePrice[];
    }
  | { readonly kind: 'none'; readonly reason: NoPrice; readonly sources: readonly SourcePrice[] };

interface Observation {
  readonly price: Rate;
  readonly atMs: number;
}

interface SourceState {
  accepted?: Observation;
  /** A jump that waits for another source to confirm it. */
  suspect?: Observation;
}

/**
 * The newest believable price of one pair from each source, and the consensus among them. Pure: time comes in, from a clock that does
 * not step (a price must not become fresh because the wall clock went back).
 */
export class PriceBook {
  readonly #states = new Map<string, SourceState>();

  constructor(
    readonly pair: Pair,
    private readonly rules: PriceRules = PRICE_RULES,
  ) {}

  /** Takes a price, or holds it back as a `jump`. Two sources that jump together confirm each other: that is the market moving. */
  observe(source: string, price: Rate, atMs: number): 'accepted' | 'jump' {
    const state = this.#states.get(source) ?? {};
    this.#states.set(source, state);
    if (!this.#isJump(state, price)) {
      state.accepted = { price, atMs };
      delete state.suspect;
      return 'accepted';
    }
    state.suspect = { price, atMs };
    const witnesses = this.#witnesses(source, price, atMs);
    if (witnesses.length === 0) return 'jump';
    for (const each of [state, ...witnesses]) {
      if (each.suspect) each.accepted = each.suspect;
      delete each.suspect;
    }
    return 'accepted';
  }

  /**
   * The median of the fresh sources that agree with each other. One wrong source of three is left out; of two that disagree neither is
   * believed. The agreeing ones must be at least `minSources` and more than half of the fresh ones.
   */
  consensus(atMs: number): Consensus {
    const fresh = this.#fresh(atMs);
    if (fresh.length < this.rules.minSources) return { kind: 'none', reason: 'too_few_sources', sources: fresh };
    const centre = median(fresh.map((source) => source.price));
    const near = fresh.filter(({ price }) => this.#agree(price, centre));
    const agreed = near.every(({ price }, at) => near.slice(at + 1).every((other) => this.#agree(price, other.price)));
    if (!agreed || near.length < this.rules.minSources || near.length * 2 <= fresh.length) {
      return { kind: 'none', reason: 'sources_diverge', sources: fresh };
    }
    const mid = median(near.map((source) => source.price));
    return { kind: 'mid', mid, sources: near, outliers: fresh.filter((source) => !near.includes(source)) };
  }

  #fresh(atMs: number): SourcePrice[] {
    return [...this.#states]
      .flatMap(([name, { accepted }]) =>
        accepted ? [{ name, price: accepted.price, ageMs: Math.max(0, Math.round(atMs - accepted.atMs)) }] : [],
      )
      .filter(({ ageMs }) => ageMs <= this.rules.freshMs);
  }

  #isJump({ accepted }: SourceState, price: Rate): boolean {
    return accepted !== undefined && divergenceBps(accepted.price, price) > this.rules.maxJumpBps;
  }

  #witnesses(source: string, price: Rate, atMs: number): SourceState[] {
    return [...this.#states]
      .filter(([name, state]) => name !== source && this.#confirms(state, price, atMs))
      .map(([, state]) => state);
  }

  #confirms({ accepted, suspect }: SourceState, price: Rate, atMs: number): boolean {
    return [suspect, accepted].some(
      (seen) => seen !== undefined && atMs - seen.atMs <= this.rules.freshMs && this.#agree(seen.price, price),
    );
  }

  #agree(a: Rate, b: Rate): boolean {
    return divergenceBps(a, b) <= this.rules.maxDivergenceBps;
  }
}

/** The middle rate, or the exact mean of the two in the middle. @throws RangeError without rates */
export function median(rates: readonly Rate[]): Rate {
  const sorted = [...rates].sort(compareRates);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  if (!high || !low) throw new RangeError('no rates');
  if (low === high) return high;
  const sum = low.numerator * high.denominator + high.numerator * low.denominator;
  return rate(low.base, low.quote, sum, low.denominator * high.denominator * 2n);
}
