import { parseRate } from '@core/money';
import { pairOf, type PriceListener, type PriceSource } from '@platform/pricing';

/** Price sources that say what a spec tells them to. */
export class ManualSources {
  readonly #listeners = new Map<string, PriceListener>();
  readonly sources: readonly PriceSource[];

  constructor(names: readonly string[] = ['alpha', 'bravo', 'charlie']) {
    this.sources = names.map((name) => ({
      name,
      start: (listener) => void this.#listeners.set(name, listener),
      stop: () => Promise.resolve(),
    }));
  }

  /** One source states a price. */
  say(source: string, pair: string, price: string): void {
    const { base, quote } = pairOf(pair);
    this.#listeners.get(source)?.tick({ pair, price: parseRate(price, base, quote) });
  }

  /** All sources state the same price. */
  agree(prices: Readonly<Record<string, string>>): void {
    for (const { name } of this.sources)
      for (const [pair, price] of Object.entries(prices)) this.say(name, pair, price);
  }
}
