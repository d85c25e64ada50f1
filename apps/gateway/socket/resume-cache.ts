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

/** What is kept, so that no stream of commands exhausts the memory of a process. */
export interface ResumeLimits {
  /** Messages of a public topic. */
  readonly messages?: number;
  /** Messages of an account's reports: there are as many topics as accounts. */
  readonly reports?: number;
  /** The one that was silent longest makes room. */
  readonly topics?: number;
  /** What all messages together take, by `SharedMessage.keptBytes`. */
  readonly bytes?: number;
}

export const RESUME_LIMITS: Readonly<Required<ResumeLimits>> = {
  messages: 2_000,
  reports: 250,
  topics: 2_000,
  bytes: 128 * 1024 * 1024,
};

/** Messages of a topic, oldest first; whoever adds sees to it that they do not become too many. */
class Messages {
  #placed: (PlacedMessage | undefined)[] = [];
  #first = 0;

  constructor(private floor: bigint) {}

  get count(): number {
    return this.#placed.length - this.#first;
  }

  add(placed: PlacedMessage): void {
    this.#placed.push(placed);
  }

  /** The oldest, which is known no more. */
  forgetOldest(): PlacedMessage | undefined {
    const oldest = this.#placed[this.#first];
    if (oldest === undefined) return undefined;
    this.floor = oldest.position;
    this.#placed[this.#first] = undefined;
    this.#first += 1;
    if (this.#first * 2 >= this.#placed.length) {
      this.#placed = this.#placed.slice(this.#first);
      this.#first = 0;
    }
    return oldest;
  }

  /** Everything after this position is here. */
  get reachesBackTo(): bigint {
    return this.floor;
  }

  after(from: bigint): readonly PlacedMessage[] | undefined {
    if (from < this.floor) return undefined;
    let at = this.#placed.length;
    while (at > this.#first && (this.#placed[at - 1]?.position ?? 0n) > from) at -= 1;
    return this.#placed.slice(at).filter((placed) => placed !== undefined);
  }
}

/** Of this process alone. One budget for all topics: the messages of the topic that was silent longest make room, the oldest first. */
export class MemoryResumeCache implements ResumeCache {
  /** The longest silent first. */
  readonly #topics = new Map<string, Messages>();
  readonly #limits: Required<ResumeLimits>;
  #bytes = 0;
  /** Topics without messages have said nothing after this command. */
  #begun = 0n;

  constructor(limits: ResumeLimits = {}) {
    this.#limits = { ...RESUME_LIMITS, ...limits };
  }

  /** What all kept messages together take. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(sequence: bigint): void {
    this.#topics.clear();
    this.#bytes = 0;
    this.#begun = sequence;
  }

  /** Nothing: what is here is here at once. */
  reached(): void {
    return undefined;
  }

  add(topic: string, placed: PlacedMessage): void {
    const messages = this.#topics.get(topic) ?? new Messages(lastPositionOf(topic, this.#begun));
    this.#topics.delete(topic);
    this.#topics.set(topic, messages);
    messages.add(placed);
    this.#bytes += placed.message.keptBytes;
    if (messages.count > messagesOf(topic, this.#limits)) this.#forgetOldestOf(topic, messages);
    while (this.#bytes > this.#limits.bytes) this.#forgetOldestOf(...this.#silentest());
    if (this.#topics.size <= this.#limits.topics) return;
    const [silentest, all] = this.#silentest();
    while (all.count > 0) this.#forgetOldestOf(silentest, all);
  }

  after(topic: string, from: bigint): readonly PlacedMessage[] | undefined {
    const messages = this.#topics.get(topic);
    if (messages !== undefined) return messages.after(from);
    return from < this.reachesBackTo(topic) ? undefined : [];
  }

  /** Of the topic everything after this position is known here. */
  reachesBackTo(topic: string): bigint {
    return this.#topics.get(topic)?.reachesBackTo ?? lastPositionOf(topic, this.#begun);
  }

  close(): Promise<void> {
    this.begin(this.#begun);
    return Promise.resolve();
  }

  /** A topic that has lost its last message had said something until then: without messages it is known only from there on, and so are all others. */
  #forgetOldestOf(topic: string, messages: Messages): void {
    const forgotten = messages.forgetOldest();
    if (forgotten === undefined) return;
    this.#bytes -= forgotten.message.keptBytes;
    if (messages.count > 0) return;
    this.#topics.delete(topic);
    if (forgotten.message.sequence > this.#begun) this.#begun = forgotten.message.sequence;
  }

  #silentest(): [string, Messages] {
    for (const entry of this.#topics) return entry;
    throw new Error('what nothing tells of cannot be too much');
  }
}

export const messagesOf = (topic: string, { messages, reports }: Required<ResumeLimits>): number =>
  topic.startsWith('trading ') ? reports : messages;
