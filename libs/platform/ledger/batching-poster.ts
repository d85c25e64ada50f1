import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Clock } from '@base/clock';
import {
  CommitUnknown,
  type Database,
  DatabaseBusy,
  DatabaseUnavailable,
  isConflict,
  isConnectionLoss,
  sqlState,
} from '@base/database';
import { type AccountDirectory } from './account-directory.js';
import { accountsOf, batchArguments, type Outcome, POST_SQL, type PostRow, prepare, readUnit, refusedByServer, type Unit } from './post-batch.js'; // prettier-ignore
import { type Transfer } from './transfer.js';

export interface PosterOptions {
  /** Transfers sent in one statement at most; more only makes each caller wait longer. */
  readonly batchMax?: number;
  /** Batches on their way at once on the one connection: while the server works on one, the next is already there. */
  readonly pipelineDepth?: number;
  /** Transfers waiting at most; beyond it callers are refused at once instead of waiting ever longer. */
  readonly queueMax?: number;
  /** How long a batch is tried again before its callers hear that it failed. */
  readonly deadlineMs?: number;
}

interface Waiting {
  readonly unit: Unit;
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

const RECONNECT_PAUSE_MS = 50;
const CONFLICT_PAUSE_MS = 5;

/**
 * Group commit for transfers. Whatever arrives while the batches before it are on their way goes out together as the next one: no timer, so a
 * lone transfer does not wait, and under load a batch shares one round trip, one lock of each hot account and one fsync. One connection, so
 * batches never wait for each other's row locks.
 */
export class BatchingPoster {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #accounts: AccountDirectory;
  readonly #batchMax: number;
  readonly #pipelineDepth: number;
  readonly #queueMax: number;
  readonly #deadlineMs: number;
  #queue: Waiting[] = [];
  #queued = 0;
  #inFlight = 0;
  #isPumpScheduled = false;
  #isClosing = false;
  #connection: Promise<pg.Client> | undefined;
  #client: pg.Client | undefined;
  /** Ids on their way: the same id again waits for the first, and is then judged by the database. */
  readonly #pending = new Map<string, Promise<unknown>>();

  constructor(database: Database, clock: Clock, accounts: AccountDirectory, options: PosterOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#accounts = accounts;
    this.#batchMax = options.batchMax ?? 256;
    this.#pipelineDepth = options.pipelineDepth ?? 2;
    this.#queueMax = options.queueMax ?? 2_000;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
  }

  /** Transfers waiting to be sent. */
  get queued(): number {
    return this.#queued;
  }

  /** Resolves when the transfers, which stand or fall together, are durable. They have been checked already. */
  async submit(transfers: readonly Transfer[]): Promise<Outcome[]> {
    for (;;) {
      const twin = transfers.map(({ id }) => this.#pending.get(id)).find((work) => work !== undefined);
      if (twin === undefined) break;
      await twin.catch(() => undefined);
    }
    const work = this.#enqueue(transfers);
    for (const { id } of transfers) this.#pending.set(id, work);
    try {
      return await work;
    } finally {
      for (const { id } of transfers) this.#pending.delete(id);
    }
  }

  async #enqueue(transfers: readonly Transfer[]): Promise<Outcome[]> {
    this.#refuseWhenFull(transfers.length);
    const accounts = accountsOf(transfers);
    let idOf = this.#accounts.known(accounts);
    if (idOf === undefined) {
      idOf = await this.#accounts.resolveShared(this.#database, accounts, () => this.#clock.now());
      this.#refuseWhenFull(transfers.length);
    }
    const unit = transfers.map((transfer) => prepare(transfer, idOf));
    return new Promise((resolve, reject) => {
      this.#queue.push({ unit, resolve, reject });
      this.#queued += unit.length;
      this.#schedulePump();
    });
  }

  #refuseWhenFull(arriving: number): void {
    if (this.#isClosing) throw new DatabaseUnavailable({ cause: new Error('the poster is closing') });
    if (this.#queued + arriving > this.#queueMax) {
      throw new DatabaseBusy({ cause: new Error(`${this.#queued} transfers are waiting`) });
    }
  }

