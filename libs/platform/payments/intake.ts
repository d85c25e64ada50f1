import { z } from 'zod';
import { type Clock } from '@base/clock';
import { CommitUnknown, type Database, DatabaseBusy, DatabaseUnavailable, isConflict, type Tx } from '@base/database';
import { counter, type Logger } from '@base/observability';
import { type Applied } from './apply-card-payment.js';
import { type OutsideEvent } from './card-processor.js';
import { countAttempt, type EventSource, type EventState, insertEvent, lockEvent, lockWaiting, setEvent, type StoredEvent } from './outside-events.js'; // prettier-ignore
import { openFreeze } from './freezes.js';
import { Contradiction, refused } from './refusals.js';

const Envelope = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/),
  seq: z.number().int().positive().transform(BigInt),
  type: z.string().regex(/^[a-z0-9_.-]{1,64}$/),
  data: z.unknown(),
});

/** One source of events: how to read what it says, and who acts on it. */
export interface Source<Fact> {
  readonly source: EventSource;
  /** @throws OutsideNonsense */
  readonly factOf: (event: Pick<OutsideEvent, 'type' | 'data'>) => Fact;
  readonly subjectOf: (fact: Fact) => string;
  readonly apply: (tx: Tx, fact: Fact) => Promise<Applied>;
}

export type Received = 'new' | 'known';

const received = counter({
  name: 'strongroom_payments_outside_events_total',
  help: 'Events from bank and card processor by what became of them',
  labels: ['source', 'outcome'],
});

const STATE_OF: Readonly<Record<Applied, EventState>> = {
  applied: 'APPLIED',
  stale: 'APPLIED',
  waiting: 'WAITING',
  unknown: 'IGNORED',
};

/**
 * Takes events from one source, by webhook or by poll, in any order and any number of times. The event, its effect and the note that it was seen are one transaction. One
 * that needs another first waits in the table for it. One that cannot be applied is kept as failed and counted: the sender is told that we have it, because sending it
 * again would not help, and a person looks.
 */
export class Intake<Fact> {
  constructor(
    private readonly database: Database,
    private readonly from: Source<Fact>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** An event as it was posted to us, signature checked. @throws Refusal 400 `webhook_invalid` */
  receive(body: unknown): Promise<Received> {
    const parsed = Envelope.safeParse(body);
    if (!parsed.success) throw refused('webhook_invalid');
    return this.take(parsed.data, 'webhook');
  }

  async take(event: OutsideEvent, via: 'webhook' | 'poll'): Promise<Received> {
    try {
      return await this.database.transaction((tx) => this.#store(tx, event, via));
    } catch (error) {
      if (isTransient(error)) throw error;
      this.logger.error({ err: error, source: this.from.source, event: event.id }, 'an event could not be applied');
      return this.database.transaction((tx) => this.#storeFailed(tx, event, via, error));
    }
  }

  /** Applies what waited for this subject. */
  async applyWaiting(tx: Tx, subject: string): Promise<void> {
    for (const event of await lockWaiting(tx, this.from.source, subject)) await this.#again(tx, event);
  }

  /** An operator has seen to the cause of a failure. @throws Refusal; whatever it fails with again */
  async retry(tx: Tx, id: string): Promise<EventState> {
    const event = await lockEvent(tx, this.from.source, id);
    if (event === undefined) throw refused('event_unknown');
    if (event.state !== 'FAILED') throw refused('event_settled');
    return this.#again(tx, event);
  }

  /** As `retry`, in a transaction of its own, by the reaper: what fails again is counted and stays. */
  async tryAgain(id: string): Promise<void> {
    try {
      await this.database.transaction((tx) => this.retry(tx, id));
    } catch (error) {
      if (isTransient(error)) throw error;
      await this.database.transaction((tx) => countAttempt(tx, { source: this.from.source, id }));
    }
  }

  async #store(tx: Tx, event: OutsideEvent, via: 'webhook' | 'poll'): Promise<Received> {
    const { source, factOf, subjectOf, apply } = this.from;
    const fact = factOf(event);
    const now = this.clock.now();
    if (!(await insertEvent(tx, source, event, { subject: subjectOf(fact), via, now }))) {
      received.inc({ source, outcome: 'known' });
      return 'known';
    }
    const applied = await apply(tx, fact);
    await setEvent(tx, { source, id: event.id }, { state: STATE_OF[applied], note: applied, now });
    tx.afterCommit(() => received.inc({ source, outcome: applied }));
    return 'new';
  }

  async #storeFailed(tx: Tx, event: OutsideEvent, via: 'webhook' | 'poll', error: unknown): Promise<Received> {
    const { source } = this.from;
    const now = this.clock.now();
    if (!(await insertEvent(tx, source, event, { subject: '', via, now }))) return 'known';
    const note = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : 'not an error';
    await setEvent(tx, { source, id: event.id }, { state: 'FAILED', note, now });
    if (error instanceof Contradiction && error.customerId !== null) {
      const about = { scope: 'customer', subject: error.customerId, reason: 'contradiction' } as const;
      await openFreeze(tx, { ...about, sourceId: event.id, openedAt: now });
    }
    tx.afterCommit(() => received.inc({ source, outcome: 'failed' }));
    return 'new';
  }

  async #again(tx: Tx, event: StoredEvent): Promise<EventState> {
    const applied = await this.from.apply(tx, this.from.factOf({ type: event.type, data: event.payload }));
    await countAttempt(tx, event);
    await setEvent(tx, event, { state: STATE_OF[applied], note: applied, now: this.clock.now() });
    return STATE_OF[applied];
  }
}

/** The sender tries again, and then it will do. */
const isTransient = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable ||
  error instanceof DatabaseBusy ||
  error instanceof CommitUnknown ||
  isConflict(error);
