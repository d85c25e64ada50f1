import { gauge } from '@base/observability';
import { type LinkRefusal } from '@core/contracts';
import { type CommandEffects } from '@core/venue-view';
import { type NoAnswer, type PlaceRequest } from './order-desk.js';

/** A command that has been sent and not answered yet. */
export interface Pending {
  /** Of a `place`: what it wanted, for the report of its refusal. */
  readonly place?: PlaceRequest;
  answer(effects: CommandEffects): void;
  fail(without: NoAnswer): void;
}

const inFlight = gauge({
  name: 'strongroom_gateway_commands_in_flight',
  help: 'Commands sent to the exchange and not answered',
});

/**
 * Commands between being sent and being answered: by their number on the link until the venue has given them a sequence, then by that, until
 * the view has come to its end.
 */
export class InFlight {
  readonly #sent = new Map<number, Pending>();
  readonly #sequenced = new Map<number, Pending>();
  #isCounted = true;

  get size(): number {
    return this.#sent.size + this.#sequenced.size;
  }

  send(number: number, pending: Pending): void {
    this.#sent.set(number, pending);
    this.#count();
  }

  /** Commands `command` to `command + count - 1` of the link are the venue's from `first` on. */
  sequenced(command: number, first: number, count: number): void {
    for (let k = 0; k < count; k += 1) {
      const pending = this.#sent.get(command + k);
      if (pending === undefined) continue;
      this.#sent.delete(command + k);
      this.#sequenced.set(first + k, pending);
    }
  }

  refused(command: number, reason: LinkRefusal): void {
    const pending = this.#sent.get(command);
    this.#sent.delete(command);
    pending?.fail({ kind: 'refused', reason });
    this.#count();
  }

  /** The place that became this command of the venue, if it is one of this process. */
  placeOf(sequence: bigint): PlaceRequest | undefined {
    return this.#sequenced.get(Number(sequence))?.place;
  }

  answer(effects: CommandEffects): void {
    const sequence = Number(effects.sequence);
    const pending = this.#sequenced.get(sequence);
    if (pending === undefined) return;
    this.#sequenced.delete(sequence);
    pending.answer(effects);
    this.#count();
  }

  /** The link has ended: nobody will say any more what became of those that have no sequence. */
  loseSent(): void {
    for (const pending of this.#sent.values()) pending.fail({ kind: 'unknown' });
    this.#sent.clear();
    this.#count();
  }

  /** Their events will not be seen, or not soon. */
  loseSequenced(): void {
    for (const pending of this.#sequenced.values()) pending.fail({ kind: 'unknown' });
    this.#sequenced.clear();
    this.#count();
  }

  /** The gauge is set once for all that one turn of the event loop brings. */
  #count(): void {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    setImmediate(() => {
      this.#isCounted = true;
      inFlight.set(this.size);
    });
  }
}
