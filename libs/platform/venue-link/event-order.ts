/** What an event is to somebody who has seen those before it. */
export type Place = 'next' | 'repeated' | 'gap';

/**
 * Knows which event must come next. Events of one command are numbered from 0 and commands without a gap, so the next one is either
 * (same sequence, index + 1) or (sequence + 1, 0). After a resumption from the last sequence seen, what was seen already is `repeated`.
 */
export class EventOrder {
  #sequence: number;
  #index: number;

  /** @param sequence and index of the last event seen; 0 when none has been */
  constructor(sequence = 0, index = -1) {
    this.#sequence = sequence;
    this.#index = index;
  }

  /** For one who has dealt with all events of `sequence`: a checkpoint. */
  static after(sequence: number): EventOrder {
    return new EventOrder(sequence, Infinity);
  }

  /** The command whose events came last; 0 before any. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Where to subscribe: more events of the last command may follow. 0 when nothing has been seen. */
  get resumeFrom(): number {
    return this.#index === Infinity ? this.#sequence + 1 : this.#sequence;
  }

  get index(): number {
    return this.#index;
  }

  /** Places an event and, if it is the next one, moves on. Without any event before it the first one is always the next. */
  place(sequence: number, index: number): Place {
    const isFirst = this.#sequence === 0;
    const follows =
      (sequence === this.#sequence && index === this.#index + 1) ||
      (index === 0 && (isFirst || sequence === this.#sequence + 1));
    if (follows) {
      this.#sequence = sequence;
      this.#index = index;
      return 'next';
    }
    const isBehind = sequence < this.#sequence || (sequence === this.#sequence && index <= this.#index);
    return isBehind ? 'repeated' : 'gap';
  }
}
