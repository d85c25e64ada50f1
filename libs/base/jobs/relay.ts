import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { gauge, type Logger } from '@base/observability';
import { repeat } from './repeat.js';
import { listen } from './wake.js';
import { type Ticket, type WorkQueue } from './work-queue.js';

const BATCH = 500;
const POLL_MS = 500;
const SWEEP_MS = 2_000;
/** A row handed over this long ago and neither done nor claimed was forgotten by the queue, or its worker died. */
const FORGOTTEN_AFTER_MS = 10_000;

const depth = gauge({ name: 'strongroom_outbox_rows', help: 'Outbox rows not done, by state', labels: ['state'] });

/** Hands due outbox rows to the work queue, and again those that the queue seems to have lost. Any number may run at once. */
export class OutboxRelay {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #logger: Logger;
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor(parts: { database: Database; clock: Clock; queue: WorkQueue; logger: Logger }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#queue = parts.queue;
    this.#logger = parts.logger;
  }

  start(): void {
    const relay = repeat(POLL_MS, () => this.#relayAll(), this.#tell);
    const sweep = repeat(SWEEP_MS, () => this.#sweep(), this.#tell);
    const unlisten = listen(this.#database, 'outbox', () => relay.now());
    this.#stop = async () => {
      await Promise.all([relay.stop(), sweep.stop(), unlisten()]);
    };
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  readonly #tell = (error: unknown): void => this.#logger.warn({ err: error }, 'the outbox relay will try again');

  async #relayAll(): Promise<void> {
    while ((await this.#relayBatch()) === BATCH);
  }

  /** The rows stay locked until the queue has them; when it refuses, they stay where they are. */
  async #relayBatch(): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const rows = await tx.query<Ticket>(
        `UPDATE base.outbox SET dispatched_at = clock_timestamp(), dispatches = dispatches + 1
          WHERE id IN (SELECT id FROM base.outbox
                        WHERE dispatched_at IS NULL AND done_at IS NULL AND dead_at IS NULL AND run_at <= $1
                        ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED)
          RETURNING id, dispatches AS dispatch`,
        [this.#clock.now(), BATCH],
      );
      if (rows.length > 0) await this.#queue.add(rows);
      return rows.length;
    });
  }

  async #sweep(): Promise<void> {
    await this.#database.query(
      `UPDATE base.outbox SET dispatched_at = NULL
        WHERE id IN (SELECT id FROM base.outbox
                      WHERE dispatched_at < clock_timestamp() - $1 * interval '1 ms' AND done_at IS NULL AND dead_at IS NULL
                        AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
                      LIMIT 5000 FOR UPDATE SKIP LOCKED)`,
      [FORGOTTEN_AFTER_MS],
    );
    const row = await this.#database.one<{ waiting: bigint; flying: bigint; dead: bigint }>(
      `SELECT (SELECT count(*) FROM base.outbox WHERE dispatched_at IS NULL AND done_at IS NULL AND dead_at IS NULL) AS waiting,
              (SELECT count(*) FROM base.outbox WHERE dispatched_at IS NOT NULL AND done_at IS NULL AND dead_at IS NULL) AS flying,
              (SELECT count(*) FROM base.outbox WHERE dead_at IS NOT NULL) AS dead`,
    );
    depth.set({ state: 'waiting' }, Number(row.waiting));
    depth.set({ state: 'in_flight' }, Number(row.flying));
    depth.set({ state: 'dead' }, Number(row.dead));
  }
}
