import { type LevelChange } from '@core/venue-view';
import { type SharedMessage } from './shared-message.js';

/** Later states of the same thing replace earlier ones for whom they could not be sent to: what a key stands for. */
export interface LevelsUpdate {
  readonly key: string;
  readonly levels: readonly LevelChange[];
  /** One message that says all of `levels`. */
  encode(levels: readonly LevelChange[]): SharedMessage;
}

const BYTES_PER_LEVEL = 64;

interface HeldLevels {
  readonly levels: Map<number, LevelChange>;
  update: LevelsUpdate;
  withSequence: boolean;
}

/**
 * What a connection that does not read is owed. Trades and reports are kept each; of tickers, candles and balances the last; of a book's levels the last
 * state of each. So a slow reader gets fewer messages and none that is wrong, and an endless book costs no more than its levels.
 */
export class Backlog {
  #each: Buffer[] = [];
  readonly #latest = new Map<string, Buffer>();
  readonly #levels = new Map<string, HeldLevels>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: Buffer): void {
    this.#each.push(bytes);
    this.#bytes += bytes.length;
  }

  replace(key: string, bytes: Buffer): void {
    this.#bytes += bytes.length - (this.#latest.get(key)?.length ?? 0);
    this.#latest.set(key, bytes);
  }

  merge(update: LevelsUpdate, withSequence: boolean): void {
    const held = this.#levels.get(update.key) ?? { levels: new Map<number, LevelChange>(), update, withSequence };
    this.#levels.set(update.key, held);
    held.update = update;
    const before = held.levels.size;
    for (const level of update.levels) held.levels.set(level.side === 'buy' ? level.price : -level.price, level);
    this.#bytes += (held.levels.size - before) * BYTES_PER_LEVEL;
  }

  /** What was kept for the key, and for keys that begin with it and a space, is no longer wanted: a snapshot says it, or nobody is subscribed. */
  forget(key: string): void {
    for (const [kept, bytes] of this.#latest) {
      if (kept !== key && !kept.startsWith(`${key} `)) continue;
      this.#bytes -= bytes.length;
      this.#latest.delete(kept);
    }
    this.#bytes -= (this.#levels.get(key)?.levels.size ?? 0) * BYTES_PER_LEVEL;
    this.#levels.delete(key);
  }

  /** All that is owed, in an order in which it may be sent; nothing is owed afterwards. */
  take(): Buffer[] {
    const owed = this.#each;
    for (const { levels, update, withSequence } of this.#levels.values()) {
      owed.push(update.encode([...levels.values()]).bytes(withSequence));
    }
    owed.push(...this.#latest.values());
    this.#each = [];
    this.#latest.clear();
    this.#levels.clear();
    this.#bytes = 0;
    return owed;
  }
}
