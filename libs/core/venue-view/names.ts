/** Names whose order has not come yet; it comes next, or never. */
const MOST_NAMES = 100_000;

interface Name {
  readonly account: number;
  readonly clientOrderId: bigint;
  readonly text: string;
}

/** What clients called the orders that are to come. The name that came last is nearly always the next order's, so it is looked at first. */
export class Names {
  #last: Name | undefined;
  readonly #earlier = new Map<string, Name>();

  keep(account: number, clientOrderId: bigint, text: string): void {
    if (this.#last !== undefined) this.#putBack(this.#last);
    this.#last = { account, clientOrderId, text };
  }

  /** What the order is called, which is known no more from then on. */
  take(account: number, clientOrderId: bigint): string | undefined {
    const last = this.#last;
    if (last?.account === account && last.clientOrderId === clientOrderId) {
      this.#last = undefined;
      if (this.#earlier.size > 0) this.#earlier.delete(keyOf(last));
      return last.text;
    }
    if (this.#earlier.size === 0) return undefined;
    const key = keyOf({ account, clientOrderId });
    const name = this.#earlier.get(key);
    this.#earlier.delete(key);
    return name?.text;
  }

  *[Symbol.iterator](): Generator<Name> {
    const last = this.#last;
    for (const name of this.#earlier.values()) if (last === undefined || keyOf(name) !== keyOf(last)) yield name;
    if (last !== undefined) yield last;
  }

  #putBack(name: Name): void {
    const [oldest] = this.#earlier.size < MOST_NAMES ? [] : this.#earlier.keys();
    if (oldest !== undefined) this.#earlier.delete(oldest);
    this.#earlier.set(keyOf(name), name);
  }
}

const keyOf = ({ account, clientOrderId }: Pick<Name, 'account' | 'clientOrderId'>): string =>
  `${account}/${clientOrderId}`;
