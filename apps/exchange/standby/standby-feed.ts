import { type JournalCursor, OutgoingSnapshot } from '@base/journal';
import { linkMessages } from '@core/contracts';
import { type EventRing } from '../event-ring.js';
import { type Footing } from '../footing.js';
import { type Link } from '../link.js';

const PIECE_BYTES = 64 * 1024;
const HIGH = 0x1_0000_0000;
const SNAPSHOT_PIECE = linkMessages.messages['snapshot-piece'];
const SNAPSHOT_BYTES = SNAPSHOT_PIECE.bytes - SNAPSHOT_PIECE.at.bytes;

/**
 * What one standby is sent: a snapshot if it has nothing, then commands out of the journal's files until memory has the next one, then out of
 * memory. Each piece waits until the last has been written, so that its memory is bounded and trading goes on between two pieces.
 */
export class StandbyFeed {
  readonly #footing: Footing;
  readonly #commands: EventRing;
  readonly #snapshot: OutgoingSnapshot | undefined;
  readonly #first: number;
  readonly #onFault: (error: Error) => void;
  #next: number;
  #cursor: JournalCursor | undefined;
  #isClosed = false;
  #isFollowing = false;

  /** @param last the standby's last command; @param onFault what it needs cannot be read */
  constructor(
    readonly link: Link,
    { footing, commands }: { footing: Footing; commands: EventRing },
    last: number,
    onFault: (error: Error) => void,
  ) {
    this.#footing = footing;
    this.#commands = commands;
    this.#onFault = onFault;
    this.#snapshot = last === 0 ? OutgoingSnapshot.newest(footing.disk, footing.folder) : undefined;
    this.#first = (this.#snapshot?.sequence ?? last) + 1;
    this.#next = this.#first;
  }

  /** Whether it takes commands out of memory as they become durable. */
  get isLive(): boolean {
    return this.#isFollowing;
  }

  start(): void {
    const { output } = this.link;
    output.say({
      kind: 'following',
      first: BigInt(this.#first),
      snapshot: BigInt(this.#snapshot?.sequence ?? 0),
      bytes: BigInt(this.#snapshot?.bytes ?? 0),
      released: BigInt(this.#footing.ring.releasedSequence),
    });
    output.flush();
    if (this.#snapshot === undefined) this.#sendCommands();
    else this.#sendSnapshot(this.#snapshot);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#snapshot?.close();
    this.#cursor?.close();
  }

  #sendSnapshot(snapshot: OutgoingSnapshot): void {
    if (this.#isClosed) return;
    const bytes = new Uint8Array(Math.floor(PIECE_BYTES / SNAPSHOT_PIECE.bytes) * SNAPSHOT_PIECE.bytes);
    const view = new DataView(bytes.buffer);
    const piece = new Uint8Array(SNAPSHOT_BYTES);
    let filled = 0;
    while (filled < bytes.length) {
      const length = snapshot.next(piece, 0, SNAPSHOT_BYTES);
      if (length === 0) break;
      filled += linkMessages.encode({ kind: 'snapshot-piece', length, bytes: piece }, view, filled);
    }
    if (filled === 0) return this.#sendCommands();
    this.link.output.sendForeign(bytes.subarray(0, filled), () => this.#sendSnapshot(snapshot));
  }

  #sendCommands(): void {
    if (this.#isClosed) return;
    const commands = this.#commands;
    const position = this.#next > commands.releasedSequence + 1 ? undefined : commands.locate(this.#next);
    if (position !== undefined) {
      this.#cursor?.close();
      this.#isFollowing = true;
      this.link.output.follow(position, commands);
      this.link.output.flush();
      return;
    }
    let piece: Uint8Array;
    try {
      piece = this.#readJournal();
    } catch (error) {
      this.#onFault(error as Error);
      return;
    }
    this.link.output.sendForeign(piece, () => this.#sendCommands());
  }

  /** Whole frames from `#next` on, about one piece. */
  #readJournal(): Uint8Array {
    this.#cursor ??= this.#footing.journal.readFrom(this.#next);
    const pieces: Uint8Array[] = [];
    let length = 0;
    while (length < PIECE_BYTES && this.#cursor.next()) {
      const { bytes, start, end, lastSequence } = this.#cursor.frame;
      const from = firstAt(bytes, { start, end, sequence: this.#next });
      pieces.push(bytes.slice(from, end));
      length += end - from;
      this.#next = lastSequence + 1;
    }
    return Buffer.concat(pieces);
  }
}

/** Where command `sequence` begins: a frame may begin before what was asked for. */
function firstAt(
  bytes: Uint8Array,
  { start, end, sequence }: { start: number; end: number; sequence: number },
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = start;
  while (at < end && view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * HIGH < sequence) {
    at += view.getUint16(at, true);
  }
  return at;
}
