import { compareRates, divergenceBps, rate, type Rate } from '@core/money';
import { type Depth } from './depth.js';
import { type Pair } from './pair.js';
import { type NoTick, type SourceKind } from './price-source.js';

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
  readonly kind: SourceKind;
  readonly price: Rate;
  readonly ageMs: number;
  readonly depth?: Depth;
}

export type NoPrice = 'too_few_sources' | 'sources_diverge';

/**
 * What the fresh sources say together. `external` is what the external ones alone say; `ownBook` is there when the own book is among the sources.
 * `outliers` were fresh, but a majority that agrees left them out.
 */
export type Consensus =
  | {
      readonly kind: 'mid';
      readonly mid: Rate;
      readonly external: Rate;
      readonly ownBook?: Depth;
      readonly sources: readonly SourcePrice[];
      readonly outliers: readonly SourcePrice[];
    }
  | { readonly kind: 'none'; readonly reason: NoPrice; readonly sources: readonly SourcePrice[] };

interface Observation {
  readonly price: Rate;
  readonly atMs: number;
  readonly depth?: Depth | undefined;
}

interface SourceState {
  readonly kind: SourceKind;
  accepted?: Observation;
  /** A jump that waits for another source to confirm it. */
  suspect?: Observation;
  /** Why the source says itself that it has no price. */
  withdrawn?: NoTick;
}

/** Where an observed price is from. */
export interface Origin {
  readonly kind?: SourceKind;
  readonly depth?: Depth | undefined;
}

/** `left_out`: fresh, but not among those that make the price; `jump`: held back until another source confirms it. */
export type Standing = 'used' | 'left_out' | 'stale' | 'jump' | NoTick;

/** What a source says of a pair, for people. */
export interface SourceStanding {
  readonly name: string;
  readonly kind: SourceKind;
  readonly standing: Standing;
  readonly price?: Rate;
  readonly ageMs?: number;
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

