import { createHmac, randomInt } from 'node:crypto';
import { newId } from './ids.js';
import { found } from './problem.js';
import { type Collection, type Store } from './store.js';
import { takeRule, type WebhookRules } from './webhook-rules.js';

export interface StoredEvent {
  readonly id: string;
  /** Without gaps, in the order in which things happened; what a poller goes on from. */
  readonly seq: number;
  readonly type: string;
  /** The exact bytes of every delivery. */
  readonly body: string;
  readonly delivery: 'pending' | 'held' | 'dropped' | 'delivered' | 'exhausted';
  readonly copies: number;
  readonly attempts: number;
  readonly createdMs: number;
  readonly nextAttemptMs: number;
  /** The receiver's last answer: a status, or why there was none. */
  readonly lastAnswer?: string;
}

export interface WebhookOptions {
  /** Without one, events are kept for pollers only. */
  readonly url?: string;
  readonly secret: string;
  readonly retryBaseMs?: number;
}

const RETRY_CAP_MS = 15 * 60_000;
const RETRY_FOR_MS = 24 * 3_600_000;
const IN_FLIGHT_MAX = 16;
const ANSWER_WITHIN_MS = 5_000;

/** `t=…,v1=HMAC-SHA256(secret, "t.body")`. */
export function sign(secret: string, body: string, unixSeconds: number): string {
  const v1 = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${v1}`;
}

/**
 * Tells the merchant what happened: at least once, for a day, further and further apart. An event is stored together with the change it tells
 * of, before anybody hears of either.
 */
export class Webhooks {
  readonly #events: Collection<StoredEvent>;
  readonly #rules: Collection<WebhookRules>;
  /** Ids of pending events, so that waking up does not walk through all of history. */
  readonly #pending: Set<string>;
  readonly #inFlight = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly store: Store,
    private readonly options: WebhookOptions,
  ) {
    this.#events = store.collection('events');
    this.#rules = store.collection('webhook-rules');
    const pending = this.#events.all().filter(({ delivery }) => delivery === 'pending');
    this.#pending = new Set(pending.map(({ id }) => id));
  }

  /** Goes on with what an earlier life of this process left undelivered. */
  start(): void {
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Stages an event beside the change it tells of; the caller commits both, then calls `flush`. */
  record(type: string, data: object): void {
    const id = newId('evt');
    const seq = this.#events.size + 1;
    const createdMs = Date.now();
    const body = JSON.stringify({ id, seq, type, createdAt: new Date(createdMs).toISOString(), data });
    const { rule, left } = takeRule(this.rules.rules, type);
    if (rule?.times !== undefined) this.#rules.put('rules', { rules: left });
    this.#put({
      id,
      seq,
      type,
      body,
      delivery: rule?.action === 'drop' ? 'dropped' : rule?.action === 'hold' ? 'held' : 'pending',
      copies: rule?.action === 'duplicate' ? rule.copies : 1,
      attempts: 0,
      createdMs,
      nextAttemptMs: createdMs + (rule?.action === 'delay' ? rule.delayMs : 0),
    });
  }

  /** Makes staged changes durable, then lets their events go out. */
  async flush(): Promise<void> {
    await this.store.commit();
    this.#wake();
  }

  get rules(): WebhookRules {
    return this.#rules.get('rules') ?? { rules: [] };
  }

  async setRules(rules: WebhookRules): Promise<void> {
    this.#rules.put('rules', rules);
    await this.store.commit();
  }

  /** Events after `seq`, oldest first. */
  eventsAfter(seq: number, limit: number): StoredEvent[] {
    return this.#events.all().slice(seq, seq + limit);
  }

  /** Sends held events one after the other: as they happened, backwards, shuffled, or in the order of the ids given. */
  async release(order: 'fifo' | 'lifo' | 'random' | readonly string[]): Promise<StoredEvent[]> {
    const held = this.#events.all().filter((event) => event.delivery === 'held');
    const chosen =
      typeof order !== 'string'
        ? order.map((id) =>
            found(
              held.find((event) => event.id === id),
              'held event',
            ),
          )
        : order === 'fifo'
          ? held
          : order === 'lifo'
            ? held.reverse()
            : shuffled(held);
    for (const event of chosen) await this.#deliver(this.#put({ ...event, delivery: 'pending' }));
    this.#wake();
    return chosen.map(({ id }) => found(this.#events.get(id), 'event'));
  }

  /** Sends one event again, signed as of `ageSeconds` ago, and answers what the receiver said. */
  async replay(id: string, ageSeconds: number): Promise<string> {
    const event = found(this.#events.get(id), 'event');
    return this.#post(event.body, Math.floor(Date.now() / 1000) - ageSeconds);
  }

  #wake(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.options.url === undefined) return;
    const waiting = [...this.#pending]
      .filter((id) => !this.#inFlight.has(id))
      .map((id) => found(this.#events.get(id), 'event'));
    const now = Date.now();
    const due = waiting.filter((event) => event.nextAttemptMs <= now).slice(0, IN_FLIGHT_MAX - this.#inFlight.size);
    for (const event of due) void this.#deliver(event).then(() => this.#wake());
    const next = Math.min(...waiting.map((event) => event.nextAttemptMs).filter((at) => at > now));
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.#wake(), next - now).unref();
  }

  #put(event: StoredEvent): StoredEvent {
    if (event.delivery === 'pending') this.#pending.add(event.id);
    else this.#pending.delete(event.id);
    return this.#events.put(event.id, event);
  }

  async #deliver(event: StoredEvent): Promise<void> {
    if (this.#closed) return;
    this.#inFlight.add(event.id);
    await this.store.commit();
    const copies = Array.from({ length: event.copies }, () => this.#post(event.body, Math.floor(Date.now() / 1000)));
    const answers = await Promise.all(copies);
    const delivered = answers.some((answer) => /^2\d\d$/.test(answer));
    const attempts = event.attempts + 1;
    const pauseMs = Math.min(RETRY_CAP_MS, (this.options.retryBaseMs ?? 1_000) * 2 ** Math.min(attempts - 1, 20));
    const exhausted = Date.now() + pauseMs > event.createdMs + RETRY_FOR_MS;
    this.#put({
      ...event,
      delivery: delivered ? 'delivered' : exhausted ? 'exhausted' : 'pending',
      attempts,
      nextAttemptMs: Date.now() + pauseMs,
      lastAnswer: answers.join(', '),
    });
    this.#inFlight.delete(event.id);
    if (!this.#closed) await this.store.commit();
  }

  async #post(body: string, unixSeconds: number): Promise<string> {
    if (this.options.url === undefined) return 'no receiver';
    try {
      const answer = await fetch(this.options.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          signature: sign(this.options.secret, body, unixSeconds),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      await answer.body?.cancel();
      return String(answer.status);
    } catch (error) {
      return error instanceof Error ? error.name : 'failed';
    }
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    [result[at], result[other]] = [result[other] as Item, result[at] as Item];
  }
  return result;
}
