import { type Clock } from '@base/clock';
import { minuteOf, type MinuteClose, type MinuteCloses } from './minute-closes.js';
import { type Prices } from './prices.js';

/**
 * Turns the stream of firm prices into one close per pair and minute. `run` is called every second or so: it notes each pair's firm price
 * and keeps the notes of minutes that are over. What is kept is what the external sources say: volatility, and so every spread, is
 * made of it. A minute without a firm price has no close; a gap is the truth.
 */
export class RecordCloses {
  readonly #running = new Map<string, MinuteClose>();
  #over: MinuteClose[] = [];

  constructor(
    private readonly prices: Prices,
    private readonly closes: MinuteCloses,
    private readonly clock: Clock,
  ) {}

  async run(): Promise<void> {
    const minute = minuteOf(this.clock.now());
    for (const [pair, close] of this.#running) {
      if (close.minute >= minute) continue;
      this.#over.push(close);
      this.#running.delete(pair);
    }
    for (const pair of this.prices.pairs) {
      const firm = this.prices.firm(pair);
      if (!firm) continue;
      const { length } = firm.sources.filter(({ kind }) => kind === 'external');
      this.#running.set(pair, { pair, minute, close: firm.external, sources: length });
    }
    const over = this.#over;
    await this.closes.keep(over);
    this.#over = this.#over.slice(over.length);
  }
}