  /**
   * Takes a price, or holds it back as a `jump`. Two external sources that jump together confirm each other: that is the market moving. The own book
   * confirms nobody, and is confirmed by what an external source says and is believed; until then nothing that it said before stands in it any more.
   */
  observe(source: string, price: Rate, atMs: number, { kind = 'external', depth }: Origin = {}): 'accepted' | 'jump' {
    const state = this.#states.get(source) ?? { kind };
    this.#states.set(source, state);
    delete state.withdrawn;
    const seen = { price, atMs, depth };
    if (!this.#isJump(state, price)) {
      state.accepted = seen;
      delete state.suspect;
      return 'accepted';
    }
    state.suspect = seen;
    const others = [...this.#states].flatMap(([name, other]) =>
      name !== source && other.kind === 'external' ? [other] : [],
    );
    // Who jumped there too is a witness for another external source, and not for the own book.
    const jumped = state.kind === 'external' ? others.filter(({ suspect }) => this.#confirms(suspect, seen)) : [];
    if (jumped.length === 0 && !others.some(({ accepted }) => this.#confirms(accepted, seen))) {
      if (state.kind === 'own-book') takeBack(state);
      return 'jump';
    }
    for (const each of [state, ...jumped]) {
      if (each.suspect) each.accepted = each.suspect;
      delete each.suspect;
    }
    return 'accepted';
  }

  /** The source takes back what it said last. That it had said it still counts when it is asked whether it jumps. */
  withdraw(source: string, why: NoTick, kind: SourceKind): void {
    const state = this.#states.get(source) ?? { kind };
    this.#states.set(source, state);
    state.withdrawn = why;
    takeBack(state);
    delete state.suspect;
  }

  /**
   * The median of the fresh sources that agree with each other. One wrong source of three is left out; of two that disagree neither is
   * believed. The agreeing ones must be at least `minSources` and more than half of the fresh ones.
   *
   * The own book is moved by its customers, so it is a voice and never a vote: where the external sources suffice, they decide whether there is a price, and
   * the book counts if it agrees with all of them; with a single external source the two must agree; alone it is nothing.
   */
  consensus(atMs: number): Consensus {
    const fresh = this.#fresh(atMs);
    const none = (reason: NoPrice): Consensus => ({ kind: 'none', reason, sources: fresh });
    const externals = fresh.filter(({ kind }) => kind === 'external');
    const own = fresh.filter(({ kind }) => kind === 'own-book').sort((a, b) => a.ageMs - b.ageMs)[0];
    if (externals.length === 0) return none('too_few_sources');
    if (externals.length + (own ? 1 : 0) < this.rules.minSources) return none('too_few_sources');
    const near = this.#majority(externals);
    if (!near) return none('sources_diverge');
    const joined = own && near.every(({ price }) => this.#agree(price, own.price)) ? [...near, own] : near;
    if (joined.length < this.rules.minSources) return none('sources_diverge');
    const external = median(near.map(({ price }) => price));
    const mid = joined === near ? external : median(joined.map(({ price }) => price));
    const outliers = fresh.filter((source) => !joined.includes(source));
    const depth = joined === near ? undefined : own?.depth;
    return { kind: 'mid', mid, external, ...(depth && { ownBook: depth }), sources: joined, outliers };
  }

  /** What each source that was ever heard of says now, and why it is not heard where it is not. */
  standings(atMs: number): SourceStanding[] {
    const consensus = this.consensus(atMs);
    const used = consensus.kind === 'mid' ? consensus.sources : [];
    const isUsed = (name: string): boolean => used.some((source) => source.name === name);
    return [...this.#states].map(([name, { kind, accepted, suspect, withdrawn }]) => {
      const ageMs = accepted ? Math.max(0, Math.round(atMs - accepted.atMs)) : Infinity;
      const heard = accepted && Number.isFinite(ageMs) ? { price: accepted.price, ageMs } : {};
      const unheard = withdrawn ?? (suspect ? 'jump' : 'stale');
      const standing = ageMs > this.rules.freshMs ? unheard : isUsed(name) ? 'used' : 'left_out';
      return { name, kind, standing, ...heard };
    });
  }

  /** The external sources that agree: all of them when there are fewer than must agree, else a majority. */
  #majority(fresh: readonly SourcePrice[]): readonly SourcePrice[] | undefined {
    const centre = median(fresh.map((source) => source.price));
    const near = fresh.filter(({ price }) => this.#agree(price, centre));
    const agreed = near.every(({ price }, at) => near.slice(at + 1).every((other) => this.#agree(price, other.price)));
    const needed = Math.min(this.rules.minSources, fresh.length);
    return agreed && near.length >= needed && near.length * 2 > fresh.length ? near : undefined;
  }

  #fresh(atMs: number): SourcePrice[] {
    return [...this.#states]
      .flatMap(([name, { kind, accepted }]) => {
        if (!accepted) return [];
        const { price, depth } = accepted;
        const ageMs = Math.max(0, Math.round(atMs - accepted.atMs));
        return [{ name, kind, price, ageMs, ...(depth && { depth }) }];
      })
      .filter(({ ageMs }) => ageMs <= this.rules.freshMs);
  }

  #isJump({ accepted }: SourceState, price: Rate): boolean {
    return accepted !== undefined && divergenceBps(accepted.price, price) > this.rules.maxJumpBps;
  }

  #confirms(said: Observation | undefined, { price, atMs }: Observation): boolean {
    return said !== undefined && atMs - said.atMs <= this.rules.freshMs && this.#agree(said.price, price);
  }

  #agree(a: Rate, b: Rate): boolean {
    return divergenceBps(a, b) <= this.rules.maxDivergenceBps;
  }
}

/** Its price counts for nothing from now on but the question whether the next one jumps. */
function takeBack(state: SourceState): void {
  if (state.accepted) state.accepted = { price: state.accepted.price, atMs: -Infinity };
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
