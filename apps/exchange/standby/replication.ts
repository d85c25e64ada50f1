import { type RecordBatch } from '@base/journal';
import { type Secret } from '@base/config';
import { type LinkMessage, type ReplicationMode } from '@core/contracts';
import { EventRing } from '../event-ring.js';
import { type Footing } from '../footing.js';
import { type Link } from '../link.js';
import { AcknowledgementGate, AWAY_MS } from './acknowledgement-gate.js';
import { StandbyFeed } from './standby-feed.js';
import { sharedUpTo } from './standing-file.js';
import { isSealed, type SealedTerm, sealTerm } from './term-seal.js';
import { type Digest, StateDigest } from './state-digest.js';

/** Memory for the latest commands; a standby that is further behind is fed out of the journal's files. */
const COMMAND_BYTES = 8 * 1024 * 1024;
const WATCH_MS = AWAY_MS / 5;

export interface ReplicationSettings {
  readonly mode: ReplicationMode;
  /** Commands between two comparisons of the state here and with the standby. */
  readonly compareEvery: number;
  readonly compareSliceMs: number;
}

export const ALONE: ReplicationSettings = { mode: 'asynchronous', compareEvery: 1_000_000, compareSliceMs: 0.5 };

export interface ReplicationHost {
  /** Everything up to `sequence` may leave. */
  release(sequence: number): void;
  /** A higher term has begun: this venue is the primary no more. */
  supersede(term: number): void;
  /** Another mode, another standby: what waited may go on, or be refused. */
  changed(): void;
  /** Whether the engine's state is being copied for a snapshot. */
  isCopying(): boolean;
  say(line: string): void;
  /** An operator must look at this at once. */
  alert(line: string): void;
}

/** What operators see of it. */
export interface ReplicationState {
  readonly mode: ReplicationMode;
  readonly isFollowed: boolean;
  /** Released commands that the standby has not acknowledged; 0 without one. */
  readonly lag: number;
  readonly comparisons: number;
  readonly differences: number;
}

type Of<K extends LinkMessage['kind']> = Extract<LinkMessage, { kind: K }>;

/** The primary's side of the pair: feeds the standby, decides what may leave, compares states, gives way to a higher term. */
export class Replication {
  readonly term: SealedTerm;
  readonly #settings: ReplicationSettings;
  readonly #footing: Footing;
  readonly #key: Secret;
  readonly #host: ReplicationHost;
  readonly #commands = new EventRing(COMMAND_BYTES);
  readonly #gate: AcknowledgementGate;
  readonly #digest = new StateDigest();
  readonly #digests = new Map<number, Uint8Array>();
  readonly #watch: NodeJS.Timeout;
  #feed: StandbyFeed | undefined;
  #compared: number;
  #reference = 0;
  #comparisons = 0;
  #differences = 0;

