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

/** How long a dead holder keeps the others waiting, however rare its schedule is. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
/** How often a process asks whether a schedule is due: another one may have died before its turn. */
const LOOK_MS = 1_000;

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
        Math.min(schedule.everyMs, LOOK_MS),
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
    if (!(await this.#take(schedule))) return;
    const renewal = setInterval(() => void this.#renew(schedule.kind).catch(() => undefined), RENEW_MS);
    renewal.unref();
    try {
      await schedule.run();
      runs.inc({ kind: schedule.kind, outcome: 'done' });
      await this.#ran(schedule, null);
    } catch (error) {
      runs.inc({ kind: schedule.kind, outcome: 'failed' });
      this.#logger.warn({ err: error, kind: schedule.kind }, 'a scheduled run failed');
      await this.#ran(schedule, error instanceof Error ? error.message : 'not an error');
    } finally {
      clearInterval(renewal);
    }
  }

  /** Takes the schedule if it is due and nobody else holds it. */
  async #take({ kind }: Schedule): Promise<boolean> {
    const held = await this.#database.maybeOne(
      `INSERT INTO base.schedule AS s (kind, holder, lease_until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
       ON CONFLICT (kind) DO UPDATE SET holder = $2, lease_until = EXCLUDED.lease_until
         WHERE s.next_at <= clock_timestamp() AND (s.holder = $2 OR s.lease_until < clock_timestamp())
       RETURNING kind`,
      [kind, this.#holder, LEASE_MS],
    );
    return held !== undefined;
  }

  async #renew(kind: string): Promise<void> {
    await this.#database.query(
      `UPDATE base.schedule SET lease_until = clock_timestamp() + $3 * interval '1 ms' WHERE kind = $1 AND holder = $2`,
      [kind, this.#holder, LEASE_MS],
    );
  }

  /** Notes how it went and when it is due again; a holder that was taken for dead meanwhile moves nothing. */
  async #ran({ kind, everyMs }: Schedule, error: string | null): Promise<void> {
    await this.#database.query(
      `UPDATE base.schedule SET runs = runs + 1, last_error = $3, next_at = clock_timestamp() + $4 * interval '1 ms',
              failures = CASE WHEN $3::text IS NULL THEN 0 ELSE failures + 1 END
        WHERE kind = $1 AND holder = $2`,
      [kind, this.#holder, error?.slice(0, 500) ?? null, everyMs],
    );
  }
}
