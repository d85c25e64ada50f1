import { type Clock } from '@base/clock';
import { type Database, type Tx, uuidV7 } from '@base/database';
import { carryTrace } from '@base/observability';
import { Wake } from './wake.js';

export interface Job {
  readonly kind: string;
  /** JSON; amounts as strings. */
  readonly payload: unknown;
  /** Not before this moment of the rules' clock. */
  readonly runAt?: Date;
  /** Made by the caller when the job must exist at most once for something; otherwise a new one. */
  readonly id?: string;
}

/** Work for later, written in the transaction that makes it necessary. The row is the truth; the queue only wakes a worker. */
export class Outbox {
  readonly #clock: Clock;
  readonly #wake: Wake;

  constructor(database: Database, clock: Clock) {
    this.#clock = clock;
    this.#wake = new Wake(database, 'outbox');
  }

  /** Answers the job's id. A second job with an id that exists is not added. */
  async enqueue(tx: Tx, job: Job): Promise<string> {
    const id = job.id ?? uuidV7();
    await tx.query(
      `INSERT INTO base.outbox (id, kind, payload, run_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
      [id, job.kind, JSON.stringify({ data: job.payload, trace: carryTrace() }), job.runAt ?? this.#clock.now()],
    );
    tx.afterCommit(() => this.#wake.signal());
    return id;
  }
}
