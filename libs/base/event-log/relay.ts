import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Logger } from '@base/observability';
import { moveCheckpoint, readCheckpoint } from './checkpoint.js';
import { type EventLog } from './event-log.js';
import { inGap } from './gaps.js';
import { type Place, type RecordBatch, type RecordSource } from './record-source.js';
import { relayMetrics } from './relay-metrics.js';

export interface RelayParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Asked each time that the relay begins at its checkpoint, and closed by it. A producer that has tried something which nobody knows the end of, and
   * then sent something else under the same numbers, would be taken to repeat itself.
   */
  readonly openLog: () => EventLog;
  readonly source: RecordSource;
}

export interface RelaySettings {
  /** The first pause after a failure; each further one is twice as long, up to `longestRetryMs`. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
}

const DEFAULTS: RelaySettings = { retryMs: 500, longestRetryMs: 15_000 };
const MEASURE_MS = 1_000;

/**
 * Carries a stream into the event log, in order: takes what follows the checkpoint, has it acknowledged, moves the checkpoint. One batch at a time,
 * so a log that is dead costs one batch of memory and what the source holds ready; the rest stays where it is kept. Whatever fails, the next try
 * begins at the checkpoint: an event may be in the log again, none is ever missing. One relay per stream in the whole platform; others wait.
 */
export class Relay {
  readonly #parts: RelayParts;
  readonly #settings: RelaySettings;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #measuring: NodeJS.Timeout | undefined;
  #inHand: RecordBatch | undefined;
  /** Since the last checkpoint. */
  #failures = 0;

  constructor(parts: RelayParts, settings: Partial<RelaySettings> = {}) {
    this.#parts = parts;
    this.#settings = { ...DEFAULTS, ...settings };
  }

  start(): void {
    this.#running = this.#run();
    this.#measuring = setInterval(() => this.#measure(), MEASURE_MS).unref();
  }

  /** Waits for nothing that the log still owes: what it has not acknowledged is sent again by whoever comes next. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#measuring);
    await this.#running;
  }

  get #stream(): RecordSource['stream'] {
    return this.#parts.source.stream;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (; !signal.aborted; this.#failures += 1) {
      try {
        await this.#lead();
      } catch (error) {
        relayMetrics.failed(this.#stream, 'stream');
        if (!signal.aborted)
          this.#parts.logger.warn({ err: error, stream: this.#stream }, 'a relay to the event log begins again');
      }
      await this.#pause(this.#failures, signal);
    }
  }

  /** Waits to be the only one, and carries on until something ends that. */
  async #lead(): Promise<void> {
    const client = await this.#parts.database.dedicatedClient();
    const over = new AbortController();
    client.once('end', () => over.abort());
    try {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS won', [
        `strongroom event log ${this.#stream}`,
      ]);
      if (rows[0]?.won === true) await this.#carry(AbortSignal.any([over.signal, this.#stopping.signal]));
    } finally {
      this.#inHand = undefined;
      relayMetrics.following(this.#stream, false);
      await client.end().catch(() => undefined);
    }
  }

  async #carry(signal: AbortSignal): Promise<void> {
    const { database, clock, source, openLog } = this.#parts;
    let place: Place = await readCheckpoint(database, this.#stream);
    const stream = await source.open(place);
    const log = openLog();
    try {
      relayMetrics.following(this.#stream, true);
      while (!signal.aborted) {
        const batch = await stream.take(signal);
        if (batch === undefined) continue;
        this.#inHand = batch;
        inGap('taken');
        if (!(await this.#deliver(batch, log, signal))) break;
        inGap('acknowledged');
        await moveCheckpoint(database, this.#stream, { from: place, to: batch.upTo, at: clock.now() });
        place = batch.upTo;
        this.#inHand = undefined;
        this.#failures = 0;
      }
    } finally {
      await Promise.all([stream.close(), log.close()]);
    }
  }

  /** Until the log has it, or `signal` ends the waiting. The same batch each time: see KafkaEventLog on what that is worth. */
  async #deliver({ records }: RecordBatch, log: EventLog, signal: AbortSignal): Promise<boolean> {
    const { logger } = this.#parts;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        if (!(await isDone(log.append(records), signal))) return false;
        relayMetrics.acknowledged(this.#stream, records.length);
        return true;
      } catch (error) {
        relayMetrics.failed(this.#stream, 'append');
        logger.warn(
          { err: error, stream: this.#stream, failures },
          'the event log did not acknowledge; it is tried again',
        );
        await this.#pause(failures, signal);
      }
    }
    return false;
  }

  #measure(): void {
    const now = this.#parts.clock.now();
    const oldest = this.#inHand?.records[0]?.at ?? now;
    relayMetrics.lag(this.#stream, (now.getTime() - oldest.getTime()) / 1_000);
  }

  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    const { retryMs, longestRetryMs } = this.#settings;
    const ms = Math.min(longestRetryMs, retryMs * 2 ** Math.min(failures, 10));
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}

/** True when the work is done, false when the signal was first. @throws what the work throws before that */
function isDone(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(false);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(() => resolve(true), reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
