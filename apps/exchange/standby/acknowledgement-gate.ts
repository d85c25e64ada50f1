import { type ReplicationMode } from '@core/contracts';

/** A turn of the event loop that is later than this was a stop, not a turn. */
export const AWAY_MS = 500;

/**
 * Up to which command everything may leave: what is durable here, and in synchronous mode what the standby has acknowledged too. It never
 * steps back.
 *
 * A process that has been stopped for a while (SIGSTOP, a migration of its machine) may have been replaced meanwhile, with acknowledgements
 * from before still waiting in its sockets. So a synchronous gate that finds itself late asks the standby first, and opens on its answer.
 */
export class AcknowledgementGate {
  mode: ReplicationMode;
  readonly #open: (sequence: number) => void;
  readonly #onDoubt: () => void;
  readonly #clock: () => number;
  #durable = 0;
  #acknowledged = 0;
  #opened = 0;
  #isFenced = false;
  #isInDoubt = false;
  #seenAt: number;

  /** @param clock milliseconds that go on while the process is stopped */
  constructor(
    mode: ReplicationMode,
    on: { open: (sequence: number) => void; doubt: () => void },
    clock: () => number = () => performance.now(),
  ) {
    this.mode = mode;
    this.#open = on.open;
    this.#onDoubt = on.doubt;
    this.#clock = clock;
    this.#seenAt = clock();
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get opened(): number {
    return this.#opened;
  }

  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Whether what has been released may leave still: a stop may lie between the two. */
  mayLeave(): boolean {
    this.watch();
    return !this.#isFenced && !this.#isInDoubt;
  }

  durable(sequence: number): void {
    this.#durable = sequence;
    this.#update();
  }

  acknowledge(sequence: number): void {
    this.#acknowledged = sequence;
    this.#update();
  }

  /** Called many times within `AWAY_MS`: notices when it was not. */
  watch(): void {
    const now = this.#clock();
    const wasAway = now - this.#seenAt > AWAY_MS;
    this.#seenAt = now;
    if (!wasAway || this.mode === 'asynchronous') return;
    this.#isInDoubt = true;
    this.#onDoubt();
  }

  /** The standby still follows. */
  reassure(): void {
    this.#isInDoubt = false;
    this.#update();
  }

  setMode(mode: ReplicationMode): void {
    this.mode = mode;
    this.#isInDoubt = false;
    this.#update();
  }

  /** Nothing leaves any more. */
  fence(): void {
    this.#isFenced = true;
  }

  #update(): void {
    this.watch();
    if (this.#isFenced || this.#isInDoubt) return;
    const limit = this.mode === 'asynchronous' ? this.#durable : Math.min(this.#durable, this.#acknowledged);
    if (limit <= this.#opened) return;
    this.#opened = limit;
    this.#open(limit);
  }
}
