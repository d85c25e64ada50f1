import { randomUUID } from 'node:crypto';
import { type Database } from '@base/database';
import { counter, type Logger } from '@base/observability';
import { repeat, type Repeating } from './repeat.js';

export interface Schedule {
  readonly kind: string;
  readonly everyMs: number;
  /** Must be safe to run twice: the lease of a stalled holder passes on while it may still be running. */
  readonly run: () => Promise<void>;
}

const LEASE_MS = 10_000;
const RENEW_MS = 3_000;

const runs = counter({
  name: 'strongroom_schedule_runs_total',
  help: 'Scheduled runs by outcome',
  labels: ['kind', 'outcome'],
});

/** Runs schedules by a lease in the database: of all worker processes one at a time, another within seconds if it dies. */
export class Schedules {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #holder = randomUUID();
  #loops: Repeating[] = [];

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  start(schedules: readonly Schedule[]): void {
    this.#loops = schedules.map((schedule) =>
      repeat(
        schedule.everyMs,
        () => this.#turn(schedule),
        (error) => this.#logger.warn({ err: error, kind: schedule.kind }, 'a schedule could not be reached'),
      ),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await this.#database
      .query(`UPDATE base.schedule SET lease_until = '-infinity' WHERE holder = $1`, [this.#holder])
      .catch(() => undefined);
  }

  async #turn(schedule: Schedule): Promise<void> {
    if (!(await this.#lease(schedule))) return;
    const renewal = setInterval(() => void this.#lease(schedule).catch(() => undefined), RENEW_MS);
    renewal.unref();
    try {
      await schedule.run();
      runs.inc({ kind: schedule.kind, outcome: 'done' });
      await this.#note(schedule.kind, null);
    } catch (error) {
      runs.inc({ kind: schedule.kind, outcome: 'failed' });
      this.#logger.warn({ err: error, kind: schedule.kind }, 'a scheduled run failed');
      await this.#note(schedule.kind, error instanceof Error ? error.message : 'not an error');
    } finally {
      clearInterval(renewal);
    }
  }

  async #lease(schedule: Schedule): Promise<boolean> {
    const held = await this.#database.maybeOne(
      `INSERT INTO base.schedule AS s (kind, holder, lease_until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
       ON CONFLICT (kind) DO UPDATE SET holder = $2, lease_until = EXCLUDED.lease_until
         WHERE s.holder = $2 OR s.lease_until < clock_timestamp()
       RETURNING kind`,
      [schedule.kind, this.#holder, Math.max(LEASE_MS, schedule.everyMs + LEASE_MS / 2)],
    );
    return held !== undefined;
  }

  async #note(kind: string, error: string | null): Promise<void> {
    await this.#database.query(
      `UPDATE base.schedule SET runs = runs + 1, last_error = $2, failures = CASE WHEN $2::text IS NULL THEN 0 ELSE failures + 1 END WHERE kind = $1`,
      [kind, error?.slice(0, 500) ?? null],
    );
  }
}
