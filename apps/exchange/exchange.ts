import { failpoint } from '@base/failpoints';
import { Journal, type JournalFault, type JournalOptions } from '@base/journal';
import { type Farewell } from '@core/contracts';
import { boundSessions, nextDue } from '@core/matching';
import { type CommandSender } from './command-batch.js';
import { type Door, openTcpDoor, openUnixDoor } from './doors.js';
import { type EventHistory } from './event-history.js';
import { EventRing } from './event-ring.js';
import { Link, type LinkKey, type Venue } from './link.js';
import { type Recovered, recoverEngine } from './recover-engine.js';
import { localGate, type MakeReleaseGate, type ReleaseGate } from './release-gate.js';
import { Sequencer, type VenueClock } from './sequencer.js';
import { SessionNumbers } from './sessions.js';
import { SnapshotKeeper, type SnapshotPolicy } from './snapshot-keeper.js';

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
  readonly gate?: MakeReleaseGate;
  readonly journal?: Partial<Omit<JournalOptions, 'folder' | 'onDurable' | 'onFatal' | 'say'>>;
  readonly watch?: ExchangeWatch;
  /** What an operator should read. */
  readonly say: (line: string) => void;
  /** The process must end at once: nothing more can be made durable, or the engine is broken. */
  readonly onFatal: (error: Error) => void;
}

/** Told what happens, for metrics. */
export interface ExchangeWatch {
  applied?(commands: number): void;
  committed?(seconds: number): void;
  snapshot?(tookMs: number, longestPauseMs: number): void;
  linkClosed?(reason: Farewell | 'lost'): void;
}

const DEFAULTS = {
  heartbeatMs: 1_000,
  mostLinks: 64,
  ringBytes: 64 * 1024 * 1024,
  snapshots: { everyCommands: 1_000_000, everyMs: 600_000, pauseMs: 1 },
  watch: {} as ExchangeWatch,
};
const BATCH_BYTES = 256 * 1024;
/** How late what is due may be when nobody sends anything. */
const TICK_MS = 100;

export const systemClock: VenueClock = { now: () => Date.now() * 1000 };

/** A batch is at most a quarter of what a segment, and the journal's memory, hold. */
function batchBytesFor({ segmentBytes = Infinity, ringBytes = Infinity }: Partial<JournalOptions> = {}): number {
  return Math.min(BATCH_BYTES, segmentBytes / 4, ringBytes / 4);
}

/** The venue's core in one object: journal, engine, sequencer, links. One per process, since there is one engine per isolate. */
export class Exchange implements Venue {
  readonly ring: EventRing;
  readonly recovered: Recovered;
  readonly #settings: ExchangeSettings & typeof DEFAULTS;
  readonly #journal: Journal;
  readonly #gate: ReleaseGate;
  readonly #sequencer: Sequencer;
  readonly #sessions: SessionNumbers;
  readonly #snapshots: SnapshotKeeper;
  readonly #links = new Set<Link>();
  readonly #doors: Door[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #nextLink = 1;
  #isStopping = false;
  #isSliceDue = false;
  #isFatal = false;
  #appliedAt = 0;

