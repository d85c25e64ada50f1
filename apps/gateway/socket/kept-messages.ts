import { SharedMessage } from './shared-message.js';

/** A message at its place in a channel. Positions grow; what they count is the channel's (docs/exchange-websocket.md). */
export interface PlacedMessage {
  readonly position: bigint;
  readonly message: SharedMessage;
}

/** A dozen reports. */
const BLOCK_BYTES = 8 * 1024;
/** Position, sequence, and how many bytes the message has. */
const HEAD_BYTES = 24;
const SEQUENCE_AT = 8;
const LENGTH_AT = 16;
/** Blocks that nobody uses and that are kept for whoever needs one next. */
const MOST_FREE = 256;

class Block {
  readonly bytes: Buffer;
  readonly view: DataView;
  filled = 0;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafeSlow(length);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, length);
  }
}

/** The memory that all topics' messages share, taken and given back in blocks. */
export class Blocks {
  #bytes = 0;
  readonly #free: Block[] = [];

  /** What is in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A block with so much room; a message that is larger than a block gets one of its own size. */
  take(room: number): Block {
    const block = room > BLOCK_BYTES ? new Block(room) : (this.#free.pop() ?? new Block(BLOCK_BYTES));
    block.filled = 0;
    this.#bytes += block.bytes.length;
    return block;
  }

  giveBack(block: Block): void {
    this.#bytes -= block.bytes.length;
    if (block.bytes.length === BLOCK_BYTES && this.#free.length < MOST_FREE) this.#free.push(block);
  }
}

/**
 * Messages of one topic, oldest first, as the bytes that were sent. No object of theirs is kept: what is said to hundreds of accounts stays for
 * minutes, and the garbage collector would copy all of it on the way.
 */
export class KeptMessages {
  readonly #all: Blocks;
  readonly #blocks: Block[] = [];
  /** Of the oldest message, in the first block. */
  #at = 0;
  #count = 0;
  /** The last messages as they were asked for: clients that were cut off together come back together, and share what they missed. */
  #told: WeakRef<readonly PlacedMessage[]> | undefined;

  constructor(
    private floor: bigint,
    all: Blocks,
  ) {
    this.#all = all;
  }

  get count(): number {
    return this.#count;
  }

  /** Everything after this position is here. */
  get reachesBackTo(): bigint {
    return this.floor;
  }

  add({ position, message }: PlacedMessage): void {
    const { length } = message;
    this.#told = undefined;
    // A whole number of words, so that every head is aligned.
    const room = HEAD_BYTES + ((length + 7) & ~7);
    const block = this.#blockFor(room);
    const { view, filled: at } = block;
    view.setBigInt64(at, position, true);
    view.setBigInt64(at + SEQUENCE_AT, message.sequence, true);
    view.setUint32(at + LENGTH_AT, length, true);
    message.writeTo(block.bytes, at + HEAD_BYTES);
    block.filled = at + room;
    this.#count += 1;
  }

  /** The oldest is known no more; answers the command that it told of. */
  forgetOldest(): bigint {
    const [block] = this.#blocks;
    if (block === undefined) return 0n;
    const { view } = block;
    const sequence = view.getBigInt64(this.#at + SEQUENCE_AT, true);
    this.#told = undefined;
    this.floor = view.getBigInt64(this.#at, true);
    this.#at = behind(view, this.#at);
    this.#count -= 1;
    if (this.#at < block.filled) return sequence;
    this.#all.giveBack(block);
    this.#blocks.shift();
    this.#at = 0;
    return sequence;
  }

  /** All after `from`, oldest first; undefined when not all of it is here. */
  after(from: bigint): readonly PlacedMessage[] | undefined {
    if (from < this.floor) return undefined;
    const told = this.#told?.deref() ?? [];
    const [first] = told;
    if (first !== undefined && from >= first.position) return told.filter(({ position }) => position > from);
    const found = [...this.#read(from, first?.position), ...told];
    this.#told = new WeakRef(found);
    return found;
  }

  /** Messages after `from`, and before `until` if it is given. */
  *#read(from: bigint, until: bigint | undefined): Generator<PlacedMessage> {
    for (const [k, { bytes, view, filled }] of this.#blocks.entries()) {
      for (let at = k === 0 ? this.#at : 0; at < filled; at = behind(view, at)) {
        const position = view.getBigInt64(at, true);
        if (position <= from) continue;
        if (until !== undefined && position >= until) return;
        const start = at + HEAD_BYTES;
        // Without the closing brace, which a message puts behind its body itself.
        const body = bytes.toString('latin1', start, start + view.getUint32(at + LENGTH_AT, true) - 1);
        yield { position, message: new SharedMessage(body, view.getBigInt64(at + SEQUENCE_AT, true)) };
      }
    }
  }

  /** Gives all memory back. */
  clear(): void {
    for (const block of this.#blocks.splice(0)) this.#all.giveBack(block);
    this.#told = undefined;
    this.#at = 0;
    this.#count = 0;
  }

  #blockFor(room: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.filled + room <= last.bytes.length) return last;
    const block = this.#all.take(room);
    this.#blocks.push(block);
    return block;
  }
}

/** Where the next message begins. */
const behind = (view: DataView, at: number): number =>
  at + HEAD_BYTES + ((view.getUint32(at + LENGTH_AT, true) + 7) & ~7);
