import { type EventLog, type LogRecord } from '@base/event-log';

/** A log in memory that can refuse, or fall silent, or take a part and then refuse. */
export class MemoryLog implements EventLog {
  readonly records: LogRecord[] = [];
  mood: 'sound' | 'refusing' | 'silent' | 'half' = 'sound';
  /** Records of the batch that it is asked to take just now. */
  asked = 0;
  calls = 0;

  async append(records: readonly LogRecord[]): Promise<void> {
    this.calls += 1;
    this.asked = records.length;
    if (this.mood === 'silent') await new Promise(() => undefined);
    if (this.mood === 'half') this.records.push(...records.slice(0, records.length / 2));
    if (this.mood !== 'sound') throw new Error('the log is not well');
    this.records.push(...records);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
