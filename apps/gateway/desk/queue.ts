const FIRST_CAPACITY = 64;

/** First in, first out, in a ring that doubles when it is full: what has left it leaves no trace for the garbage collector to follow. */
export class Queue<Item> {
  #items: (Item | undefined)[] = new Array<Item | undefined>(FIRST_CAPACITY).fill(undefined);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#first + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
  }

  /** @param index 0 is the oldest; undefined beyond the newest */
  at(index: number): Item | undefined {
    return index < this.#length ? this.#items[(this.#first + index) & (this.#items.length - 1)] : undefined;
  }

  /** Puts another in the place of one that is there. */
  set(index: number, item: Item): void {
    this.#items[(this.#first + index) & (this.#items.length - 1)] = item;
  }

  /** Takes the oldest. */
  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#length -= 1;
    return item;
  }

  /** Takes all there are when it is asked, oldest first. */
  drain(): Item[] {
    const all: Item[] = [];
    for (let left = this.#length; left > 0; left -= 1) all.push(this.shift() as Item);
    return all;
  }

  #grow(): void {
    const items = this.#items;
    const again = [...items.slice(this.#first), ...items.slice(0, this.#first)];
    this.#items = [...again, ...new Array<Item | undefined>(items.length).fill(undefined)];
    this.#first = 0;
  }
}
