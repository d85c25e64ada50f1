import { type SharedMessage } from './shared-message.js';

/** A message at its place in a channel. Positions grow; what they count is the channel's (docs/exchange-websocket.md). */
export interface PlacedMessage {
  readonly position: bigint;
  readonly message: SharedMessage;
}

/** Commands have at most this many events; a trade's id is sequence × this + index. */
const EVENTS_PER_COMMAND = 65_536n;

/**
 * The last position that command `sequence` can have in a channel: of `l2` and `l3` it is the command itself, of `trades` a trade's id, of `trading` a
 * report's execution id.
 */
export function lastPositionOf(topic: string, sequence: bigint): bigint {
  if (topic.startsWith('trades ')) return (sequence + 1n) * EVENTS_PER_COMMAND - 1n;
  if (topic.startsWith('trading ')) return (sequence + 1n) * EVENTS_PER_COMMAND * 2n - 1n;
  return sequence;
}

/**
 * What channels said lately, so that a client that was away for a moment gets what it missed instead of a snapshot. A cache: what it does not know in full
 * it does not answer.
 */
export interface ResumeCache {
  /** Everything after this command of the venue will be added; nothing before it can be relied on. Again when something was missed. */
  begin(sequence: bigint): void;
  add(topic: string, placed: PlacedMessage): void;
  /** All that was added so far came of commands up to this one, which is the last. Called at the end of a turn. */
  reached(sequence: bigint): void;
  /** All after `from`, oldest first; undefined when the cache does not reach back that far. At once where memory has it. */
  after(
    topic: string,
    from: bigint,
  ): readonly PlacedMessage[] | undefined | Promise<readonly PlacedMessage[] | undefined>;
  close(): Promise<void>;
}

/** The last messages of a topic; the oldest make room. */
class Ring {
  #placed: PlacedMessage[] = [];
  #head = 0;

  constructor(
    private readonly capacity: number,
    private floor: bigint,
  ) {}

  add(placed: PlacedMessage): void {
    this.#placed.push(placed);
    if (this.#placed.length - this.#head <= this.capacity) return;
    this.floor = this.#placed[this.#head]?.position ?? this.floor;
    this.#head += 1;
    if (this.#head < this.capacity) return;
    this.#placed = this.#placed.slice(this.#head);
    this.#head = 0;
  }

  /** Everything after this position is here. */
  get reachesBackTo(): bigint {
    return this.floor;
  }

  after(from: bigint): readonly PlacedMessage[] | undefined {
    if (from < this.floor) return undefined;
    let at = this.#placed.length;
    while (at > this.#head && (this.#placed[at - 1]?.position ?? 0n) > from) at -= 1;
    return this.#placed.slice(at);
  }
}

/** Of this process alone. */
export class MemoryResumeCache implements ResumeCache {
  readonly #rings = new Map<string, Ring>();
  #begun = 0n;
  #latest = 0n;

  /** @param messages kept of each topic @param topics kept at most: the one that was silent longest makes room */
  constructor(
    private readonly messages = 2_000,
    private readonly topics = 2_000,
  ) {}

  begin(sequence: bigint): void {
    this.#rings.clear();
    this.#begun = sequence;
    this.#latest = sequence;
  }

  reached(sequence: bigint): void {
    this.#latest = sequence;
  }

  add(topic: string, placed: PlacedMessage): void {
    const ring = this.#rings.get(topic) ?? new Ring(this.messages, lastPositionOf(topic, this.#begun));
    this.#rings.delete(topic);
    this.#rings.set(topic, ring);
    ring.add(placed);
    this.#latest = placed.message.sequence;
    if (this.#rings.size > this.topics) this.#forgetSilentest();
  }

  after(topic: string, from: bigint): readonly PlacedMessage[] | undefined {
    const ring = this.#rings.get(topic);
    if (ring !== undefined) return ring.after(from);
    return from < this.reachesBackTo(topic) ? undefined : [];
  }

  /** Of the topic everything after this position is known here. */
  reachesBackTo(topic: string): bigint {
    return this.#rings.get(topic)?.reachesBackTo ?? lastPositionOf(topic, this.#begun);
  }

  close(): Promise<void> {
    this.#rings.clear();
    return Promise.resolve();
  }

  /** A topic without a ring has said nothing since `begun`: that is true of this one only from now on, and so of all without one. */
  #forgetSilentest(): void {
    const [silentest] = this.#rings.keys();
    if (silentest !== undefined) this.#rings.delete(silentest);
    this.#begun = this.#latest;
  }
}
