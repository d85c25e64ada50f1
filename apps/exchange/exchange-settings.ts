import { type JournalOptions } from '@base/journal';
import { type Farewell } from '@core/contracts';
import { type EventHistory } from './event-history.js';
import { type LinkKey } from './link.js';
import { type VenueClock } from './sequencer.js';
import { type SnapshotPolicy } from './snapshot-keeper.js';
import { ALONE, type ReplicationSettings } from './standby/replication.js';

export interface ExchangeSettings {
  readonly folder: string;
  readonly keys: ReadonlyMap<string, LinkKey>;
  readonly socketPath?: string | undefined;
  readonly tcp?: { readonly host: string; readonly port: number } | undefined;
  readonly snapshots?: SnapshotPolicy;
  readonly heartbeatMs?: number;
  readonly mostLinks?: number;
  /** Memory for the latest events; what is older is made again from the journal. */
  readonly ringBytes?: number;
  readonly clock?: VenueClock;
  readonly history?: EventHistory;
  readonly replication?: ReplicationSettings;
  readonly journal?: Partial<Omit<JournalOptions, 'folder' | 'onDurable' | 'onFatal' | 'say'>>;
  readonly watch?: ExchangeWatch;
  /** What an operator should read. */
  readonly say: (line: string) => void;
  /** The same, at once. */
  readonly alert?: (line: string) => void;
  /** The process must end at once: nothing more can be made durable, the engine is broken, or another venue is the primary now. */
  readonly onFatal: (error: Error) => void;
}

/** Told what happens, for metrics. */
export interface ExchangeWatch {
  applied?(commands: number): void;
  committed?(seconds: number): void;
  snapshot?(tookMs: number, longestPauseMs: number): void;
  linkClosed?(reason: Farewell | 'lost'): void;
}

const BATCH_BYTES = 256 * 1024;

export const systemClock: VenueClock = { now: () => Date.now() * 1000 };

export const DEFAULTS = {
  heartbeatMs: 1_000,
  mostLinks: 64,
  ringBytes: 64 * 1024 * 1024,
  snapshots: { everyCommands: 1_000_000, everyMs: 600_000, pauseMs: 1 },
  clock: systemClock,
  watch: {} as ExchangeWatch,
  replication: ALONE,
};

/** A batch is at most a quarter of what a segment, and the journal's memory, hold. */
export function batchBytesFor({ segmentBytes = Infinity, ringBytes = Infinity }: Partial<JournalOptions> = {}): number {
  return Math.min(BATCH_BYTES, segmentBytes / 4, ringBytes / 4);
}
