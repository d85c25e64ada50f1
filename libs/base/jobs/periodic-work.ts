import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { gauge } from '@base/observability';
import { boundaryUpTo, type Cadence, type Period, periodFrom } from './periods.js';

/** Work that is due once for each period of time. */
export interface PeriodicWork {
  readonly kind: string;
  readonly every: Cadence;
  /** Where the first period begins; without it, with the period in which the schedule is first looked at. Of no effect afterwards. */
  readonly since?: Date;
  /** How long after its end a period is due: what was under way at its end has committed by then. A minute unless told. */
  readonly graceMs?: number;
  /** The whole effect of the period, in `tx`. As of the period's end, never of now: it may run days late. */
  readonly run: (tx: Tx, period: Period) => Promise<void>;
}

const GRACE_MS = 60_000;

/** A turn ends after so many periods, so that a process that is stopped need not catch up for years first. */
const PERIODS_PER_TURN = 100;

const lag = gauge({
  name: 'strongroom_period_lag_seconds',
  help: 'How long the oldest period that is not done has been due',
  labels: ['kind'],
});

/** Runs one schedule's periods. Any number of processes may: they take turns by the schedule's row. */
export class PeriodicRunner {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #work: PeriodicWork;

  constructor(parts: { database: Database; clock: Clock }, work: PeriodicWork) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#work = work;
  }

  /**
   * Runs the periods that are due, oldest first, each in a transaction of its own; answers how many. Stops where another process is at work.
   * @throws whatever a period's `run` throws: it and those after it stay due
   */
  async catchUp(): Promise<number> {
    await this.#open();
    let done = 0;
    while (done < PERIODS_PER_TURN && (await this.#database.transaction((tx) => this.#runNext(tx)))) done += 1;
    return done;
  }

  async #open(): Promise<void> {
    const { kind, every, since } = this.#work;
    await this.#database.query(
      'INSERT INTO base.period_schedule (kind, next_start) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING',
      [kind, since ?? boundaryUpTo(every, this.#clock.now())],
    );
  }

  async #runNext(tx: Tx): Promise<boolean> {
    const { kind, every, run, graceMs = GRACE_MS } = this.#work;
    const mine = await tx.maybeOne<{ next: Date }>(
      'SELECT next_start AS next FROM base.period_schedule WHERE kind = $1 FOR UPDATE SKIP LOCKED',
      [kind],
    );
    if (mine === undefined) return false;
    const period = periodFrom(every, mine.next);
    const dueForMs = this.#clock.now().getTime() - period.endsAt.getTime() - graceMs;
    lag.set({ kind }, Math.max(0, dueForMs) / 1_000);
    if (dueForMs < 0) return false;
    await tx.query('INSERT INTO base.period_done (kind, starts_at, ends_at) VALUES ($1, $2, $3)', [
      kind,
      period.startsAt,
      period.endsAt,
    ]);
    await tx.query('UPDATE base.period_schedule SET next_start = $2 WHERE kind = $1', [kind, period.endsAt]);
    await run(tx, period);
    return true;
  }
}
