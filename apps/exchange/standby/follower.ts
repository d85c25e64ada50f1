import { ArrivingSnapshot } from '@base/journal';
import { type LinkMessage } from '@core/contracts';
import { ExchangeLink, HighestTerm, type LinkEnd, type Promotion } from '@platform/venue-link';
import { type EventRing } from '../event-ring.js';
import { Exchange } from '../exchange.js';
import { batchBytesFor, DEFAULTS, type ExchangeSettings } from '../exchange-settings.js';
import { Footing } from '../footing.js';
import { SnapshotKeeper } from '../snapshot-keeper.js';
import { type Peer } from './announce-term.js';
import { CommandApplier } from './command-applier.js';
import { type DoorOwner, FollowerDoor } from './follower-door.js';
import { setAside } from './set-aside.js';
import { NEW_FOLLOWER, type TermStart } from './standing-file.js';
import { StateDigest } from './state-digest.js';
import { type SealedTerm, sealTerm } from './term-seal.js';

const RECONNECT_MS = 200;
const SLICE_MS = 0.5;

export interface FollowerSettings {
  /** What it will be started with as the primary; its doors are open to operators meanwhile. */
  readonly exchange: ExchangeSettings;
  readonly primary: Peer;
  /** Put a journal aside that holds commands which are not the venue's, and begin anew. Nothing is deleted. */
  readonly discardsTail: boolean;
  /** It has become the primary. */
  readonly onPromoted: (exchange: Exchange, term: SealedTerm) => void;
}

/** Why it cannot follow: an operator has to decide. */
export class CannotFollow extends Error {
  override readonly name = 'CannotFollow';
}

type Of<K extends LinkMessage['kind']> = Extract<LinkMessage, { kind: K }>;

/**
 * The follower: takes the primary's snapshot and commands into a journal and an engine of its own, acknowledges what is durable, compares
 * states, connects again by itself, and becomes the primary when an operator says so.
 */
export class Follower implements DoorOwner {
  readonly #settings: FollowerSettings;
  readonly #terms = new HighestTerm();
  readonly #door: FollowerDoor;
  #connecting: NodeJS.Timeout | undefined;
  readonly #digest = new StateDigest();
  #footing: Footing;
  #applier: CommandApplier | undefined;
  #snapshots: SnapshotKeeper | undefined;
  #link: ExchangeLink | undefined;
  #arriving: ArrivingSnapshot | undefined;
  #history: TermStart[] = [];
  /** The primary has said from where it goes on: commands may come. */
  #isFed = false;
  #isConnecting = false;
  #isSliceDue = false;
  /** Stopped, promoted, or broken: it follows nobody any more. */
  #isOver = false;
  #told = '';

  private constructor(settings: FollowerSettings) {
    this.#settings = settings;
    this.#footing = this.#openFooting();
    this.#door = new FollowerDoor(this, settings.exchange);
  }

  /** Takes the folder, recovers what is in it, opens the doors to operators, and follows. @throws JournalFault */
  static async start(settings: FollowerSettings): Promise<Follower> {
    const follower = new Follower(settings);
    try {
      await follower.#open();
    } catch (error) {
      await follower.#footing.journal.close();
      throw error;
    }
    follower.#follow();
    return follower;
  }

  get ring(): EventRing {
    return this.#footing.ring;
  }

  get epoch(): number {
    return this.#footing.journal.epoch;
  }