  private constructor(settings: ExchangeSettings) {
    this.#settings = { ...DEFAULTS, ...settings };
    const { folder, say, clock = systemClock, ringBytes, snapshots, gate = localGate } = this.#settings;
    this.ring = new EventRing(ringBytes);
    this.#gate = gate((sequence) => this.#release(sequence));
    this.#journal = Journal.open({
      ...settings.journal,
      folder,
      say,
      onDurable: (sequence) => this.#durable(sequence),
      onFatal: (fault) => this.#die(fault),
    });
    this.recovered = recoverEngine(this.#journal, this.ring, say);
    this.#sequencer = new Sequencer({
      journal: this.#journal,
      ring: this.ring,
      clock,
      lastTime: this.recovered.lastTime,
      batchBytes: batchBytesFor(settings.journal),
      onRoom: () => this.#resumeLinks(),
      onBatch: (commands) => this.#applied(commands),
      onBroken: (error) => this.#die(error instanceof Error ? error : new Error(String(error))),
    });
    this.#sessions = new SessionNumbers(this.recovered.sessionsUsed, (upTo) =>
      this.#sequencer.inject({ kind: 'tick', origin: upTo }, this.#sessions, upTo),
    );
    this.#snapshots = new SnapshotKeeper(snapshots, this.#snapshotSource(), (...taken) =>
      this.#snapshotTaken(...taken),
    );
  }

  /** Recovers, ends the sessions that the last process left, and only then opens its doors. @throws JournalFault */
  static async start(settings: ExchangeSettings): Promise<Exchange> {
    const exchange = new Exchange(settings);
    try {
      exchange.#release(exchange.#journal.durableSequence);
      exchange.#sessions.replenish();
      for (const session of boundSessions()) exchange.#sequencer.endSession(session);
      exchange.#sequencer.turn();
      exchange.#journal.settle();
      await exchange.#open();
      return exchange;
    } catch (error) {
      await exchange.#journal.close();
      throw error;
    }
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  get keys(): ReadonlyMap<string, LinkKey> {
    return this.#settings.keys;
  }

  get heartbeatMs(): number {
    return this.#settings.heartbeatMs;
  }

  /** The journal's first: everything is kept, in the archive at last. */
  get oldestSequence(): number {
    return this.#settings.history === undefined ? this.ring.oldestSequence : 1;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get journal(): Journal {
    return this.#journal;
  }

  get sequencer(): Sequencer {
    return this.#sequencer;
  }

  get links(): ReadonlySet<Link> {
    return this.#links;
  }

  get port(): number | undefined {
    return this.#doors.find(({ port }) => port !== undefined)?.port;
  }

  get addresses(): string[] {
    return this.#doors.map(({ at }) => at);
  }

  take(view: DataView, at: number, length: number, session: number, sender: CommandSender, number: number): boolean {
    return this.#sequencer.take(view, at, length, session, sender, number);
  }

  openSession(): number | undefined {
    return this.#sessions.take();
  }

  endSession(session: number): void {
    this.#sequencer.endSession(session);
  }

  readHistory(from: number, link: Link): void {
    const { history } = this.#settings;
    if (history === undefined) link.close('history_unavailable');
    else history.feed(from, link, this.ring);
  }

  closed(link: Link, reason: Farewell | 'lost'): void {
    this.#links.delete(link);
    this.#settings.history?.leave(link);
    this.#settings.watch.linkClosed?.(reason);
  }

  /** Takes nothing more, makes everything durable and tells it, takes a snapshot, says farewell, gives the folder up. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const door of this.#doors) door.close();
    for (const timer of this.#timers) clearInterval(timer);
    this.#settings.history?.close();
    if (!this.#isFatal) await this.#wind();
    for (const link of [...this.#links]) link.close('shutting_down');
    await this.#journal.close();
  }

  /** What was read is made durable and told; then sessions end with their links. */
  async #wind(): Promise<void> {
    for (const link of this.#links) link.pause();
    this.#sequencer.turn();
    this.#journal.settle();
    for (const link of [...this.#links]) link.close('shutting_down');
    this.#sequencer.close();
    this.#journal.settle();
    await this.#snapshots.takeNow();
  }

  async #open(): Promise<void> {
    const { socketPath, tcp, heartbeatMs } = this.#settings;
    const onLink = (socket: ConstructorParameters<typeof Link>[0]): void => this.#accept(socket);
    if (socketPath !== undefined) this.#doors.push(await openUnixDoor(socketPath, onLink));
    if (tcp !== undefined) this.#doors.push(await openTcpDoor(tcp, onLink));
    this.#timers.push(
      setInterval(() => this.#beat(), heartbeatMs),
      setInterval(() => this.#tick(), TICK_MS),
    );
  }

  #accept(socket: ConstructorParameters<typeof Link>[0]): void {
    const link = new Link(socket, this, this.#nextLink++);
    this.#links.add(link);
    if (this.#links.size > this.#settings.mostLinks) link.close('too_many_links');
  }

  #applied(commands: number): void {
    if (this.#appliedAt === 0) this.#appliedAt = performance.now();
    this.#settings.watch.applied?.(commands);
    // What the ring no longer holds cannot leave from it.
    for (const link of this.#links) if (link.output.isOvertaken) link.close('too_slow');
    this.#stepSnapshot();
  }

  #durable(sequence: number): void {
    failpoint('exchange.durable');
    if (this.#appliedAt !== 0) this.#settings.watch.committed?.((performance.now() - this.#appliedAt) / 1000);
    this.#appliedAt = 0;
    this.#gate.durable(sequence);
  }

  #release(sequence: number): void {
    this.ring.release(sequence);
    this.#sessions?.released(sequence);
    for (const link of this.#links) link.output.flush();
    failpoint('exchange.released');
    this.#sequencer?.progress();
  }

  #resumeLinks(): void {
    if (this.#isStopping) return;
    for (const link of this.#links) {
      if (this.#sequencer.isBlocked) return;
      link.resume();
    }
  }

  #beat(): void {
    for (const link of [...this.#links]) link.beat();
  }

  #tick(): void {
    const due = nextDue();
    if (due !== undefined && this.#sequencer.waiting === 0 && this.#sequencer.now() >= Number(due)) {
      this.#sequencer.inject({ kind: 'tick' });
    }
    this.#sequencer.cancelEndedSessions();
    this.#sessions.replenish();
    this.#stepSnapshot();
  }

  #stepSnapshot(): void {
    if (this.#isSliceDue || this.#isStopping || this.#isFatal) return;
    this.#isSliceDue = true;
    setImmediate(() => {
      this.#isSliceDue = false;
      if (!this.#isStopping && !this.#isFatal && this.#snapshots.step()) this.#stepSnapshot();
    });
  }

  #snapshotSource(): ConstructorParameters<typeof SnapshotKeeper>[1] {
    return {
      journal: this.#journal,
      sequence: () => this.#journal.nextSequence - 1,
      time: () => this.#sequencer.now(),
      sessionsUsed: () => this.#sessions.reserved,
    };
  }

  #snapshotTaken(sequence: number, error: Error | null, tookMs: number, longestPauseMs: number): void {
    if (error !== null) return this.#settings.say(`no snapshot of command ${sequence}: ${error.message}`);
    this.#settings.watch.snapshot?.(tookMs, longestPauseMs);
  }

  #die(error: Error | JournalFault): void {
    if (this.#isFatal) return;
    this.#isFatal = true;
    this.#settings.onFatal(error);
  }
}
