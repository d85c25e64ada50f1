import { type CommandSender } from './command-batch.js';

/** Numbers reserved at a time. A restart skips what was left of them. */
const BLOCK = 4096;
const LAST = 0xffff_fffe;

/**
 * Gives out session numbers, never one twice, restarts included: before a number is given out, a tick whose origin is the end of its block is
 * durable in the journal and says that all up to there are used. So the journal, its snapshots and its followers all know it.
 */
export class SessionNumbers implements CommandSender {
  #next: number;
  #reserved: number;
  #isAsked = false;
  #pending: { upTo: number; sequence: number } | undefined;
  readonly #reserve: (upTo: number) => boolean;

  /**
   * @param used the highest number that the journal has reserved
   * @param reserve puts the tick into the journal on behalf of this, or answers false when it cannot now
   */
  constructor(used: number, reserve: (upTo: number) => boolean) {
    this.#next = used + 1;
    this.#reserved = used;
    this.#reserve = reserve;
  }

  /** Every number up to this one may have been given out: what a snapshot has to say. */
  get reserved(): number {
    return this.#pending?.upTo ?? this.#reserved;
  }

  /** A new number, or undefined when there is none just now. */
  take(): number | undefined {
    this.replenish();
    return this.#next <= this.#reserved ? this.#next++ : undefined;
  }

  /** Asks for another block in time. */
  replenish(): void {
    if (this.#isAsked || this.#reserved - this.#next >= BLOCK / 2 || this.#reserved === LAST) return;
    this.#isAsked = this.#reserve(Math.min(LAST, this.#reserved + BLOCK));
  }

  sequenced(upTo: number, sequence: number): void {
    this.#pending = { upTo, sequence };
  }

  refused(): void {
    this.#isAsked = false;
  }

  /** Commands up to `sequence` are durable. */
  released(sequence: number): void {
    if (this.#pending === undefined || this.#pending.sequence > sequence) return;
    this.#reserved = this.#pending.upTo;
    this.#pending = undefined;
    this.#isAsked = false;
  }
}
