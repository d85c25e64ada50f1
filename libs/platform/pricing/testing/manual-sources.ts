import { parseAmount, parseRate } from '@core/money';
import {
  type Depth,
  type NoTick,
  median,
  OWN_BOOK,
  pairOf,
  type PriceListener,
  type PriceSource,
} from '@platform/pricing';

/** Price and quantity in major units. */
type Row = readonly [price: string, quantity: string];

/** Price sources that say what a spec tells them to. */
export class ManualSources {
  readonly #listeners = new Map<string, PriceListener>();
  readonly sources: readonly PriceSource[];

  constructor(names: readonly string[] = ['alpha', 'bravo', 'charlie']) {
    this.sources = [...names, OWN_BOOK].map((name) => ({
      name,
      kind: name === OWN_BOOK ? 'own-book' : 'external',
      start: (listener) => void this.#listeners.set(name, listener),
      stop: () => Promise.resolve(),
    }));
  }

  /** One source states a price. */
  say(source: string, pair: string, price: string): void {
    const { base, quote } = pairOf(pair);
    this.#listeners.get(source)?.tick({ pair, price: parseRate(price, base, quote) });
  }

  /** The own exchange's book: its price is the middle of its best two. Nothing is heard of it until then. */
  sayBook(pair: string, { bids, asks }: { readonly bids: readonly Row[]; readonly asks: readonly Row[] }): void {
    const { base, quote } = pairOf(pair);
    const level = ([price, quantity]: Row) => ({
      price: parseRate(price, base, quote),
      quantity: parseAmount(quantity, base),
    });
    const depth: Depth = { bids: bids.map(level), asks: asks.map(level) };
    const best = [...depth.bids.slice(0, 1), ...depth.asks.slice(0, 1)].map(({ price }) => price);
    this.#listeners.get(OWN_BOOK)?.tick({ pair, price: median(best), depth });
  }

  withdrawBook(pair: string, why: NoTick): void {
    this.#listeners.get(OWN_BOOK)?.withdrawn(pair, why);
  }

  /** All external sources state the same price. */
  agree(prices: Readonly<Record<string, string>>): void {
    for (const { name } of this.sources.filter(({ kind }) => kind === 'external'))
      for (const [pair, price] of Object.entries(prices)) this.say(name, pair, price);
  }
}
