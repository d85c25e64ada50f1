import { type Duplex } from 'node:stream';
import { Backlog, type LevelsUpdate } from './backlog.js';
import { MOST_HEAD_BYTES, writeHead } from './frames.js';
import { SharedMessage } from './shared-message.js';
import { type Turn } from './turn.js';

export interface OutboxLimits {
  /** A socket with more than this unsent is congested: what comes then waits, and is conflated. */
  readonly congestedBytes: number;
  /** A connection that is owed more than this is hopeless. */
  readonly backlogBytes: number;
}

/** A rest that is larger than this is written by reference: a book's snapshot is not copied for each of a thousand subscribers. */
const COPIED_BYTES = 16 * 1024;

/** What all connections' turns are put together in, one after the other; a larger one gets a buffer of its own. */
const SCRATCH_BYTES = 16 * 1024;
let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * The way out of one connection. Messages get their seqnum when they are written, so that what conflation leaves out leaves no gap. All that a turn
 * brought leaves in one write. Frames go to the socket itself: `ws` writes control frames to it alone, and always whole ones.
 */
export class Outbox {
  readonly backlog = new Backlog();
  #pending: (Buffer | SharedMessage)[] = [];
  #pendingBytes = 0;
  /** Something pending is too large to be copied. */
  #isInPieces = false;
  #seqnum = 0;
  #congestedSince: number | undefined;

  /** @param onHopeless the backlog has outgrown its limit; called once for each message more @param isOpen whether data frames may still be sent */
  constructor(
    private readonly socket: Duplex,
    private readonly turn: Turn,
    private readonly limits: OutboxLimits,
    private readonly events: { onHopeless(): void; isOpen(): boolean },
  ) {
    socket.on('drain', () => this.#drained());
  }

  /** In milliseconds of `performance.now()`; undefined while the client keeps up. */
  get congestedSince(): number | undefined {
    return this.#congestedSince;
  }

  /** Every one of these arrives. */
  push(message: Buffer | SharedMessage): void {
    if (this.#congestedSince === undefined) this.#queue(message);
    else {
      this.backlog.add(bytesOf(message));
      this.#check();
    }
  }

  /** Only the last of the same key matters to a client that lags. */
  pushLatest(key: string, bytes: Buffer): void {
    if (this.#congestedSince === undefined) this.#queue(bytes);
    else {
      this.backlog.replace(key, bytes);
      this.#check();
    }
  }

  /** Only the last state of each level matters to a client that lags. */
  pushLevels(update: LevelsUpdate, message: SharedMessage, withSequence: boolean): void {
    if (this.#congestedSince === undefined) this.#queue(message.bytes(withSequence));
    else {
      this.backlog.merge(update, withSequence);
      this.#check();
    }
  }

  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const room = this.#pendingBytes + pending.length * MOST_HEAD_BYTES;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.events.isOpen()) return;
    this.#write(pending, room);
    // Only what the stream calls full is told of when it is empty again.
    const { writableLength, writableNeedDrain } = this.socket;
    if (writableNeedDrain && writableLength > this.limits.congestedBytes) this.#congestedSince ??= performance.now();
  }

  #queue(message: Buffer | SharedMessage): void {
    // First, since this is when a message is put into words: one that cannot be is its sender's fault, and must not stand here.
    const { length } = message;
    if (this.#pending.length === 0) this.turn.touch(this);
    this.#pending.push(message);
    if (length <= COPIED_BYTES) this.#pendingBytes += length;
    else this.#isInPieces = true;
  }

  /** Small messages are copied behind each other into one buffer; a large one interrupts it. */
  #write(pending: readonly (Buffer | SharedMessage)[], room: number): void {
    // What waits behind something unsent would hold on to all of it.
    const isScratch = room <= SCRATCH_BYTES && this.socket.writableLength === 0;
    const buffer = isScratch ? scratch : Buffer.allocUnsafe(room);
    let written = 0;
    let at = 0;
    const isInPieces = this.#isInPieces;
    this.#isInPieces = false;
    if (isInPieces) this.socket.cork();
    for (const rest of pending) {
      const { length } = rest;
      at = writeHead(buffer, at, this.#seqnum++, length);
      if (length > COPIED_BYTES) {
        this.socket.write(buffer.subarray(written, at));
        this.socket.write(bytesOf(rest));
        written = at;
      } else if (rest instanceof SharedMessage) at = rest.writeTo(buffer, at);
      else {
        buffer.set(rest, at);
        at += length;
      }
    }
    if (at > written) this.socket.write(buffer.subarray(written, at));
    if (isInPieces) this.socket.uncork();
    // What the kernel has not taken whole is the socket's until it has: the next turn is put together elsewhere.
    if (isScratch && this.socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  }

  #drained(): void {
    if (this.#congestedSince === undefined) return;
    this.#congestedSince = undefined;
    for (const bytes of this.backlog.take()) this.#queue(bytes);
  }

  #check(): void {
    if (this.backlog.bytes > this.limits.backlogBytes) this.events.onHopeless();
  }
}

const bytesOf = (message: Buffer | SharedMessage): Buffer =>
  message instanceof SharedMessage ? message.bytes(false) : message;