  /** Not at once: what arrives in the same turn of the event loop belongs in the same batch. */
  #schedulePump(): void {
    if (this.#isPumpScheduled || this.#inFlight >= this.#pipelineDepth) return;
    this.#isPumpScheduled = true;
    setImmediate(() => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#inFlight >= this.#pipelineDepth || this.#queue.length === 0) return;
    const batch = this.#take();
    this.#inFlight += 1;
    void this.#deliver(batch, performance.now() + this.#deadlineMs).finally(() => {
      this.#inFlight -= 1;
      this.#schedulePump();
    });
    this.#schedulePump();
  }

  #take(): Waiting[] {
    let taken = 0;
    let size = 0;
    for (const { unit } of this.#queue) {
      if (taken > 0 && size + unit.length > this.#batchMax) break;
      taken += 1;
      size += unit.length;
    }
    this.#queued -= size;
    return this.#queue.splice(0, taken);
  }

  /** Settles every caller of the batch, whatever happens. */
  async #deliver(batch: readonly Waiting[], deadline: number, wasSent = false): Promise<void> {
    let isUnknown = wasSent;
    for (let attempt = 1; ; attempt += 1) {
      try {
        settle(batch, await this.#send(batch));
        return;
      } catch (error) {
        const isOver = performance.now() > deadline;
        if (isOutage(error)) {
          isUnknown ||= !(error instanceof NotSent);
          if (isOver)
            return rejectAll(
              batch,
              isUnknown ? new CommitUnknown({ cause: error }) : new DatabaseUnavailable({ cause: error }),
            );
          await sleep(RECONNECT_PAUSE_MS);
        } else if (isRetryable(error) && !isOver && (attempt === 1 || batch.length === 1)) {
          await sleep(Math.random() * CONFLICT_PAUSE_MS * Math.min(attempt, 10));
        } else if (batch.length > 1) {
          // One of them spoils it for all: halves, so that it ends up alone.
          const half = Math.ceil(batch.length / 2);
          await this.#deliver(batch.slice(0, half), deadline, isUnknown);
          await this.#deliver(batch.slice(half), deadline, isUnknown);
          return;
        } else {
          return rejectAll(
            batch,
            isRetryable(error) ? new DatabaseBusy({ cause: error }) : refusedByServer(error, batch[0]?.unit),
          );
        }
      }
    }
  }

  async #send(batch: readonly Waiting[]): Promise<PostRow> {
    const client = await this.#connected();
    const values = batchArguments(batch.map((waiting) => waiting.unit), this.#clock.now()); // prettier-ignore
    try {
      const { rows } = await client.query<PostRow>({ name: 'ledger.post', text: POST_SQL, values });
      const [row] = rows;
      if (row === undefined) throw new Error('ledger.post() answered nothing');
      return row;
    } catch (error) {
      if (isConnectionLoss(error)) this.#forget(client);
      throw error;
    }
  }

  #connected(): Promise<pg.Client> {
    this.#connection ??= this.#database.dedicatedClient({ pipeline: true }).then(
      (client) => (this.#client = client),
      (error: unknown) => {
        this.#connection = undefined;
        throw new NotSent({ cause: error });
      },
    );
    return this.#connection;
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#connection = this.#client = undefined;
    void client.end().catch(() => undefined);
  }

  /** Delivers what was accepted, then ends. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#queue.length > 0 || this.#inFlight > 0) await sleep(1);
    const client = await this.#connection?.catch(() => undefined);
    this.#connection = undefined;
    await client?.end().catch(() => undefined);
  }
}

/** No connection could be made, so this attempt cannot have happened. */
class NotSent extends DatabaseUnavailable {}

const QUERY_CANCELED = '57014';
const UNIQUE_VIOLATION = '23505';

/** The server is gone, or out of disk, memory or connections: it may come back. */
const isOutage = (error: unknown): boolean =>
  error instanceof NotSent || isConnectionLoss(error) || /^53/.test(sqlState(error) ?? '');

/** Others were in the way; asked again it may work. An id that another connection took first becomes a duplicate. */
const isRetryable = (error: unknown): boolean =>
  isConflict(error) || [QUERY_CANCELED, UNIQUE_VIOLATION].includes(sqlState(error) ?? '');

function settle(batch: readonly Waiting[], row: PostRow): void {
  let start = 0;
  for (const { unit, resolve, reject } of batch) {
    const end = start + unit.length;
    const result = readUnit(unit, row.outcomes.slice(start, end), row.culprits.slice(start, end));
    if (result instanceof Error) reject(result);
    else resolve(result);
    start = end;
  }
}

function rejectAll(batch: readonly Waiting[], error: unknown): void {
  for (const { reject } of batch) reject(error);
}
