import { type Clock } from '@base/clock';
import { type Database, type Tx, uuidV7 } from '@base/database';
import { listen, repeat, type Repeating, Wake } from '@base/jobs';
import { counter, type Logger } from '@base/observability';

export interface NewEvent {
  /** `library.what-happened`, in the past tense: `payments.card-captured`. */
  readonly type: string;
  readonly aggregate: string;
  readonly aggregateId: string;
  /** JSON; amounts as strings. */
  readonly payload: unknown;
}

export interface DomainEvent<Payload = unknown> {
  readonly seq: bigint;
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly payload: Payload;
  readonly at: Date;
}

export interface Consumer {
  /** Owns a cursor in the database: a new name reads from the beginning. */
  readonly consumer: string;
  readonly types: readonly string[];
  /** Its effects and the cursor commit together: each event takes effect once, in the order of the log. */
  readonly handle: (tx: Tx, event: DomainEvent) => Promise<void>;
}

const POLL_MS = 250;
const BATCH = 100;
const FAILURES_UNTIL_PARKED = 8;
const RETRY_BASE_MS = 200;

const consumed = counter({
  name: 'strongroom_events_consumed_total',
  help: 'Events by consumer and outcome',
  labels: ['consumer', 'outcome'],
});

interface Cursor {
  readonly xid: string;
  readonly seq: bigint;
  readonly failures: number;
  readonly waiting: boolean;
}

type FeedRow = DomainEvent & { readonly xid: string };

/**
 * The domain's event log: a table written in the transaction of what happened. Readers follow the order in which transactions became final
 * (`xid` below the snapshot's horizon), because ids become visible out of order and "id > last" would skip a late commit.
 */
export class Events {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #wake: Wake;
  readonly #consumers: Consumer[] = [];
  #loops: Repeating[] = [];
  #unlisten: () => Promise<void> = () => Promise.resolve();

  constructor(parts: { database: Database; clock: Clock; logger: Logger }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#wake = new Wake(parts.database, 'event');
  }

  async append(tx: Tx, event: NewEvent): Promise<void> {
    await tx.query(
      'INSERT INTO base.event (id, type, aggregate, aggregate_id, payload, at) VALUES ($1, $2, $3, $4, $5, $6)',
      [uuidV7(), event.type, event.aggregate, event.aggregateId, JSON.stringify(event.payload), this.#clock.now()],
    );
    tx.afterCommit(() => this.#wake.signal());
  }

  consume(consumer: Consumer): void {
    if (this.#consumers.some((other) => other.consumer === consumer.consumer))
      throw new Error(`two consumers are called ${consumer.consumer}`);
    this.#consumers.push(consumer);
  }

  /** Runs all consumers of this process; the same consumer in several processes takes turns. */
  start(): void {
    this.#loops = this.#consumers.map((consumer) =>
      repeat(
        POLL_MS,
        async () => void (await this.#drain(consumer)),
        (error) => this.#logger.warn({ err: error, consumer: consumer.consumer }, 'a consumer will try again'),
      ),
    );
    this.#unlisten = listen(this.#database, 'event', () => this.#loops.forEach((loop) => loop.now()));
  }

  async stop(): Promise<void> {
    await this.#unlisten();
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** Runs all consumers until none has anything left that is final: for specs. */
  async runPending(): Promise<void> {
    for (let moved = true; moved;) {
      moved = false;
      for (const consumer of this.#consumers) moved = (await this.#drain(consumer)) || moved;
    }
  }

  /** Events of one aggregate, oldest first. */
  of(aggregate: string, aggregateId: string, limit = 200): Promise<DomainEvent[]> {
    return this.#database.query<DomainEvent>(
      `SELECT seq, id, type, aggregate, aggregate_id AS "aggregateId", payload, at FROM base.event
        WHERE aggregate = $1 AND aggregate_id = $2 ORDER BY seq LIMIT $3`,
      [aggregate, aggregateId, limit],
    );
  }

  async #drain(consumer: Consumer): Promise<boolean> {
    let moved = false;
    while (await this.#step(consumer)) moved = true;
    return moved;
  }

  /** One batch in one transaction; when an event fails in it, that event alone is tried, and parked after too many failures. */
  async #step(consumer: Consumer): Promise<boolean> {
    const failed: { event?: FeedRow } = {};
    try {
      return await this.#database.transaction(async (tx) => {
        const cursor = await this.#lockCursor(tx, consumer.consumer);
        if (!cursor || cursor.waiting) return false;
        const events = await this.#nextEvents(tx, consumer, cursor);
        for (const event of events) {
          failed.event = event;
          await consumer.handle(tx, event);
        }
        failed.event = undefined;
        const last = events.at(-1);
        if (!last) return false;
        await this.#moveCursor(tx, consumer.consumer, last);
        consumed.inc({ consumer: consumer.consumer, outcome: 'handled' }, events.length);
        return true;
      });
    } catch (error) {
      if (!failed.event) throw error;
      return this.#failed(consumer, failed.event, error);
    }
  }

  async #lockCursor(tx: Tx, name: string): Promise<Cursor | undefined> {
    await tx.query('INSERT INTO base.event_consumer (name) VALUES ($1) ON CONFLICT DO NOTHING', [name]);
    return tx.maybeOne<Cursor>(
      `SELECT xid::text AS xid, seq, failures, coalesce(retry_at > clock_timestamp(), false) AS waiting
         FROM base.event_consumer WHERE name = $1 FOR UPDATE SKIP LOCKED`,
      [name],
    );
  }

