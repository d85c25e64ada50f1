import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock } from '@base/clock';
import { CommitUnknown, type Database, DatabaseUnavailable, type Tx } from '@base/database';
import { continueTrace, counter, histogram, inSpan, type Logger } from '@base/observability';
import { type ClaimedJob, ClaimLost, DEFAULT_MAX_ATTEMPTS, type Handler, retryDelayMs } from './job-handlers.js';

const CLAIM_MS = 12_000;
const RENEW_MS = 4_000;

interface OutboxRow {
  readonly id: string;
  readonly kind: string;
  readonly payload: { readonly data: unknown; readonly trace: Record<string, string> };
  readonly attempts: number;
  readonly fence: bigint;
}

const finished = counter({
  name: 'strongroom_jobs_finished_total',
  help: 'Jobs by outcome',
  labels: ['kind', 'outcome'],
});
const seconds = histogram({ name: 'strongroom_jobs_seconds', help: 'How long a job took', labels: ['kind'] });

/** Works on single outbox rows: claims, runs the handler, and records success, failure or death. */
export class JobRunner {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor(parts: { database: Database; clock: Clock; logger: Logger; handlers: ReadonlyMap<string, Handler> }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#handlers = parts.handlers;
  }

  /** Runs the job unless it is done, dead or in another worker's hands. Never throws. */
  async run(id: string): Promise<void> {
    let row: OutboxRow | undefined;
    try {
      row = await this.#database.maybeOne<OutboxRow>(
        'SELECT id, kind, payload, attempts, fence FROM base.outbox WHERE id = $1 AND done_at IS NULL AND dead_at IS NULL',
        [id],
      );
      const handler = row && this.#handlers.get(row.kind);
      if (!row || !handler) return;
      await this.#runWith(handler, row);
    } catch (error) {
      await this.#failed(row, error).catch((failure: unknown) =>
        this.#logger.warn({ err: failure, job: id }, 'a failed job could not be recorded; the sweeper will find it'),
      );
    }
  }

  async #runWith(handler: Handler, row: OutboxRow): Promise<void> {
    const stop = seconds.startTimer({ kind: row.kind });
    const work = (): Promise<boolean> =>
      handler.mode === 'tx' ? this.#inTransaction(handler, row) : this.#outside(handler, row);
    const ran = await continueTrace(row.payload.trace, () => inSpan(`job ${row.kind}`, { 'job.id': row.id }, work));
    if (!ran) return;
    stop();
    finished.inc({ kind: row.kind, outcome: 'done' });
  }

  async #inTransaction(handler: Handler & { mode: 'tx' }, row: OutboxRow): Promise<boolean> {
    const payload = handler.schema.parse(row.payload.data);
    return this.#database.transaction(async (tx) => {
      const mine = await tx.maybeOne(
        'SELECT id FROM base.outbox WHERE id = $1 AND done_at IS NULL AND dead_at IS NULL FOR UPDATE SKIP LOCKED',
        [row.id],
      );
      if (!mine) return false;
      await handler.handle(tx, payload);
      await tx.query('UPDATE base.outbox SET done_at = clock_timestamp() WHERE id = $1', [row.id]);
      return true;
    });
  }

  async #outside(handler: Handler & { mode: 'outside' }, row: OutboxRow): Promise<boolean> {
    const payload = handler.schema.parse(row.payload.data);
    const claim = await this.#database.maybeOne<{ fence: bigint }>(
      `UPDATE base.outbox SET fence = fence + 1, claimed_until = clock_timestamp() + $2 * interval '1 ms'
        WHERE id = $1 AND done_at IS NULL AND dead_at IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
        RETURNING fence`,
      [row.id, CLAIM_MS],
    );
    if (!claim) return false;
    const renewing = new AbortController();
    const renewal = this.#renew(row.id, claim.fence, renewing.signal);
    try {
      await handler.handle(payload, this.#claimedJob(row, claim.fence));
    } finally {
      renewing.abort();
      await renewal;
    }
    const closed = await this.#database.maybeOne(
      'UPDATE base.outbox SET done_at = clock_timestamp() WHERE id = $1 AND fence = $2 AND done_at IS NULL RETURNING id',
      [row.id, claim.fence],
    );
    return closed !== undefined;
  }

  #claimedJob(row: OutboxRow, fence: bigint): ClaimedJob {
    return {
      id: row.id,
      attempt: row.attempts + 1,
      fence,
      assertMine: async (tx: Tx) => {
        const mine = await tx.maybeOne('SELECT id FROM base.outbox WHERE id = $1 AND fence = $2 FOR UPDATE', [
          row.id,
          fence,
        ]);
        if (!mine) throw new ClaimLost(`another worker took over job ${row.id}`);
      },
    };
  }

  /** Keeps the claim while the handler works, so that only a dead worker's job is taken over. */
  async #renew(id: string, fence: bigint, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(RENEW_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#database
        .query(
          `UPDATE base.outbox SET claimed_until = clock_timestamp() + $3 * interval '1 ms' WHERE id = $1 AND fence = $2`,
          [id, fence, CLAIM_MS],
        )
        .catch(() => undefined);
    }
  }

  async #failed(row: OutboxRow | undefined, error: unknown): Promise<void> {
    const unsure = error instanceof DatabaseUnavailable || error instanceof CommitUnknown || error instanceof ClaimLost;
    if (!row || unsure) return;
    const limit = this.#handlers.get(row.kind)?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
    const dead = row.attempts + 1 >= limit;
    const text = (error instanceof Error ? `${error.name}: ${error.message}` : 'not an error').slice(0, 500);
    this.#logger[dead ? 'error' : 'warn'](
      { err: error, job: row.id, kind: row.kind, attempt: row.attempts + 1 },
      dead ? 'a job is dead' : 'a job failed',
    );
    finished.inc({ kind: row.kind, outcome: dead ? 'dead' : 'failed' });
    await this.#database.query(
      `UPDATE base.outbox SET attempts = attempts + 1, last_error = $2, claimed_until = NULL, dispatched_at = NULL, run_at = $3,
              dead_at = CASE WHEN $4 THEN clock_timestamp() END
        WHERE id = $1 AND done_at IS NULL`,
      [row.id, text, new Date(this.#clock.now().getTime() + retryDelayMs(row.attempts, Math.random())), dead],
    );
  }
}
