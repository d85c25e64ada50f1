import { type CommitMode } from './journal-options.js';
import { CONTROL, type Ring } from './ring.js';

/** Above this, a sync takes longer than two hops between threads. */
const INLINE_BYTES = 16 * 1024;
/** Small commits in a row, each with all before it durable already, until the thread is left. */
const CALM_COMMITS = 16;

/** Decides at each commit who is to write: the thread once batches fill, the caller again when the disk has kept up for a while. */
export class CommitPolicy {
  readonly #ring: Ring;
  readonly #mode: CommitMode;
  #isThreadPreferred = false;
  #calm = 0;
  /** The ring's position at the last commit. */
  #committed = 0;

  constructor(ring: Ring, mode: CommitMode) {
    this.#ring = ring;
    this.#mode = mode;
  }

  prefersThread(): boolean {
    if (this.#mode !== 'adaptive') return this.#mode === 'thread';
    const { control, used } = this.#ring;
    const hasCaughtUp = Atomics.load(control, CONTROL.consumed) === this.#committed;
    this.#committed = control[CONTROL.produced] as number;
    if (used > INLINE_BYTES) {
      this.#isThreadPreferred = true;
      this.#calm = 0;
    } else if (this.#isThreadPreferred) {
      this.#calm = hasCaughtUp ? this.#calm + 1 : 0;
      this.#isThreadPreferred = this.#calm < CALM_COMMITS;
    }
    return this.#isThreadPreferred;
  }
}