  get term(): SealedTerm {
    return sealTerm(this.#settings.primary.key, this.#footing.standing.record.term);
  }

  /** Of the last command that is durable here. */
  get last(): number {
    return this.#applier === undefined ? 0 : this.#footing.journal.durableSequence;
  }

  get isFollowing(): boolean {
    return this.#link?.isOpen === true && this.#isFed;
  }

  /** Whether a promotion now would lose nothing that had been released when it connected. */
  get hasCaughtUp(): boolean {
    const { term, owed } = this.#footing.standing.record;
    return term > 0 && this.last >= owed;
  }

  get differsAt(): number | null {
    return this.#footing.standing.record.differsAt;
  }

  get addresses(): string[] {
    return this.#door.addresses;
  }

  /**
   * Becomes the primary under a higher term: durable before anything is taken or told. Acknowledges nothing any more from the first moment on.
   * @param isForced also without all that the primary had released: what is missing is lost
   */
  async promote(isForced: boolean): Promise<Promotion> {
    const { standing, journal } = this.#footing;
    if (this.#isOver) return { refusal: 'not_a_follower' };
    if (standing.record.differsAt !== null) return { refusal: 'states_differ' };
    if (!this.hasCaughtUp && !isForced) return { refusal: 'catching_up' };
    this.#isOver = true;
    const applier = this.#applier ?? this.#beginApplying();
    applier.close();
    this.#snapshots?.abandon();
    this.#digest.abandon();
    const { lastTime, sessionsUsed } = applier;
    this.#footing.recovered = { ...this.#footing.recovered, lastTime, sessionsUsed };
    journal.promote();
    const last = journal.durableSequence;
    const term = standing.record.term + 1;
    standing.write({ role: 'primary', term, terms: [...standing.record.terms, { term, after: last }] });
    this.#settings.exchange.say(`promoted: this is the primary under term ${term}, from command ${last + 1} on`);
    this.#link?.tell({ kind: 'superseded', ...this.term });
    this.#link?.close();
    this.#door.close();
    clearInterval(this.#connecting);
    const exchange = await Exchange.start(this.#settings.exchange, this.#footing);
    this.#settings.onPromoted(exchange, this.term);
    return { term, last };
  }

  /** Gives the folder up; what has been taken is durable and the next start goes on from there. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#door.close();
    clearInterval(this.#connecting);
    this.#door.dismiss();
    this.#link?.close();
    this.#applier?.close();
    this.#digest.abandon();
    await this.#snapshots?.takeNow();
    await this.#footing.journal.close();
  }

  #openFooting(): Footing {
    const { folder, ringBytes = DEFAULTS.ringBytes, journal, say, onFatal } = this.#settings.exchange;
    const footing = Footing.open({ folder, ringBytes, journal, say, onFatal }, NEW_FOLLOWER);
    const { term } = footing.standing.record;
    if (footing.standing.record.role !== 'follower') footing.standing.write({ role: 'follower' });
    if (term > 0) this.#terms.accept(sealTerm(this.#settings.primary.key, term));
    return footing;
  }

  async #open(): Promise<void> {
    // An empty folder is recovered when it is known whether a snapshot comes first.
    if (!this.#footing.isEmpty) this.#beginApplying();
    await this.#door.open();
    this.#connecting = setInterval(() => this.#follow(), RECONNECT_MS);
  }

  #beginApplying(): CommandApplier {
    const footing = this.#footing.recover();
    const { exchange } = this.#settings;
    footing.onDurable = (sequence) => {
      footing.ring.release(sequence);
      if (!this.#isOver) this.#acknowledge(sequence);
    };
    const applier = new CommandApplier({
      footing,
      batchBytes: batchBytesFor(exchange.journal),
      onApplied: () => this.#goOnSlicing(),
      onRoom: () => this.#link?.resume(),
      onReached: (sequence) => this.#beginDigest(sequence),
      onBroken: (error) => exchange.onFatal(error),
      say: exchange.say,
    });
    footing.ring.release(footing.journal.durableSequence);
    this.#applier = applier;
    this.#snapshots = new SnapshotKeeper(
      exchange.snapshots ?? DEFAULTS.snapshots,
      {
        journal: footing.journal,
        sequence: () => footing.journal.nextSequence - 1,
        time: () => applier.lastTime,
        sessionsUsed: () => applier.sessionsUsed,
        mayBegin: () => !this.#digest.isCopying,
      },
      (sequence, error) => error && exchange.say(`no snapshot of command ${sequence}: ${error.message}`),
    );
    return applier;
  }

  #follow(): void {
    if (this.#isOver || this.#isConnecting || this.#link !== undefined) return;
    this.#isConnecting = true;
    const { address, keyName, key } = this.#settings.primary;
    const replica = {
      onCommand: (view: DataView, at: number, length: number) => this.#take(view, at, length),
      onMessage: (message: LinkMessage) => this.#hear(message),
    };
    ExchangeLink.connect({ address, keyName, key, terms: this.#terms, replica, onClosed: (end) => this.#lost(end) })
      .then((link) => this.#connected(link))
      .catch((error: unknown) =>
        this.#tell(`the primary is not followed: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => (this.#isConnecting = false));
  }

  #connected(link: ExchangeLink): void {
    if (this.#isOver || link.welcome.standing !== 'primary') {
      link.close();
      return this.#tell('the one to follow is a follower itself: promote one of them');
    }
    this.#link = link;
    this.#history = [];
    link.tell({ kind: 'follow', last: BigInt(this.last), term: this.#footing.standing.record.term });
  }

  #lost(end: LinkEnd): void {
    const wasFollowing = this.#link !== undefined;
    this.#link = undefined;
    this.#isFed = false;
    this.#arriving?.abandon();
    this.#arriving = undefined;
    if (this.#isOver || !wasFollowing) return;
    if (end === 'diverged' || end === 'history_unavailable')
      void this.#startOver(end).catch(this.#settings.exchange.onFatal);
    else this.#tell(`the primary is not followed any more: ${end}`);
  }

  /** What is here is not a beginning of what the primary has, or nothing the primary has goes on from it. */
  async #startOver(why: string): Promise<void> {
    const { exchange, discardsTail } = this.#settings;
    const { term } = this.#footing.standing.record;
    if (!discardsTail) {
      throw new CannotFollow(
        `${why}: commands up to ${this.last} of term ${term} in ${exchange.folder} do not lead to what the primary has. ` +
          `With EXCHANGE_DISCARD_TAIL=1 the folder is put aside whole and a snapshot is taken instead`,
      );
    }
    this.#applier?.close();
    this.#digest.abandon();
    this.#snapshots?.abandon();
    this.#applier = undefined;
    this.#snapshots = undefined;
    this.#isConnecting = true;
    await this.#footing.journal.close();
    const aside = setAside(exchange.folder, term);
    exchange.say(`${why}: the journal here is kept as ${aside}, and a new one begins`);
    this.#footing = this.#openFooting();
    this.#isConnecting = false;
  }

  #take(view: DataView, at: number, length: number): boolean {
    if (this.#isOver) return true;
    try {
      if (this.#isFed) return (this.#applier ??= this.#beginApplying()).take(view, at, length);
      this.#tell('commands came before it was said from where');
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
    this.#link?.destroy();
    return true;
  }

  #hear(message: LinkMessage): void {
    if (this.#isOver) return;
    switch (message.kind) {
      case 'term-began':
        return void this.#history.push({ term: message.term, after: Number(message.after) });
      case 'following':
        return this.#begin(message);
      case 'snapshot-piece':
        return this.#takePiece(message);
      case 'compare':
        return this.#applier?.reach(Number(message.command));
      case 'differs':
        return this.#differ(Number(message.command));
      case 'confirm':
        return this.#link?.tell({
          kind: 'confirmed',
          reference: message.reference,
          term: this.#footing.standing.record.term,
        });
      default:
        return this.#link?.destroy();
    }
  }

  #begin({ first, snapshot, bytes, released }: Of<'following'>): void {
    const { standing, folder, disk } = this.#footing;
    const term = this.#history.at(-1)?.term ?? 0;
    // Before the first command of that term is in the journal, and before the snapshot that stands for those it lacks.
    standing.write({
      term,
      terms: this.#history,
      owed: Number(released),
      ...(snapshot > 0n && { beganAfter: Number(snapshot) }),
    });
    this.#terms.accept(this.term);
    this.#told = '';
    this.#settings.exchange.say(`following the primary under term ${term} from command ${first}`);
    if (snapshot > 0n && this.#footing.isEmpty)
      this.#arriving = new ArrivingSnapshot(disk, folder, Number(snapshot), Number(bytes));
    else this.#isFed = true;
  }

  #takePiece({ length, bytes }: Of<'snapshot-piece'>): void {
    const arriving = this.#arriving;
    if (arriving === undefined) return this.#link?.destroy();
    arriving.write(bytes.subarray(0, length));
    if (!arriving.isWhole) return;
    this.#arriving = undefined;
    try {
      arriving.finish();
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
      return this.#link?.destroy();
    }
    const applier = this.#beginApplying();
    this.#isFed = true;
    this.#settings.exchange.say(`the snapshot of command ${applier.last} has come from the primary`);
    this.#acknowledge(applier.last);
  }

  #acknowledge(sequence: number): void {
    if (this.#link?.isOpen !== true) return;
    this.#link.tell({ kind: 'acknowledged', upTo: BigInt(sequence), term: this.#footing.standing.record.term });
  }

  /** The state is the one after `sequence`, and nothing more is applied before this returns. */
  #beginDigest(sequence: number): void {
    while (this.#snapshots?.isCopying === true) this.#snapshots.step();
    while (this.#digest.isBusy) this.#stepDigest();
    this.#digest.begin(sequence);
    this.#goOnSlicing();
  }

  #stepDigest(): void {
    const digest = this.#digest.step(SLICE_MS);
    if (digest !== undefined)
      this.#link?.tell({ kind: 'digest', command: BigInt(digest.sequence), digest: digest.digest });
  }

  #goOnSlicing(): void {
    if (this.#isSliceDue) return;
    this.#isSliceDue = true;
    setImmediate(() => {
      this.#isSliceDue = false;
      if (this.#isOver) return;
      this.#stepDigest();
      const hasMore = this.#snapshots?.step() === true;
      if (hasMore || this.#digest.isBusy) this.#goOnSlicing();
    });
  }

  #differ(sequence: number): void {
    this.#footing.standing.write({ differsAt: sequence });
    const { say, alert = say } = this.#settings.exchange;
    alert(
      `THE STATE HERE DIFFERS from the primary's after command ${sequence}: promotion is refused. Keep this folder for the inquiry, begin anew in another`,
    );
  }

  /** Says what keeps it from following, once while it stays the same. */
  #tell(line: string): void {
    if (this.#told !== line) this.#settings.exchange.say(line);
    this.#told = line;
  }
}
