import { createPostgresBackend, Queue, runMigrations as migrateQueueSchema, Worker, withBackend } from 'bullmq';
import pg from 'pg';
import { type Secret } from '@base/config';
import { pollForLock } from '@base/database';
import { type Logger } from '@base/observability';

const QUEUE = 'strongroom';

/** A hint that an outbox row wants to be worked on. `dispatch` makes a second hand-over of one row a job of its own. */
export interface Ticket {
  readonly id: string;
  readonly dispatch: number;
}

/** Where tickets wait for a worker. It may forget any of them at any moment: the outbox is the truth. */
export interface WorkQueue {
  add(tickets: readonly Ticket[]): Promise<void>;
  /** Starts taking tickets, `concurrency` at a time; `work` never throws. */
  work(concurrency: number, work: (ticket: Ticket) => Promise<void>): void;
  close(): Promise<void>;
}

export interface WorkQueueOptions {
  readonly databaseUrl: Secret;
  /** With it the queue lives in Redis, without it in PostgreSQL. */
  readonly redisUrl?: Secret | undefined;
  readonly logger: Logger;
  /** Tells apart queues that share a Redis; for specs. */
  readonly prefix?: string;
}

interface TicketJob {
  readonly data: Ticket;
}

interface QueuePort {
  addBulk(jobs: { name: string; data: Ticket; opts: object }[]): Promise<unknown>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface WorkerPort {
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface Backend {
  queue(): QueuePort;
  worker(concurrency: number, process: (job: TicketJob) => Promise<void>): WorkerPort;
}

/** BullMQ over PostgreSQL, or over Redis when there is one; the same behaviour on both. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new BullWorkQueue(
    options.redisUrl ? redisBackend(options, options.redisUrl) : postgresBackend(options),
    options.logger,
  );
}

function postgresBackend(options: WorkQueueOptions): Backend {
  const classes = withBackend(createPostgresBackend);
  const connection = (max: number) => ({
    connectionString: options.databaseUrl.reveal(),
    max,
    application_name: 'queue',
  });
  return {
    queue: () => new classes.Queue<Ticket>(QUEUE, { connection: connection(2) }),
    worker: (concurrency, process) =>
      new classes.Worker<Ticket>(QUEUE, process, { connection: connection(4), concurrency }),
  };
}

function redisBackend(options: WorkQueueOptions, redisUrl: Secret): Backend {
  const connection = { url: redisUrl.reveal(), maxRetriesPerRequest: null, enableOfflineQueue: false };
  const prefix = options.prefix ?? 'strongroom';
  return {
    queue: () => new Queue<Ticket>(QUEUE, { connection, prefix }),
    worker: (concurrency, process) =>
      new Worker<Ticket>(QUEUE, process, {
        connection: { ...connection, enableOfflineQueue: true },
        prefix,
        concurrency,
      }),
  };
}

class BullWorkQueue implements WorkQueue {
  readonly #backend: Backend;
  readonly #queue: QueuePort;
  readonly #logger: Logger;
  #worker: WorkerPort | undefined;

  constructor(backend: Backend, logger: Logger) {
    this.#backend = backend;
    this.#logger = logger;
    this.#queue = backend.queue();
    this.#queue.on('error', this.#tell);
  }

  // Without a listener an error event would end the process; the sweeper repairs what is lost meanwhile.
  readonly #tell = (error: Error): void => this.#logger.warn({ err: error }, 'the work queue is in trouble');

  async add(tickets: readonly Ticket[]): Promise<void> {
    await this.#queue.addBulk(
      tickets.map((ticket) => ({
        name: 'ticket',
        data: ticket,
        opts: { jobId: `${ticket.id}-${ticket.dispatch}`, removeOnComplete: true, removeOnFail: true },
      })),
    );
  }

  work(concurrency: number, work: (ticket: Ticket) => Promise<void>): void {
    this.#worker = this.#backend.worker(concurrency, (job) => work(job.data));
    this.#worker.on('error', this.#tell);
  }

  async close(): Promise<void> {
    await this.#worker?.close();
    await this.#queue.close();
  }
}

/** Of those who make the queue's tables at the same time, one does, and the others find them made: PostgreSQL refuses two grants on one object at once. */
const SCHEMA_LOCK = 7_305_884_222;

/** Makes or updates the queue's own tables, as the database's owner, and lets the application use them. */
export async function installQueueSchema(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    // Held until the connection ends.
    await pollForLock(async () => {
      const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [SCHEMA_LOCK]);
      return rows[0]?.held === true;
    });
    await migrateQueueSchema(client);
    await client.query(`
      GRANT USAGE, CREATE ON SCHEMA bullmq TO strongroom_app; -- it makes a sequence per queue
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO strongroom_app;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA bullmq TO strongroom_app;
      GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bullmq TO strongroom_app`);
  } finally {
    await client.end();
  }
}
