import { randomBytes } from 'node:crypto';
import { Secret } from '@base/config';
import { failpoint } from '@base/failpoints';
import { type Journal, type JournalFault, type RecordBatch } from '@base/journal';
import { type Farewell, type LinkMessage } from '@core/contracts';
import { boundSessions, nextDue } from '@core/matching';
import { type CommandSender } from './command-batch.js';
import { type Door, openTcpDoor, openUnixDoor } from './doors.js';
import { type EventHistory } from './event-history.js';
import { type EventRing } from './event-ring.js';
import { batchBytesFor, DEFAULTS, type ExchangeSettings } from './exchange-settings.js';
import { Footing } from './footing.js';
import { Link, type LinkKey, type Venue } from './link.js';
import { type Recovered } from './recover-engine.js';
import { Sequencer } from './sequencer.js';
import { SessionNumbers } from './sessions.js';
import { SnapshotKeeper } from './snapshot-keeper.js';
import { Replication } from './standby/replication.js';
import { FIRST_PRIMARY } from './standby/standing-file.js';
import { Superseded } from './standby/superseded.js';
import { type SealedTerm } from './standby/term-seal.js';

/** How late what is due may be when nobody sends anything. */
const TICK_MS = 100;
/** What was said last to the links of a primary that is replaced gets so long to leave. */
const FAREWELL_MS = 100;

/** The venue's core in one object: journal, engine, sequencer, links. One per process, since there is one engine per isolate. */
export class Exchange implements Venue {
  readonly ring: EventRing;
  readonly recovered: Recovered;
  readonly #settings: ExchangeSettings & typeof DEFAULTS;
  readonly #journal: Journal;
  readonly #footing: Footing;
  readonly #replication: Replication;
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

