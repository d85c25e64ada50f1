import { type LogRecord } from './event-log.js';

/** The streams that are relayed; each has its row in base.event_log_checkpoint. */
export type StreamName = 'domain' | 'engine';

/** A place in a stream: (transaction, seq) of a domain event, (sequence, index) of an engine's. Places are ordered. */
export interface Place {
  readonly major: bigint;
  readonly minor: bigint;
}

/** Records that follow each other in a stream, never none. */
export interface RecordBatch {
  readonly records: readonly LogRecord[];
  /** The place of the last. */
  readonly upTo: Place;
}

export interface RecordStream {
  /**
   * What follows what was taken before. Waits a little where there is nothing, and answers undefined then.
   * @throws Error when the stream has ended and all that had come of it was taken
   */
  take(signal: AbortSignal): Promise<RecordBatch | undefined>;
  close(): Promise<void>;
}

/** Something that keeps its events, can be read from any place on, and is never read ahead without a bound. */
export interface RecordSource {
  readonly stream: StreamName;
  open(after: Place): Promise<RecordStream>;
}