  constructor(settings: ReplicationSettings, footing: Footing, key: Secret, host: ReplicationHost) {
    this.#settings = settings;
    this.#footing = footing;
    this.#key = key;
    this.#host = host;
    this.term = sealTerm(key, footing.standing.record.term);
    this.#gate = new AcknowledgementGate(settings.mode, {
      open: (sequence) => host.release(sequence),
      doubt: () => this.#askWhetherFollowed(),
    });
    this.#compared = footing.journal.nextSequence - 1;
    this.#commands.startAfter(this.#compared);
    this.#watch = setInterval(() => this.#gate.watch(), WATCH_MS).unref();
  }

  get state(): ReplicationState {
    const isFollowed = this.#feed !== undefined;
    return {
      mode: this.#gate.mode,
      isFollowed,
      lag: isFollowed ? Math.max(0, this.#footing.journal.durableSequence - this.#gate.acknowledged) : 0,
      comparisons: this.#comparisons,
      differences: this.#differences,
    };
  }

  /** Synchronous without a standby: what is taken is kept, and nothing leaves. */
  get isHeldBack(): boolean {
    return this.#gate.mode === 'synchronous' && this.#feed === undefined;
  }

  mayLeave(): boolean {
    return this.#gate.mayLeave();
  }

  get isComparing(): boolean {
    return this.#digest.isCopying;
  }

  /** A batch has been applied; takes it before it returns. */
  applied(records: RecordBatch): void {
    this.#commands.append(records.bytes, records.length);
    this.#commands.endBatch(records.lastSequence);
    if (this.#feed?.isLive !== true || records.lastSequence - this.#compared < this.#settings.compareEvery) return;
    if (this.#digest.isBusy || this.#host.isCopying()) return;
    // Said before anything of a later batch can be sent, so that the standby can stop exactly there.
    this.#compared = records.lastSequence;
    this.#digest.begin(records.lastSequence);
    this.#feed.link.output.say({ kind: 'compare', command: BigInt(records.lastSequence) });
    this.#feed.link.output.flush();
  }

  durable(sequence: number): void {
    this.#commands.release(sequence);
    this.#feed?.link.output.flush();
    this.#gate.durable(sequence);
  }

  /** A slice of a comparison between two batches. True while there is more to do. */
  step(): boolean {
    const digest = this.#digest.step(this.#settings.compareSliceMs);
    if (digest !== undefined) this.#compare(digest);
    return this.#digest.isBusy;
  }

  /** True when the term is proven to be higher: this venue gives way, and never releases anything again. */
  hear(heard: SealedTerm): boolean {
    if (heard.term <= this.term.term || !isSealed(this.#key, heard)) return false;
    this.#gate.fence();
    this.#host.supersede(heard.term);
    return true;
  }

  /** False when the message is out of turn. */
  converse(link: Link, message: LinkMessage): boolean {
    switch (link.role) {
      case 'standby':
        return message.kind === 'follow' ? this.#follow(link, message) : this.#hearStandby(link, message);
      case 'operator':
        return this.#operate(link, message);
      default:
        return false;
    }
  }

  left(link: Link): void {
    if (this.#feed?.link !== link) return;
    this.#feed.close();
    this.#feed = undefined;
    const consequence = this.isHeldBack ? '; nothing is released until it returns or an operator changes the mode' : '';
    this.#host.say(`the standby has left at command ${this.#gate.acknowledged}${consequence}`);
    this.#host.changed();
  }

  close(): void {
    clearInterval(this.#watch);
    this.#digest.abandon();
    this.#feed?.close();
  }

  #follow(link: Link, { last, term }: Of<'follow'>): boolean {
    const standby = Number(last);
    const { terms } = this.#footing.standing.record;
    const durable = this.#footing.journal.durableSequence;
    const isKnown = standby === 0 || terms.some((start) => start.term === term);
    const shared = isKnown ? Math.min(durable, sharedUpTo(terms, term)) : 0;
    if (standby > shared) {
      this.#host.alert(
        `a standby ends with command ${standby} of term ${term} and shares no more than ${shared} with this journal: it is not fed`,
      );
      link.close('diverged');
      return true;
    }
    const before = this.#feed;
    this.#feed = undefined;
    before?.close();
    before?.link.close('replaced');
    for (const start of terms) link.output.say({ kind: 'term-began', after: BigInt(start.after), term: start.term });
    const sources = { footing: this.#footing, commands: this.#commands };
    link.output.replicate();
    this.#feed = new StandbyFeed(link, sources, standby, (error) => {
      this.#host.alert(`the standby cannot be fed from command ${standby + 1} on: ${error.message}`);
      link.close('history_unavailable');
    });
    this.#digests.clear();
    this.#host.say(`a standby follows from command ${standby}; ${durable} are durable here`);
    this.#gate.acknowledge(standby);
    this.#gate.reassure();
    this.#feed.start();
    this.#host.changed();
    return true;
  }

  #hearStandby(link: Link, message: LinkMessage): boolean {
    if (message.kind === 'superseded') {
      if (this.hear(message)) link.close('fenced');
      return true;
    }
    if (this.#feed?.link !== link) return false;
    switch (message.kind) {
      case 'acknowledged':
        if (message.term !== this.term.term || Number(message.upTo) > this.#footing.journal.durableSequence)
          return false;
        this.#gate.acknowledge(Number(message.upTo));
        return true;
      case 'confirmed':
        if (message.term !== this.term.term || message.reference !== this.#reference) return true;
        this.#gate.reassure();
        this.#host.changed();
        return true;
      case 'digest':
        this.#take({ sequence: Number(message.command), digest: message.digest });
        return true;
      default:
        return false;
    }
  }

  #operate(link: Link, message: LinkMessage): boolean {
    if (message.kind === 'promote') {
      link.output.say({ kind: 'not-promoted', reason: 'not_a_follower' });
      return true;
    }
    if (message.kind !== 'set-replication') return false;
    const { mode } = message;
    if (mode !== this.#gate.mode) this.#host.alert(`an operator made replication ${mode}; it was ${this.#gate.mode}`);
    this.#gate.setMode(mode);
    link.output.say({ kind: 'replication-set', mode });
    this.#host.changed();
    return true;
  }

  #askWhetherFollowed(): void {
    if (this.#feed === undefined) return;
    this.#reference = (this.#reference + 1) >>> 0;
    this.#host.say(
      'this process was away: it asks the standby whether it is still the primary before it releases anything',
    );
    this.#feed.link.output.say({ kind: 'confirm', reference: this.#reference });
    this.#feed.link.output.flush();
  }

  #compare(own: Digest): void {
    const theirs = this.#digests.get(own.sequence);
    this.#digests.clear();
    if (theirs === undefined) this.#digests.set(own.sequence, own.digest);
    else this.#judge(own.sequence, own.digest, theirs);
  }

  #take(theirs: Digest): void {
    const own = this.#digests.get(theirs.sequence);
    this.#digests.clear();
    if (own === undefined) this.#digests.set(theirs.sequence, theirs.digest);
    else this.#judge(theirs.sequence, own, theirs.digest);
  }

  #judge(sequence: number, own: Uint8Array, theirs: Uint8Array): void {
    this.#comparisons += 1;
    if (Buffer.compare(own, theirs) === 0) return;
    this.#differences += 1;
    this.#host.alert(
      `STATES DIFFER after command ${sequence}: ${hex(own)} here, ${hex(theirs)} with the standby, which refuses promotion from now on`,
    );
    this.#feed?.link.output.say({ kind: 'differs', command: BigInt(sequence) });
    this.#feed?.link.output.flush();
  }
}

const hex = (digest: Uint8Array): string => Buffer.from(digest.subarray(0, 8)).toString('hex');
