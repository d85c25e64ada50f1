import { armFailpoint } from '@base/failpoints';
import { type Secret } from '@base/config';
import { Database, type SqlValue, type TransactionOptions, type Tx } from '@base/database';
import { Events } from '@base/events';
import { type custodyRounds, type RoundsOptions } from '../index.js';
import { type Gap, gapName } from '../gaps.js';
import { type CustodyBench } from './custody-bench.js';

/** What the dead say. Nothing in the code knows it, so nothing catches it. */
export class WorkerDied extends Error {
  override readonly name = 'WorkerDied';
}

/** The connections of a process that can die: from then on they write nothing, whatever still runs and catches its death. */
class MortalDatabase extends Database {
  #dead = false;

  constructor(url: Secret) {
    super({ url, applicationName: 'spec-dying-worker', max: 4 });
  }

  die(): never {
    this.#dead = true;
    throw new WorkerDied('the worker died');
  }

  override async query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row[]> {
    if (this.#dead) this.die();
    return super.query(sql, values);
  }

  override async transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T> {
    if (this.#dead) this.die();
    return super.transaction(work, options);
  }
}

/**
 * Lets a worker live until it dies in a gap, at the `nth` time that it comes there: what is not committed is lost, and nothing of it goes on.
 * @throws Error when `live` ends without having come there
 */
export async function dieIn(
  bench: CustodyBench,
  gap: Gap,
  live: (rounds: ReturnType<typeof custodyRounds>) => Promise<void>,
  options: { nth?: number; changes?: Partial<RoundsOptions> } = {},
): Promise<void> {
  const { clock, logger } = bench.parts;
  const database = new MortalDatabase(bench.books.database.appUrl);
  let left = options.nth ?? 1;
  const disarm = armFailpoint(gapName(gap), () => {
    if (--left === 0) database.die();
  });
  try {
    const events = new Events({ database, clock, logger });
    await live(bench.roundsWith(options.changes ?? {}, { database, events }));
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
    return;
  } finally {
    disarm();
    await database.close();
  }
  throw new Error(`the worker never came to ${gap}`);
}
