/** One record of the log. Records of one key keep their order; those of different keys need not. */
export interface LogRecord {
  readonly topic: string;
  readonly key: string;
  /** JSON text. */
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** When it happened. */
  readonly at: Date;
}

/** Where events go that others, outside of this platform, may follow. The source of each is kept elsewhere; this is never the only copy. */
export interface EventLog {
  /**
   * Resolves when every record is as durable as the log makes it. Rejected, any part of them may be there: call it again with the same
   * records. One call at a time.
   */
  append(records: readonly LogRecord[]): Promise<void>;
  close(): Promise<void>;
}
