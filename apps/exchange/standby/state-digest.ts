import { createHash, type Hash } from 'node:crypto';
import { advanceSnapshot, beginSnapshot, giveBackPiece, takeSnapshot } from '@core/matching';

const SLICE_BYTES = 64 * 1024;

export interface Digest {
  /** The state is the one after this command. */
  readonly sequence: number;
  /** SHA-256. */
  readonly digest: Uint8Array;
}

interface Hashing {
  readonly sequence: number;
  readonly hash: Hash;
  readonly pieces: Uint8Array[];
  at: number;
}

/**
 * The digest of the engine's state at one command, taken in slices while commands go on. The engine copies its state for one purpose at a time:
 * begin only while no snapshot is being copied, and the other way round.
 */
export class StateDigest {
  #copying: number | undefined;
  #hashing: Hashing | undefined;

  get isCopying(): boolean {
    return this.#copying !== undefined;
  }

  get isBusy(): boolean {
    return this.isCopying || this.#hashing !== undefined;
  }

  /** Fixes the state after command `sequence`, which is the last applied one. */
  begin(sequence: number): void {
    beginSnapshot();
    this.#copying = sequence;
  }

  /** Goes on for about so long; the digest when it is complete. */
  step(forMs: number): Digest | undefined {
    for (const start = performance.now(); this.isBusy && performance.now() - start < forMs;) {
      const digest = this.isCopying ? this.#copySome() : this.#hashSome();
      if (digest !== undefined) return digest;
    }
    return undefined;
  }

  /** Gives it up; the engine may be copied again. */
  abandon(): void {
    if (this.isCopying) {
      while (!advanceSnapshot(SLICE_BYTES));
      takeSnapshot();
    }
    this.#copying = undefined;
    this.#hashing = undefined;
  }

  #copySome(): undefined {
    if (!advanceSnapshot(SLICE_BYTES)) return;
    this.#hashing = { sequence: this.#copying as number, hash: createHash('sha256'), pieces: takeSnapshot(), at: 0 };
    this.#copying = undefined;
  }

  #hashSome(): Digest | undefined {
    const hashing = this.#hashing as Hashing;
    const [piece] = hashing.pieces;
    if (piece === undefined) {
      this.#hashing = undefined;
      return { sequence: hashing.sequence, digest: new Uint8Array(hashing.hash.digest()) };
    }
    hashing.hash.update(piece.subarray(hashing.at, hashing.at + SLICE_BYTES));
    hashing.at += SLICE_BYTES;
    if (hashing.at >= piece.length) {
      hashing.pieces.shift();
      hashing.at = 0;
      giveBackPiece(piece);
    }
    return undefined;
  }
}
