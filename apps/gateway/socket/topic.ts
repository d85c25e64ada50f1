import { type LevelsUpdate } from './backlog.js';
import { type Outbox } from './outbox.js';
import { type PlacedMessage } from './resume-cache.js';
import { type SharedMessage } from './shared-message.js';

/** One connection's interest in one topic. */
export class Subscription {
  /** Messages that came while what was missed is looked up; undefined when nothing is waited for. */
  #held: PlacedMessage[] | undefined;
  #after: bigint | undefined;

  constructor(
    readonly outbox: Outbox,
    readonly topic: Topic,
    readonly withSequence: boolean,
  ) {}

  send(message: SharedMessage): void {
    this.outbox.push(this.withSequence ? message.bytes(true) : message);
  }

  /** A snapshot says all that was waiting to be said. */
  sendSnapshot(message: SharedMessage): void {
    this.outbox.backlog.forget(this.topic.key);
    this.send(message);
  }

  /** The client has seen everything up to here; what comes is kept until `resume`. */
  hold(from: bigint): void {
    this.#after = from;
    this.#held = [];
  }

  /** @param missed what came before the hold and after `from`, oldest first */
  resume(missed: readonly PlacedMessage[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const placed of [...missed, ...held]) if (this.admits(placed)) this.send(placed.message);
  }

  /** The client starts anew instead: with the snapshot that is sent next. */
  giveUpResuming(): void {
    this.#held = undefined;
    this.#after = undefined;
  }

  /** Whether the message goes to the client now: not when it has it already, and not while what came before is still looked up. */
  admits(placed: PlacedMessage): boolean {
    if (this.#after === undefined) return true;
    if (placed.position <= this.#after) return false;
    if (this.#held === undefined) {
      this.#after = placed.position;
      return true;
    }
    this.#held.push(placed);
    return false;
  }
}

/** Something that is told to whoever is subscribed to it. */
export class Topic {
  readonly subscriptions = new Set<Subscription>();

  constructor(readonly key: string) {}

  each(placed: PlacedMessage): void {
    for (const subscription of this.subscriptions) {
      if (subscription.admits(placed)) subscription.send(placed.message);
    }
  }

  /** The last of these replaces the others for a client that lags. */
  latest(message: SharedMessage, key = this.key): void {
    for (const { outbox, withSequence } of this.subscriptions) outbox.pushLatest(key, message.bytes(withSequence));
  }

  levels(placed: PlacedMessage, update: LevelsUpdate): void {
    for (const subscription of this.subscriptions) {
      if (subscription.admits(placed)) {
        subscription.outbox.pushLevels(update, placed.message, subscription.withSequence);
      }
    }
  }

  snapshot(message: SharedMessage): void {
    for (const subscription of this.subscriptions) {
      subscription.giveUpResuming();
      subscription.sendSnapshot(message);
    }
  }
}
