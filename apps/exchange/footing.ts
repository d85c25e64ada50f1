import { type Disk, Journal, type JournalOptions, NodeDisk, SnapshotStore } from '@base/journal';
import { EventRing } from './event-ring.js';
import { type Recovered, recoverEngine } from './recover-engine.js';
import { StandingFile, type StandingRecord } from './standby/standing-file.js';

export interface FootingSettings {
  readonly folder: string;
  readonly ringBytes: number;
  readonly journal?: Partial<Omit<JournalOptions, 'folder' | 'onDurable' | 'onFatal' | 'say'>> | undefined;
  readonly say: (line: string) => void;
  readonly onFatal: (error: Error) => void;
}

/**
 * What a venue stands on: its journal, the engine put to where that ends, the latest events, and what it is to the venue. A follower hands its
 * own on to the primary that it becomes, so that a promotion reads nothing back.
 */
export class Footing {
  readonly journal: Journal;
  readonly ring: EventRing;
  readonly standing: StandingFile;
  readonly disk: Disk;
  /** Who is told of what has become durable: the follower at first, then the primary. */
  onDurable: (sequence: number) => void = () => undefined;
  recovered: Recovered = { lastTime: 0, sessionsUsed: 0, snapshotSequence: 0, commands: 0, perSecond: 0 };
  readonly #settings: FootingSettings;

  private constructor(settings: FootingSettings, fallback: StandingRecord) {
    const { folder, say, onFatal } = settings;
    this.#settings = settings;
    this.disk = settings.journal?.disk ?? new NodeDisk();
    this.ring = new EventRing(settings.ringBytes);
    this.journal = Journal.open({
      ...settings.journal,
      folder,
      say,
      onDurable: (sequence) => this.onDurable(sequence),
      onFatal,
    });
    this.standing = StandingFile.open(this.disk, folder, fallback);
  }

  /** Takes the folder for this process. @throws JournalFault `locked` */
  static open(settings: FootingSettings, fallback: StandingRecord): Footing {
    return new Footing(settings, fallback);
  }

  get folder(): string {
    return this.#settings.folder;
  }

  /** Whether there is nothing to recover. */
  get isEmpty(): boolean {
    const hasSegments = this.disk.list(this.folder).some((name) => name.endsWith('.segment'));
    return !hasSegments && new SnapshotStore(this.disk, this.folder).sequences().length === 0;
  }

  /** Once, before anything else is asked of the journal. @throws JournalFault */
  recover(): this {
    this.recovered = recoverEngine(this.journal, this.ring, this.#settings.say);
    return this;
  }
}
