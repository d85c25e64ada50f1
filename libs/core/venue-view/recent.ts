interface Entry<T> {
  readonly key: number;
  readonly item: T;
  newer: Entry<T> | undefined;
  older: Entry<T> | undefined;
}

/** The last so many items of all keys together, each found by its key, newest first. What is remembered no more is handed to `onForgotten`. */
export class Recent<T> {
  readonly #ring: (Entry<T> | undefined)[] = [];
  readonly #most: number;
  readonly #onForgotten: (item: T) => void;
  /** The newest of each key. */
  readonly #newest = new Map<number, Entry<T>>();
  #next = 0;

  constructor(most: number, onForgotten: (item: T) => void = () => undefined) {
    this.#most = most;
    this.#onForgotten = onForgotten;
  }

  remember(key: number, item: T): void {
    const forgotten = this.#ring[this.#next];
    if (forgotten !== undefined) this.#forget(forgotten);
    const before = this.#newest.get(key);
    const entry: Entry<T> = { key, item, newer: undefined, older: before };
    if (before !== undefined) before.newer = entry;
    this.#newest.set(key, entry);
    this.#ring[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#most;
  }

  *of(key: number): Generator<T> {
    for (let entry = this.#newest.get(key); entry !== undefined; entry = entry.older) yield entry.item;
  }

  /** The oldest of all is the oldest of its key. */
  #forget({ key, item, newer }: Entry<T>): void {
    if (newer === undefined) this.#newest.delete(key);
    else newer.older = undefined;
    this.#onForgotten(item);
  }
}
