import { gauge } from '@base/observability';
import { type LinkRefusal } from '@core/contracts';
import { type CommandEffects } from '@core/venue-view';
import { type NoAnswer, type PlaceRequest } from './order-desk.js';
import { Queue } from './queue.js';

/** A command that has been sent and not answered yet. */
export interface Pending {
  /** Of a `place`: what it wanted, for the report of its refusal. */
  readonly place: PlaceRequest | undefined;
  answer(effects: CommandEffects): void;
  fail(without: NoAnswer): void;
}

const COUNT_MS = 100;

const inFlight = gauge({
  name: 'strongroom_gateway_commands_in_flight',
  help: 'Commands sent to the exchange and not answered',
});

/**
 * Commands between being sent and being answered: by their number on the link until the venue has given them a sequence, then in the order of those,
 * until the view has come to their ends. Both orders are the venue's own, so neither needs looking up.
 */
export class InFlight {
  /** By number, from `#firstSent` on; those that nobody waits for, or that have gone on, are holes. */
  #sent = new Queue<Pending | undefined>();
  #firstSent = 1;
  #waiting = 0;
  readonly #sequenced = new Queue<{ readonly sequence: number; readonly pending: Pending }>();
  #isCounted = true;

  get size(): number {
    return this.#waiting + this.#sequenced.length;
  }

  /** @param number on the link: each is higher than the one before */
  send(number: number, pending: Pending): void {
    if (this.#sent.length === 0) this.#firstSent = number;
    while (this.#firstSent + this.#sent.length < number) this.#sent.push(undefined);
    this.#sent.push(pending);
    this.#waiting += 1;
    this.#count();
  }

  /** Commands `command` to `command + count - 1` of the link are the venue's from `first` on. */
  sequenced(command: number, first: number, count: number): void {
    for (let k = 0; k < count; k += 1) {
      const pending = this.#takeSent(command + k);
      if (pending !== undefined) this.#sequenced.push({ sequence: first + k, pending });
    }
  }

  refused(command: number, reason: LinkRefusal): void {
    this.#takeSent(command)?.fail({ kind: 'refused', reason });
    this.#count();
  }

  /** The place that became this command of the venue, if it is one of this process. */
  placeOf(sequence: bigint): PlaceRequest | undefined {
    return this.#next(Number(sequence))?.place;
  }

  answer(effects: CommandEffects): void {
    const pending = this.#next(Number(effects.sequence));
    if (pending === undefined) return;
    this.#sequenced.shift();
    pending.answer(effects);
    this.#count();
  }

  /** The link has ended: nobody will say any more what became of those that have no sequence. The next one numbers anew. */
  loseSent(): void {
    const lost = this.#sent;
    this.#sent = new Queue();
    this.#waiting = 0;
    for (const pending of lost.drain()) pending?.fail({ kind: 'unknown' });
    this.#count();
  }

  /** Their events will not be seen, or not soon. */
  loseSequenced(): void {
    for (const { pending } of this.#sequenced.drain()) pending.fail({ kind: 'unknown' });
    this.#count();
  }

  #takeSent(number: number): Pending | undefined {
    const at = number - this.#firstSent;
    const pending = at < 0 ? undefined : this.#sent.at(at);
    if (pending === undefined) return undefined;
    this.#sent.set(at, undefined);
    this.#waiting -= 1;
    while (this.#sent.length > 0 && this.#sent.at(0) === undefined) {
      this.#sent.shift();
      this.#firstSent += 1;
    }
    return pending;
  }

  /** The one that became command `sequence`, if it is one of this process. What the view has passed without a word will not be told of any more. */
  #next(sequence: number): Pending | undefined {
    let first = this.#sequenced.at(0);
    while (first !== undefined && first.sequence < sequence) {
      this.#sequenced.shift();
      first.pending.fail({ kind: 'unknown' });
      first = this.#sequenced.at(0);
    }
    return first?.sequence === sequence ? first.pending : undefined;
  }

  /** The gauge is set ten times a second at most. */
  #count(): void {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    setTimeout(() => {
      this.#isCounted = true;
      inFlight.set(this.size);
    }, COUNT_MS).unref();
  }
}
