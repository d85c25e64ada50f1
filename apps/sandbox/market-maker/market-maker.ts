import { readJson } from './decimal.js';
import { KeptSession } from './kept-session.js';
import { Maker, type MakerParts } from './maker.js';
import { fetchMarkets, type Market } from './market.js';
import { ReferencePrices } from './reference-prices.js';
import { type Strategy } from './strategy.js';
import { Taker } from './taker.js';

const TICK_MS = 500;
const MARKETS_MS = 30_000;
const MARKETS_RETRY_MS = 500;

export interface MarketMakerOptions {
  /** Of the venue: the base of its REST paths, and its WebSocket. */
  readonly restUrl: string;
  readonly socketUrl: string;
  readonly priceUrls: readonly string[];
  readonly makerSecret: string;
  /** Without it nobody takes. */
  readonly takerSecret?: string | undefined;
  readonly strategies: Readonly<Record<string, Strategy>>;
  readonly log: (text: string) => void;
  readonly random?: () => number;
  readonly tickMs?: number;
}

/** The maker and the taker with what they need, running. */
export class MarketMaker {
  readonly #options: MarketMakerOptions;
  readonly #prices: ReferencePrices;
  readonly #maker: Maker;
  readonly #taker: Taker;
  readonly #sessions: readonly KeptSession[];
  #markets: ReadonlyMap<string, Market> = new Map();
  #marketsTimer: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: MarketMakerOptions) {
    this.#options = options;
    this.#prices = new ReferencePrices(options.priceUrls);
    const parts: MakerParts = {
      strategies: options.strategies,
      markets: () => this.#markets,
      reference: (symbol) => this.#prices.of(symbol),
      now: () => performance.now(),
      wallSeconds: () => Math.floor(Date.now() / 1_000),
      log: options.log,
    };
    this.#maker = new Maker(parts);
    this.#taker = new Taker(parts, options.random ?? Math.random);
    const { socketUrl: url, makerSecret, takerSecret } = options;
    this.#sessions = [
      new KeptSession({ url, secret: makerSecret }, this.#maker),
      ...(takerSecret === undefined ? [] : [new KeptSession({ url, secret: takerSecret }, this.#taker)]),
    ];
  }

  get state(): { readonly markets: number; readonly resting: number; readonly taken: number } {
    return { markets: this.#markets.size, resting: this.#maker.resting, taken: this.#taker.trades };
  }

  start(): void {
    this.#prices.start();
    void this.#learnMarkets();
    for (const session of this.#sessions) session.start();
    this.#ticker = setInterval(() => {
      this.#maker.tick();
      this.#taker.tick();
    }, this.#options.tickMs ?? TICK_MS);
  }

  /** The venue cancels what is open when the sessions end. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#marketsTimer);
    for (const session of this.#sessions) session.stop();
    this.#prices.stop();
  }

  /** Again and again, since a market may be listed, halted or opened while this runs. */
  async #learnMarkets(): Promise<void> {
    const known = await fetchMarkets(this.#options.restUrl, readJson).catch(() => undefined);
    if (this.#isStopped) return;
    if (known !== undefined) this.#markets = known;
    const isComplete = Object.keys(this.#options.strategies).every((symbol) => this.#markets.get(symbol)?.isOpen);
    this.#marketsTimer = setTimeout(() => void this.#learnMarkets(), isComplete ? MARKETS_MS : MARKETS_RETRY_MS);
  }
}