  private constructor(settings: ExchangeSettings, footing: Footing) {
    this.#settings = { ...DEFAULTS, ...settings };
    const { clock, snapshots } = this.#settings;
    this.#footing = footing;
    this.ring = footing.ring;
    this.recovered = footing.recovered;
    this.#journal = footing.journal;
    this.#replication = this.#replicate();
    footing.onDurable = (sequence) => this.#durable(sequence);
    this.#sequencer = new Sequencer({
      journal: this.#journal,
      ring: this.ring,
      clock,
      lastTime: this.recovered.lastTime,
      batchBytes: batchBytesFor(settings.journal),
      onRoom: () => this.#resumeLinks(),
      onBatch: (commands, records) => this.#applied(commands, records),
      onBroken: (error) => this.#die(error instanceof Error ? error : new Error(String(error))),
    });
    this.#sessions = new SessionNumbers(this.recovered.sessionsUsed, (upTo) =>
      this.#sequencer.inject({ kind: 'tick', origin: upTo }, this.#sessions, upTo),
    );
    this.#snapshots = new SnapshotKeeper(snapshots, this.#snapshotSource(), (...taken) =>
      this.#snapshotTaken(...taken),
    );
  }

  /**
   * Recovers, ends the sessions that the last process left, and only then opens its doors. A promoted follower comes with its own footing.
   * @throws JournalFault; Superseded, or Error, when the folder is not a primary's
   */
  static async start(settings: ExchangeSettings, footing = Exchange.#recover(settings)): Promise<Exchange> {
    try {
      const { role, supersededBy } = footing.standing.record;
      if (role === 'superseded') throw new Superseded(supersededBy);
      if (role === 'follower')
        throw new Error(`${settings.folder} is a standby's: promote it, or tell it whom it follows`);
      const exchange = new Exchange(settings, footing);
      exchange.#replication.durable(exchange.#journal.durableSequence);
      exchange.#sessions.replenish();
      for (const session of boundSessions()) exchange.#sequencer.endSession(session);
      exchange.#sequencer.turn();
      exchange.#journal.settle();
      await exchange.#open();
      return exchange;
    } catch (error) {
      await footing.journal.close();
      throw error;
    }
  }

  static #recover({ folder, ringBytes = DEFAULTS.ringBytes, journal, say, onFatal }: ExchangeSettings): Footing {
    return Footing.open({ folder, ringBytes, journal, say, onFatal }, FIRST_PRIMARY).recover();
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

  readonly standing = 'primary';

  get term(): SealedTerm {
    return this.#replication.term;
  }

  get replication(): Replication {
    return this.#replication;
  }

  /** The journal's first: everything is kept, in the archive at last. */
  get oldestSequence(): number {
    return this.#settings.history === undefined
      ? this.ring.oldestSequence
      : this.#footing.standing.record.beganAfter + 1;
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
    if (this.#sequencer.take(view, at, length, session, sender, number)) return true;
    // Elsewhere a full queue is emptied by the disk; here by nobody, for who knows how long.
    if (!this.#replication.isHeldBack) return false;
    sender.refused(number, 'no_standby');
    return true;
  }

  openSession(): number | undefined {
    return this.#sessions.take();
  }

  endSession(session: number): void {
    this.#sequencer.endSession(session);
  }

  get history(): EventHistory | undefined {
    return this.#settings.history;
  }

  mayLeave(): boolean {
    return this.#replication.mayLeave();
  }

  hear(term: SealedTerm): boolean {
    return this.#replication.hear(term);
  }

  converse(link: Link, message: LinkMessage): boolean {
    return this.#replication.converse(link, message);
  }

  closed(link: Link, reason: Farewell | 'lost'): void {
    this.#links.delete(link);
    this.#replication.left(link);
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
    this.#replication.close();
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

  #applied(commands: number, records: RecordBatch): void {
    if (this.#appliedAt === 0) this.#appliedAt = performance.now();
    this.#settings.watch.applied?.(commands);
    this.#replication.applied(records);
    // What the ring no longer holds cannot leave from it.
    for (const link of this.#links) if (link.output.isOvertaken) link.close('too_slow');
    this.#stepSnapshot();
  }

  #durable(sequence: number): void {
    failpoint('exchange.durable');
    if (this.#appliedAt !== 0) this.#settings.watch.committed?.((performance.now() - this.#appliedAt) / 1000);
    this.#appliedAt = 0;
    this.#replication.durable(sequence);
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
    for (const link of [...this.#links]) {
      if (this.#sequencer.isBlocked) return;
      // To the end of the queue, so that one who fills every batch does not keep the others waiting for ever.
      if (this.#links.delete(link)) this.#links.add(link);
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
      if (this.#isStopping || this.#isFatal) return;
      const isCompared = this.#replication.step();
      if (this.#snapshots.step() || isCompared) this.#stepSnapshot();
    });
  }

  #snapshotSource(): ConstructorParameters<typeof SnapshotKeeper>[1] {
    return {
      journal: this.#journal,
      sequence: () => this.#journal.nextSequence - 1,
      time: () => this.#sequencer.now(),
      sessionsUsed: () => this.#sessions.reserved,
      mayBegin: () => !this.#replication.isComparing,
    };
  }

  #snapshotTaken(sequence: number, error: Error | null, tookMs: number, longestPauseMs: number): void {
    if (error !== null) return this.#settings.say(`no snapshot of command ${sequence}: ${error.message}`);
    this.#settings.watch.snapshot?.(tookMs, longestPauseMs);
  }

  #replicate(): Replication {
    const { replication, keys, say, alert = say } = this.#settings;
    const key = [...keys.values()].find(({ role }) => role === 'standby')?.key;
    // Without a key nobody can follow, and nobody can prove a higher term.
    return new Replication(replication, this.#footing, key ?? new Secret(randomBytes(32).toString('hex')), {
      release: (sequence) => this.#release(sequence),
      supersede: (term) => this.#giveWay(term),
      changed: () => this.#resumeAll(),
      isCopying: () => this.#snapshots.isCopying,
      say,
      alert,
    });
  }

  /** Another is the primary. Nothing leaves any more but the reason, and the folder remembers it. */
  #giveWay(term: number): void {
    if (this.#isFatal || this.#isStopping) return;
    this.#isFatal = true;
    for (const door of this.#doors) door.close();
    for (const timer of this.#timers) clearInterval(timer);
    this.#sequencer.close();
    this.#footing.standing.write({ role: 'superseded', supersededBy: term });
    for (const link of [...this.#links]) link.close('fenced');
    setTimeout(() => this.#settings.onFatal(new Superseded(term)), FAREWELL_MS);
  }

  #resumeAll(): void {
    if (this.#isStopping || this.#isFatal) return;
    this.#sequencer.progress();
    for (const link of this.#links) {
      link.output.flush();
      link.resume();
    }
  }

  #die(error: Error | JournalFault): void {
    if (this.#isFatal) return;
    this.#isFatal = true;
    this.#settings.onFatal(error);
  }
}
