/**
 * Frames on their way to the disk, in memory that two threads share: the caller produces, whoever owns the writing consumes. A frame
 * lies here exactly as it will in its segment, so that a run of frames is written without a copy.
 *
 * Positions count bytes and wrap at 2^32; a frame is never split over the ring's end. A frame's space is free again only when the
 * frame is durable.
 */
const CONTROL_BYTES = 128;

/** Words of the control block. Those that both threads touch at any time are read and written with Atomics. */
export const CONTROL = {
  produced: 0,
  consumed: 1,
  /** Low half of the highest durable sequence. */
  durable: 2,
  /** Who may consume: OWNER. */
  owner: 3,
  /** Counted up to wake the thread. */
  signal: 4,
  /** STATUS. */
  status: 5,
  /** 1 while a message about progress is on its way to the caller. */
  told: 6,
  /** Where the frames of this lap end before the ring's end; NO_WRAP when they do not. Handed over by `produced` and `consumed`. */
  wrap: 7,
  // The writer's place in the files, the owner's alone.
  ordinal: 8,
  offset: 9,
  chain: 10,
  segmentEpoch: 11,
  /** Two words: the highest durable sequence. */
  durableSequence: 12,
  /** Epoch that frames are sealed with. */
  epoch: 14,
} as const;

export const OWNER = { nobody: 0, caller: 1, thread: 2 } as const;
export const STATUS = { running: 0, noSpace: 1, failed: 2, closing: 3 } as const;
const NO_WRAP = -1;

export class Ring {
  readonly control: Int32Array;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly capacity: number;
  readonly #mask: number;

  constructor(readonly memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, CONTROL_BYTES >> 2);
    this.words = new Int32Array(memory, CONTROL_BYTES);
    this.bytes = new Uint8Array(memory, CONTROL_BYTES);
    this.capacity = this.bytes.length;
    this.#mask = this.capacity - 1;
  }

  /** @param capacity bytes, a power of two up to 2^30 */
  static create(capacity: number): Ring {
    if (capacity < 1024 || capacity > 2 ** 30 || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError('a ring holds a power of two of bytes, 1 KiB to 1 GiB');
    }
    const ring = new Ring(new SharedArrayBuffer(CONTROL_BYTES + capacity));
    ring.control[CONTROL.wrap] = NO_WRAP;
    // Touched once now, or the first lap would wait for the kernel to find each page.
    ring.bytes.fill(0);
    return ring;
  }

  indexOf(position: number): number {
    return position & this.#mask;
  }

  /** Bytes produced and not yet durable. */
  get used(): number {
    return (Atomics.load(this.control, CONTROL.produced) - Atomics.load(this.control, CONTROL.consumed)) | 0;
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  /** Where a frame of `length` bytes may be laid down, or -1 when it does not fit now. The producer's. */
  claim(length: number): number {
    const index = this.indexOf(this.control[CONTROL.produced] as number);
    const toEnd = this.capacity - index;
    const free = this.capacity - this.used;
    if (length <= toEnd) return length <= free ? index : -1;
    return toEnd + length <= free ? 0 : -1;
  }

  /** Hands over the frame laid down at `index`, which came from `claim`. The producer's. */
  publish(index: number, length: number): void {
    const { control } = this;
    const produced = control[CONTROL.produced] as number;
    const claimed = this.indexOf(produced);
    const skipped = claimed === index ? 0 : this.capacity - claimed;
    if (skipped > 0) control[CONTROL.wrap] = claimed;
    Atomics.store(control, CONTROL.produced, (produced + skipped + length) | 0);
  }

  /** Where the frame at `position` lies: frames that would not fit before the ring's end begin again at its beginning. The consumer's. */
  frameAt(position: number): number {
    const index = this.indexOf(position);
    return this.control[CONTROL.wrap] === index ? 0 : index;
  }

  /** The position behind a frame of `length` bytes at `position`. The consumer's. */
  after(position: number, length: number): number {
    const index = this.indexOf(position);
    const skipped = this.control[CONTROL.wrap] === index ? this.capacity - index : 0;
    return (position + skipped + length) | 0;
  }

  /** Frees everything before `position`. The consumer's. */
  release(position: number): void {
    const { control } = this;
    const wrap = control[CONTROL.wrap] as number;
    const from = this.indexOf(control[CONTROL.consumed] as number);
    const passed = (position - (control[CONTROL.consumed] as number)) | 0;
    if (wrap !== NO_WRAP && passed > ((wrap - from) & this.#mask)) control[CONTROL.wrap] = NO_WRAP;
    Atomics.store(control, CONTROL.consumed, position);
  }
}
