import { type z } from 'zod';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Logger } from '@base/observability';
import { type Handler, type OutsideHandler, type TxHandler } from './job-handlers.js';
import { JobRunner } from './job-runner.js';
import { PeriodicRunner, type PeriodicWork } from './periodic-work.js';
import { OutboxRelay } from './relay.js';
import { type Schedule, Schedules } from './schedules.js';
import { type WorkQueue } from './work-queue.js';

export interface JobsParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often a process asks whether a period has ended. */
const LOOK_FOR_PERIODS_MS = 5_000;

/** The handlers and schedules of a process, and the machinery that runs them. Register everything, then start. */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #handlers = new Map<string, Handler>();
  readonly #schedules: Schedule[] = [];
  readonly #runner: JobRunner;
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor(parts: JobsParts) {
    this.#parts = parts;
    this.#runner = new JobRunner({ ...parts, handlers: this.#handlers });
  }

  /** A job whose effect is in the database alone: effect and "done" commit together. */
  register<Schema extends z.ZodType>(handler: TxHandler<Schema>): void {
    this.#add({ mode: 'tx', ...handler } as Handler);
  }

  /** A job that talks to the outside: at least once, one worker at a time, fenced. */
  registerOutside<Schema extends z.ZodType>(handler: OutsideHandler<Schema>): void {
    this.#add({ mode: 'outside', ...handler } as Handler);
  }

  /** Runs every `everyMs` of machine time in one process at a time. */
  every(schedule: Schedule): void {
    if (this.#schedules.some((other) => other.kind === schedule.kind))
      throw new Error(`two schedules are called ${schedule.kind}`);
    this.#schedules.push(schedule);
  }

  /**
   * Runs once for each period that is over, in order, whatever was missed meanwhile: for accruals and the like. The effect of a period and its
   * mark commit together.
   */
  eachPeriod(work: PeriodicWork): void {
    const runner = new PeriodicRunner(this.#parts, work);
    this.every({ kind: work.kind, everyMs: LOOK_FOR_PERIODS_MS, run: async () => void (await runner.catchUp()) });
  }

  start(queue: WorkQueue, concurrency = 8): void {
    const relay = new OutboxRelay({ ...this.#parts, queue });
    const schedules = new Schedules(this.#parts.database, this.#parts.logger);
    queue.work(concurrency, (ticket) => this.#runner.run(ticket.id));
    relay.start();
    schedules.start(this.#schedules);
    this.#stop = async () => {
      await Promise.all([relay.stop(), schedules.stop()]);
      await queue.close();
    };
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  /**
   * Runs every due outbox row here and now, without a queue, until none is left: for specs and for one-off commands.
   * Answers how many runs there were.
   */
  async runPending(): Promise<number> {
    for (let ran = 0; ;) {
      const due = await this.#parts.database.query<{ id: string }>(
        `SELECT id FROM base.outbox WHERE done_at IS NULL AND dead_at IS NULL AND run_at <= $1 AND kind = ANY ($2)
          AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) ORDER BY run_at, id LIMIT 500`,
        [this.#parts.clock.now(), [...this.#handlers.keys()]],
      );
      if (due.length === 0) return ran;
      for (const { id } of due) await this.#runner.run(id);
      ran += due.length;
    }
  }

  /** Runs the schedule of this kind once, here and now. */
  async runSchedule(kind: string): Promise<void> {
    const schedule = this.#schedules.find((candidate) => candidate.kind === kind);
    if (!schedule) throw new Error(`no schedule is called ${kind}`);
    await schedule.run();
  }

  #add(handler: Handler): void {
    if (this.#handlers.has(handler.kind)) throw new Error(`two handlers are registered for ${handler.kind}`);
    this.#handlers.set(handler.kind, handler);
  }
}
