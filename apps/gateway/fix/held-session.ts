/**
 * A FIX session while this process speaks for it: what changes is gathered and written in batches (`session-store.ts`), and a message goes
 * to the connection when it, and everything before it, may: an application message when it is durable, others when their number is.
 */
import { type StreamPosition } from '@core/venue-view';
import { type Outbound, type SessionNumbers } from './fix-session.js';
import { InboundProgress } from './inbound-progress.js';

/** A session as it stands in the database. */
export interface SessionRecord {
  readonly compId: string;
  readonly customerId: string;
  readonly account: number;
  readonly isCancelledOnDisconnect: boolean;
  readonly fence: bigint;
  /** Under this fence the numbers began at 1 last. */
  readonly begunFence: bigint;
  readonly nextIn: number;
  readonly answered: readonly number[];
  readonly nextOut: number;
  readonly sentThrough: number;
  readonly position: StreamPosition;
  /** Microseconds. */
  readonly positionTime: bigint;
  /** Orders that have not ended for it, by their numbers: the ClOrdID that each has now. */
  readonly openOrders: ReadonlyMap<bigint, string>;
}

/** A message and when it was made; a stored one can be sent again after a restart. */
export interface KeptMessage extends Outbound {
  readonly madeAt: number;
  readonly isStored: boolean;
}

/** What a write has to bring. */
export interface SessionChange {
  readonly compId: string;
  readonly fence: bigint;
  readonly nextIn: number;
  readonly answered: readonly number[];
  readonly nextOut: number;
  readonly sentThrough: number;
  readonly position: StreamPosition;
  readonly positionTime: bigint;
  readonly messages: readonly KeptMessage[];
  readonly named: ReadonlyMap<bigint, string>;
  readonly ended: ReadonlySet<bigint>;
}

/** Numbers that may be used without a write of their own. */
const NUMBERS_AHEAD = 256;
/** Messages that wait for the database; beyond, the session is given up. */
const WAITING_MAX = 20_000;

export class HeldSession {
  readonly record: SessionRecord;
  readonly #progress: InboundProgress;
  readonly #openOrders: Map<bigint, string>;
  #nextOut: number;
  #durableNextOut: number;
  #sentThrough: number;
  #position: StreamPosition;
  #positionTime: bigint;
  #waiting: { message: KeptMessage; isDurable: boolean }[] = [];
  #unwritten: KeptMessage[] = [];
  #named = new Map<bigint, string>();
  #ended = new Set<bigint>();
  #isDirty = false;
  /** Changes that have been taken to be written, and how many of them have been. */
  #taken = 0;
  #saved = 0;
  #isClosing = false;
  #isPaused = false;
  #sink: ((message: KeptMessage) => void) | undefined;
  /** The last of what was queued while nobody was connected, and the last of what was not that has been sent. */
  #queuedThrough = 0;
  #newestSent = 0;
  #writtenThrough: number;
  readonly #changed: (session: HeldSession) => void;

  constructor(record: SessionRecord, changed: (session: HeldSession) => void) {
    this.record = record;
    this.#changed = changed;
    this.#progress = new InboundProgress(record.nextIn, record.answered);
    this.#openOrders = new Map(record.openOrders);
    this.#nextOut = record.nextOut;
    this.#durableNextOut = record.nextOut;
    this.#sentThrough = record.sentThrough;
    this.#writtenThrough = record.nextOut - 1;
    this.#position = record.position;
    this.#positionTime = record.positionTime;
  }

  get compId(): string {
    return this.record.compId;
  }

  get progress(): InboundProgress {
    return this.#progress;
  }

  get position(): StreamPosition {
    return this.#position;
  }

  get positionTime(): bigint {
    return this.#positionTime;
  }

  get openOrders(): ReadonlyMap<bigint, string> {
    return this.#openOrders;
  }

