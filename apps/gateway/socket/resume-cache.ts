import { Blocks, KeptMessages, type PlacedMessage } from './kept-messages.js';

export { type PlacedMessage } from './kept-messages.js';

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
  /** What all messages together take, in whole blocks. */
  readonly bytes?: number;
}

export const RESUME_LIMITS: Readonly<Required<ResumeLimits>> = {
  messages: 2_000,
  reports: 250,
  topics: 2_000,
  bytes: 128 * 1024 * 1024,
};

/** A topic between those that said something right before and right after it. */
interface Said {
  readonly topic: string;
  readonly messages: KeptMessages;
  before: Said | undefined;
  after: Said | undefined;
}

/** Memory of this process alone. One budget for all topics: the messages of the topic that was silent longest make room, the oldest first. */
export class MemoryResumeCache implements ResumeCache {
  readonly #topics = new Map<string, Said>();
  readonly #limits: Required<ResumeLimits>;
  readonly #blocks = new Blocks();
  #silentest: Said | undefined;
  #latest: Said | undefined;
  /** Topics without messages have said nothing after this command. */
  #begun = 0n;

  constructor(limits: ResumeLimits = {}) {
    this.#limits = { ...RESUME_LIMITS, ...limits };
  }

  /** What all kept messages together take. */
  get bytes(): number {
    return this.#blocks.bytes;
  }

  begin(sequence: bigint): void {
    for (const { messages } of this.#topics.values()) messages.clear();
    this.#topics.clear();
    this.#silentest = undefined;
    this.#latest = undefined;
    this.#begun = sequence;
  }

  /** Nothing: what is here is here at once. */
  reached(): void {
    return undefined;
  }

  add(topic: string, placed: PlacedMessage): void {
    const said = this.#topics.get(topic) ?? this.#open(topic);
    this.#saysNow(said);
    said.messages.add(placed);
    if (said.messages.count > messagesOf(topic, this.#limits)) this.#forgetOldestOf(said);
    while (this.bytes > this.#limits.bytes && this.#silentest !== undefined) this.#forgetOldestOf(this.#silentest);
    if (this.#topics.size <= this.#limits.topics || this.#silentest === undefined) return;
    const silentest = this.#silentest;
    while (silentest.messages.count > 0) this.#forgetOldestOf(silentest);
  }

  after(topic: string, from: bigint): readonly PlacedMessage[] | undefined {
    const messages = this.#topics.get(topic)?.messages;
    if (messages !== undefined) return messages.after(from);
    return from < this.reachesBackTo(topic) ? undefined : [];
  }

  /** Of the topic everything after this position is known here. */
  reachesBackTo(topic: string): bigint {
    return this.#topics.get(topic)?.messages.reachesBackTo ?? lastPositionOf(topic, this.#begun);
  }

  close(): Promise<void> {
    this.begin(this.#begun);
    return Promise.resolve();
  }

  #open(topic: string): Said {
    const messages = new KeptMessages(lastPositionOf(topic, this.#begun), this.#blocks);
    const said: Said = { topic, messages, before: undefined, after: undefined };
    this.#topics.set(topic, said);
    return said;
  }

  /** To the end of those that speak, in which the first has been silent longest. */
  #saysNow(said: Said): void {
    if (this.#latest === said) return;
    this.#unlink(said);
    said.before = this.#latest;
    if (this.#latest !== undefined) this.#latest.after = said;
    this.#latest = said;
    this.#silentest ??= said;
  }

  #unlink(said: Said): void {
    const { before, after } = said;
    if (before !== undefined) before.after = after;
    else if (this.#silentest === said) this.#silentest = after;
    if (after !== undefined) after.before = before;
    else if (this.#latest === said) this.#latest = before;
    said.before = undefined;
    said.after = undefined;
  }

  /** A topic that has lost its last message had said something until then: without messages it is known only from there on, and so are all others. */
  #forgetOldestOf(said: Said): void {
    const { topic, messages } = said;
    const sequence = messages.forgetOldest();
    if (messages.count > 0) return;
    this.#topics.delete(topic);
    this.#unlink(said);
    if (sequence > this.#begun) this.#begun = sequence;
  }
}

export const messagesOf = (topic: string, { messages, reports }: Required<ResumeLimits>): number =>
  topic.startsWith('trading ') ? reports : messages;
