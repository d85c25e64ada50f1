import { type Database } from '@base/database';
import { type Clock } from './clock.js';

/** How long a process may go by the old offset after another one moved the clock. */
export const PROPAGATION_MS = 300;

/**
 * The machine's clock plus an offset that is shared through the database and only grows, so that all processes move together and no timestamp
 * ever runs backwards.
 */
export class SandboxClock implements Clock {
  readonly #database: Database;
  #offsetMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** Reads the offset and keeps following it until `stop`. */
  async start(): Promise<void> {
    await this.#refresh();
    this.#timer = setInterval(() => void this.#refresh().catch(() => undefined), PROPAGATION_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Moves the clock of every process forward and answers the new time. @throws RangeError for a step that is not forward. */
  async advance(ms: number): Promise<Date> {
    if (!Number.isSafeInteger(ms) || ms <= 0) throw new RangeError('the sandbox clock only moves forward');
    await this.#database.query('UPDATE base.sandbox_clock SET offset_ms = offset_ms + $1', [ms]);
    await this.#refresh();
    return this.now();
  }

  async #refresh(): Promise<void> {
    const { offset_ms: offset } = await this.#database.one<{ offset_ms: bigint }>(
      'SELECT offset_ms FROM base.sandbox_clock',
    );
    this.#offsetMs = Number(offset);
  }
}