  get numbers(): SessionNumbers {
    return { nextIn: this.#progress.next, nextOut: this.#nextOut };
  }

  /** The highest number that a resend can be of: what is above has not been written yet and comes by itself. */
  get writtenThrough(): number {
    return this.#writtenThrough;
  }

  /** Everything up to there has left this process towards a client. */
  get sentThrough(): number {
    return this.#sentThrough;
  }

  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** The number of the change that brings all there is now; it has been written when `saved` is as high. */
  get change(): number {
    return this.#isDirty ? this.#taken + 1 : this.#taken;
  }

  get saved(): number {
    return this.#saved;
  }

  get isOverfull(): boolean {
    return this.#waiting.length > WAITING_MAX;
  }

  /** From now on messages go there, in order. What was queued before waits to be asked for. */
  connect(sink: (message: KeptMessage) => void): void {
    this.#writtenThrough = this.#nextOut - 1;
    this.#queuedThrough = this.#writtenThrough;
    this.#sink = sink;
  }

  /** While older messages are sent again, new ones wait. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  /** The system has taken the message from the connection's sink to send it, and with it what the sink was given before. */
  sent(seq: number): void {
    this.#newestSent = seq;
    this.#moveSentThrough();
  }

  /** The same of one that the client has asked for; it has what is before those that it asks for. */
  sentAgain(seq: number): void {
    this.#sentThrough = Math.max(this.#sentThrough, seq);
    this.#moveSentThrough();
  }

  /** No connection any more: what is made from now on waits in the database. */
  disconnect(): void {
    this.#sink = undefined;
    this.#waiting = [];
    this.#isClosing = true;
    this.touch();
  }

  /** Queues a message for the connection. Numbers must be given in order. */
  add(message: KeptMessage): void {
    this.#nextOut = message.seq + 1;
    if (this.#sink !== undefined) this.#waiting.push({ message, isDurable: !message.isStored });
    if (message.isStored) this.#unwritten.push(message);
    if (message.isStored || this.#nextOut > this.#durableNextOut - NUMBERS_AHEAD / 2) this.touch();
    this.#pump();
  }

  answered(from: number, through: number): void {
    this.#progress.answer(from, through);
    this.touch();
  }

  /** The account's reports have become messages up to there. A time that is too early costs a longer search, no more. */
  advance(position: StreamPosition, time: bigint): void {
    this.#position = position;
    if (time > this.#positionTime) this.#positionTime = time;
  }

  name(orderId: bigint, id: string): void {
    this.#openOrders.set(orderId, id);
    this.#named.set(orderId, id);
    this.#ended.delete(orderId);
    this.touch();
  }

  end(orderId: bigint): void {
    this.#openOrders.delete(orderId);
    this.#named.delete(orderId);
    this.#ended.add(orderId);
    this.touch();
  }

  /** Writes soon, though nothing else may have changed: the position has moved. */
  touch(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#changed(this);
  }

  /** What there is to write, and what to call when it has been. */
  takeChange(): { change: SessionChange; done: () => void } {
    this.#isDirty = false;
    this.#taken += 1;
    const number = this.#taken;
    const written = new Set(this.#unwritten.map(({ seq }) => seq));
    const nextOut = this.#isClosing ? this.#nextOut : this.#nextOut + NUMBERS_AHEAD;
    const change: SessionChange = {
      compId: this.record.compId,
      fence: this.record.fence,
      nextIn: this.#progress.next,
      answered: this.#progress.answered,
      nextOut,
      sentThrough: this.#sentThrough,
      position: this.#position,
      positionTime: this.#positionTime,
      messages: this.#unwritten,
      named: this.#named,
      ended: this.#ended,
    };
    this.#unwritten = [];
    this.#named = new Map();
    this.#ended = new Set();
    return {
      change,
      done: () => {
        this.#saved = number;
        this.#durableNextOut = nextOut;
        for (const waiting of this.#waiting) if (written.has(waiting.message.seq)) waiting.isDurable = true;
        this.#pump();
      },
    };
  }

  /** Behind what was queued, what is new counts only when the client has asked for the rest. */
  #moveSentThrough(): void {
    if (this.#sentThrough >= this.#queuedThrough) this.#sentThrough = Math.max(this.#sentThrough, this.#newestSent);
  }

  #pump(): void {
    let count = 0;
    while (this.#sink !== undefined && !this.#isPaused) {
      const next = this.#waiting[count];
      if (next === undefined || !next.isDurable || next.message.seq >= this.#durableNextOut) break;
      count += 1;
      this.#writtenThrough = next.message.seq;
      this.#sink(next.message);
    }
    if (count > 0) this.#waiting.splice(0, count);
  }
}
