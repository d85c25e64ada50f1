import { formatDecimal, parseDecimal } from '@core/money';
import { normal, PPB, walkAt } from './walk.js';

export const STEP_MS = 200;
export const VENUES = ['alpha', 'bravo', 'charlie'] as const;
export type Venue = (typeof VENUES)[number];

/** Dollar prices are kept in units of 10^-10, fine enough for ETH-BTC to eight decimals. */
const SCALE = 10;

/** Anchors in dollars and the deviation of one 200 ms step: 44 000 ppb a step is about 55 % a year. */
const WALKS = {
  BTC: { anchor: '60000', stepPpb: 44_000n },
  ETH: { anchor: '3000', stepPpb: 58_000n },
  EUR: { anchor: '1.08', stepPpb: 5_600n },
  GBP: { anchor: '1.27', stepPpb: 6_000n },
  USDC: { anchor: '1', stepPpb: 70n },
} as const;
export type WalkingAsset = keyof typeof WALKS;
export const WALKING_ASSETS = Object.keys(WALKS) as [WalkingAsset, ...WalkingAsset[]];

type Listed = WalkingAsset | 'USD';
interface Listing {
  readonly base: WalkingAsset;
  readonly quote: Listed;
  readonly decimals: number;
}

export const LISTINGS: Readonly<Record<string, Listing>> = {
  'BTC-USD': { base: 'BTC', quote: 'USD', decimals: 2 },
  'ETH-USD': { base: 'ETH', quote: 'USD', decimals: 2 },
  'BTC-EUR': { base: 'BTC', quote: 'EUR', decimals: 2 },
  'ETH-EUR': { base: 'ETH', quote: 'EUR', decimals: 2 },
  'ETH-BTC': { base: 'ETH', quote: 'BTC', decimals: 8 },
  'USDC-USD': { base: 'USDC', quote: 'USD', decimals: 6 },
  'EUR-USD': { base: 'EUR', quote: 'USD', decimals: 6 },
  'GBP-USD': { base: 'GBP', quote: 'USD', decimals: 6 },
};

/** Venues disagree by about half a basis point, as arbitrage leaves it. */
const VENUE_NOISE_PPB = 50_000n;

type Override = { readonly factorPpb: bigint } | { readonly pinned: bigint };

/** One market seen by several venues: the true prices by the walk, each venue's own small error, and what an operator of the sandbox did to them. */
export class Market {
  readonly #seed: string;
  readonly #overrides = new Map<WalkingAsset, Override>();
  readonly #skewBps = new Map<Venue, bigint>();
  /** The walks at the newest step: three venues and eight pairs ask for the same few. */
  #natural = { step: -1, dollars: new Map<WalkingAsset, bigint>() };

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** The step of the walk at a moment: steps are counted from the epoch, not from the start of the process. */
  static stepAt(epochMs: number): number {
    return Math.floor(epochMs / STEP_MS);
  }

  /** Every listed price at a venue as decimal strings, positive and without float arithmetic. */
  pricesAt(venue: Venue, step: number): Record<string, string> {
    const entries = Object.entries(LISTINGS).map(([symbol, listing]) => [
      symbol,
      this.#quoteAt(venue, symbol, listing, step),
    ]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  jump(asset: WalkingAsset, bps: bigint, step: number): void {
    this.#setPrice(asset, (this.#dollarsAt(asset, step) * (10_000n + bps)) / 10_000n, step);
  }

  /** From here on the walk continues from `dollars`; pinned, it stands still there and every venue shows exactly that. */
  setPrice(asset: WalkingAsset, dollars: string, pinned: boolean, step: number): void {
    const target = parseDecimal(dollars, SCALE);
    if (pinned) this.#overrides.set(asset, { pinned: target });
    else this.#setPrice(asset, target, step);
  }

  #setPrice(asset: WalkingAsset, target: bigint, step: number): void {
    const natural = this.#naturalAt(asset, step);
    this.#overrides.set(asset, { factorPpb: (target * PPB) / natural });
  }

  skew(venue: Venue, bps: bigint): void {
    this.#skewBps.set(venue, bps);
  }

  reset(): void {
    this.#overrides.clear();
    this.#skewBps.clear();
  }

  #quoteAt(venue: Venue, symbol: string, { base, quote, decimals }: Listing, step: number): string {
    const unit = 10n ** BigInt(decimals);
    const perQuote = quote === 'USD' ? 10n ** BigInt(SCALE) : this.#dollarsAt(quote, step);
    const skew = 10_000n + (this.#skewBps.get(venue) ?? 0n);
    const noise = PPB + (this.#isPinned(base, quote) ? 0n : this.#noiseAt(venue, symbol, step));
    const price = (this.#dollarsAt(base, step) * unit * skew * noise) / (perQuote * 10_000n * PPB);
    return formatDecimal(price > 0n ? price : 1n, decimals);
  }

  #noiseAt(venue: Venue, symbol: string, step: number): bigint {
    return (normal(this.#seed, venue, symbol, step) * VENUE_NOISE_PPB) / 1_000_000n;
  }

  #isPinned(base: WalkingAsset, quote: Listed): boolean {
    const pinned = (asset: Listed): boolean => asset === 'USD' || 'pinned' in (this.#overrides.get(asset) ?? {});
    return pinned(base) && pinned(quote);
  }

  #dollarsAt(asset: WalkingAsset, step: number): bigint {
    const override = this.#overrides.get(asset);
    if (override && 'pinned' in override) return override.pinned;
    return (this.#naturalAt(asset, step) * (override?.factorPpb ?? PPB)) / PPB;
  }

  #naturalAt(asset: WalkingAsset, step: number): bigint {
    if (this.#natural.step !== step) this.#natural = { step, dollars: new Map() };
    const known = this.#natural.dollars.get(asset);
    if (known !== undefined) return known;
    const { anchor, stepPpb } = WALKS[asset];
    const displaced = PPB + walkAt({ seed: this.#seed, name: asset, stepPpb }, step);
    const dollars = (parseDecimal(anchor, SCALE) * (displaced > PPB / 10n ? displaced : PPB / 10n)) / PPB;
    this.#natural.dollars.set(asset, dollars);
    return dollars;
  }
}
