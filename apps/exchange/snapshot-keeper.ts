import { type Journal, type SnapshotInProgress } from '@base/journal';
import { advanceSnapshot, beginSnapshot, giveBackPiece, takeSnapshot } from '@core/matching';
import { SNAPSHOT_VERSION, snapshotPrefix } from './replay.js';

/** Copied, or written, between two looks at the watch. */
const SLICE_BYTES = 16 * 1024;

export interface SnapshotPolicy {
  /** After so many commands, or so much time if there were any. */
  readonly everyCommands: number;
  readonly everyMs: number;
  /** How long trading waits for a slice of one, about. */
  readonly pauseMs: number;
}

export interface SnapshotSource {
  readonly journal: Journal;
  /** Of the last applied command. */
  readonly sequence: () => number;
  readonly time: () => number;
  readonly sessionsUsed: () => number;
  /** False while the engine's state is being copied for another purpose. */
  readonly mayBegin: () => boolean;
}

/** Told when one is durable, or why there is none. */
export type SnapshotTaken = (sequence: number, error: Error | null, tookMs: number, longestPauseMs: number) => void;

/** Takes snapshots between batches, a slice at a time: the engine copies its state while it goes on, then the copy is written. */
export class SnapshotKeeper {
  readonly #policy: SnapshotPolicy;
  readonly #source: SnapshotSource;
  readonly #onTaken: SnapshotTaken;
  #last: number;
  #lastAt = performance.now();
  #copying: { prefix: Uint8Array; sequence: number; time: number } | undefined;
  #copied: { pieces: Uint8Array[]; sequence: number; time: number } | undefined;
  #writing: { to: SnapshotInProgress; pieces: Uint8Array[]; at: number } | undefined;
  #isCommitting = false;
  #startedAt = 0;
  #longestPause = 0;
  #onIdle: (() => void)[] = [];

  constructor(policy: SnapshotPolicy, source: SnapshotSource, onTaken: SnapshotTaken) {
    this.#policy = policy;
    this.#source = source;
    this.#last = source.sequence();
    this.#onTaken = onTaken;
  }

  get isBusy(): boolean {
    return this.#isWorking || this.#isCommitting;
  }

  /** Whether there is something left to be done between batches. */
  get #isWorking(): boolean {
    return this.#copying !== undefined || this.#copied !== undefined || this.#writing !== undefined;
  }

  /** Whether the engine's state is being copied, which only one can do at a time. */
  get isCopying(): boolean {
    return this.#copying !== undefined;
  }

  /** Between two batches: begins one if it is time, or does a slice of the one in progress. True while there is more to do. */
  step(): boolean {
    if (this.isBusy || !this.#isDue()) return this.#slice();
    this.#begin();
    return true;
  }

  /** Gives up the one in progress, unless it is only to be named yet; the engine may be copied by others again. */
  abandon(): void {
    if (this.#copying !== undefined) {
      while (!advanceSnapshot(SLICE_BYTES));
      takeSnapshot();
    }
    this.#writing?.to.abandon();
    this.#copying = undefined;
    this.#copied = undefined;
    this.#writing = undefined;
  }

  /** One of this moment, durable or failed when it resolves. Only while nothing else is applied. */
  async takeNow(): Promise<void> {
    if (this.#isCommitting) await this.#idle();
    if (!this.isBusy && this.#source.sequence() > this.#last) this.#begin();
    while (this.#slice());
    if (this.#isCommitting) await this.#idle();
  }

  #isDue(): boolean {
    const commands = this.#source.sequence() - this.#last;
    if (commands === 0 || !this.#source.mayBegin()) return false;
    return commands >= this.#policy.everyCommands || performance.now() - this.#lastAt >= this.#policy.everyMs;
  }

  #begin(): void {
    this.#startedAt = performance.now();
    this.#longestPause = 0;
    const { sequence, time, sessionsUsed } = this.#source;
    this.#copying = { prefix: snapshotPrefix(sessionsUsed()), sequence: sequence(), time: time() };
    this.#last = sequence();
    this.#lastAt = this.#startedAt;
    beginSnapshot();
    this.#longestPause = performance.now() - this.#startedAt;
  }

  #slice(): boolean {
    if (!this.#isWorking) return false;
    const startedAt = performance.now();
    try {
      // Making a file takes its time, and gets a slice of its own.
      if (this.#copied !== undefined) this.#openFor(this.#copied);
      else while (performance.now() - startedAt < this.#policy.pauseMs / 2 && this.#advance());
    } catch (error) {
      this.#copied = undefined;
      this.#writing = undefined;
      this.#finish(error as Error);
    }
    this.#longestPause = Math.max(this.#longestPause, performance.now() - startedAt);
    return this.#isWorking;
  }

  /** A little of what is under way; false when there is no more of it. */
  #advance(): boolean {
    if (this.#copying !== undefined) this.#copySome(this.#copying);
    else if (this.#writing !== undefined) this.#writeSome(this.#writing);
    return this.#copying !== undefined || this.#writing !== undefined;
  }

  #copySome({ prefix, sequence, time }: { prefix: Uint8Array; sequence: number; time: number }): void {
    if (!advanceSnapshot(SLICE_BYTES)) return;
    this.#copying = undefined;
    this.#copied = { pieces: [prefix, ...takeSnapshot()], sequence, time };
  }

  #openFor({ pieces, sequence, time }: { pieces: Uint8Array[]; sequence: number; time: number }): void {
    this.#copied = undefined;
    const to = this.#source.journal.beginSnapshot({
      sequence,
      time,
      version: SNAPSHOT_VERSION,
      digest: new Uint8Array(0),
    });
    this.#writing = { to, pieces, at: 0 };
  }

  #writeSome(writing: { to: SnapshotInProgress; pieces: Uint8Array[]; at: number }): void {
    const [piece] = writing.pieces;
    if (piece === undefined) {
      this.#writing = undefined;
      this.#isCommitting = true;
      writing.to.commit((error) => this.#finish(error));
      return;
    }
    writing.to.write(piece.subarray(writing.at, writing.at + SLICE_BYTES));
    writing.at += SLICE_BYTES;
    if (writing.at < piece.length) return;
    writing.pieces.shift();
    writing.at = 0;
    giveBackPiece(piece);
  }

  #finish(error: Error | null): void {
    this.#isCommitting = false;
    this.#onTaken(this.#last, error, performance.now() - this.#startedAt, this.#longestPause);
    for (const done of this.#onIdle.splice(0)) done();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