  #nextEvents(tx: Tx, consumer: Consumer, cursor: Cursor): Promise<FeedRow[]> {
    return tx.query<FeedRow>(
      `SELECT seq, xid::text AS xid, id, type, aggregate, aggregate_id AS "aggregateId", payload, at FROM base.event
        WHERE (xid, seq) > ($1::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot()) AND type = ANY ($3)
        ORDER BY xid, seq LIMIT $4`,
      [cursor.xid, cursor.seq, consumer.types, cursor.failures > 0 ? 1 : BATCH],
    );
  }

  async #moveCursor(tx: Tx, name: string, to: FeedRow): Promise<void> {
    await tx.query(
      'UPDATE base.event_consumer SET xid = $2::xid8, seq = $3, failures = 0, retry_at = NULL, error = NULL WHERE name = $1',
      [name, to.xid, to.seq],
    );
  }

  async #failed(consumer: Consumer, event: FeedRow, error: unknown): Promise<boolean> {
    const text = (error instanceof Error ? `${error.name}: ${error.message}` : 'not an error').slice(0, 500);
    this.#logger.warn({ err: error, consumer: consumer.consumer, event: event.seq.toString() }, 'a consumer failed');
    return this.#database.transaction(async (tx) => {
      const cursor = await this.#lockCursor(tx, consumer.consumer);
      if (!cursor) return false;
      // The failure may have been in a batch: only when the event stood alone does it count against it.
      if (cursor.failures + 1 >= FAILURES_UNTIL_PARKED) {
        await tx.query('INSERT INTO base.event_parked (consumer, event_seq, error) VALUES ($1, $2, $3)', [
          consumer.consumer,
          event.seq,
          text,
        ]);
        await this.#moveCursor(tx, consumer.consumer, event);
        consumed.inc({ consumer: consumer.consumer, outcome: 'parked' });
        return true;
      }
      const pause = cursor.failures === 0 ? 0 : RETRY_BASE_MS * 2 ** cursor.failures;
      await tx.query(
        `UPDATE base.event_consumer SET failures = failures + 1, error = $2, retry_at = clock_timestamp() + $3 * interval '1 ms' WHERE name = $1`,
        [consumer.consumer, text, pause],
      );
      return pause === 0;
    });
  }
}
