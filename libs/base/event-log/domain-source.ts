import { type Database } from '@base/database';
import { type FinalPlace, readFinalEvents } from '@base/events';
import { listen } from '@base/jobs';
import { domainRecord } from './domain-record.js';
import { type LogRecord } from './event-log.js';
import { type Place, type RecordBatch, type RecordSource, type RecordStream } from './record-source.js';

/** Events in one batch at most. */
const BATCH = 200;
/** Characters in one, or a single event: well below the megabyte that a broker takes by default. */
const BATCH_LENGTH = 256 * 1024;
const LOOK_MS = 250;

/** Domain events (@base/events), in the order in which they became final. Nothing is read ahead: the table keeps them. */
export class DomainEventSource implements RecordSource {
  readonly stream = 'domain';
  readonly #database: Database;
  readonly #topic: string;

  constructor(database: Database, topic: string) {
    this.#database = database;
    this.#topic = topic;
  }

  open({ major, minor }: Place): Promise<RecordStream> {
    return Promise.resolve(new DomainEventStream(this.#database, this.#topic, { xid: major, seq: minor }));
  }
}

class DomainEventStream implements RecordStream {
  readonly #database: Database;
  readonly #topic: string;
  readonly #unlisten: () => Promise<void>;
  #after: FinalPlace;
  #wake: () => void = () => undefined;
  #isNews = false;

  constructor(database: Database, topic: string, after: FinalPlace) {
    this.#database = database;
    this.#topic = topic;
    this.#after = after;
    this.#unlisten = listen(database, 'event', () => {
      this.#isNews = true;
      this.#wake();
    });
  }

  async take(signal: AbortSignal): Promise<RecordBatch | undefined> {
    this.#isNews = false;
    const records: LogRecord[] = [];
    let length = 0;
    for (const event of await readFinalEvents(this.#database, this.#after, BATCH)) {
      const record = domainRecord(this.#topic, event);
      length += record.value.length;
      if (records.length > 0 && length > BATCH_LENGTH) break;
      records.push(record);
      this.#after = event;
    }
    if (records.length > 0) return { records, upTo: { major: this.#after.xid, minor: this.#after.seq } };
    await this.#news(signal);
    return undefined;
  }

  async close(): Promise<void> {
    await this.#unlisten();
  }

  /** Until somebody says that there is an event, or it is time to look: an event may become final later than it was told of. */
  async #news(signal: AbortSignal): Promise<void> {
    if (this.#isNews || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', this.#wake, { once: true });
    });
    signal.removeEventListener('abort', this.#wake);
  }
}
