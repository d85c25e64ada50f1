import { type Socket } from 'node:net';
import { type LinkMessageDraft, linkMessages } from '@core/contracts';
import { type EventRing } from './event-ring.js';

/** What is written at a time, and what may wait behind it. */
const BUFFER_BYTES = 128 * 1024;
/** Runs of sequenced commands that one link may have waiting for the disk, and where its reading stops. */
const MOST_RUNS = 8192;
const MANY_RUNS = MOST_RUNS / 2;
const RUN = 3;

class OutBuffer {
  readonly bytes = new Uint8Array(BUFFER_BYTES);
  readonly view = new DataView(this.bytes.buffer);
}

/**
 * What leaves on one link: the link's own messages, its commands' sequences once they may be told, and the events behind its cursor in the
 * ring. Two buffers take turns, one being written and one being filled, so that its memory is bounded whatever the other side reads.
 */
export class LinkOutput {
  readonly #socket: Socket;
  #ring: EventRing;
  /** Told when the other side cannot keep up: its own messages found no room, or its events were written over. */
  readonly #onTooSlow: () => void;
  readonly #onRoom: () => void;
  readonly #mayLeave: () => boolean;
  #filling = new OutBuffer();
  #sending = new OutBuffer();
  #filled = 0;
  #isWriting = false;
  #isEnding = false;
  /** Position in the ring of the next event to leave; undefined when the link takes none from there. */
  #cursor: number | undefined;
  readonly #runs = new Float64Array(MOST_RUNS * RUN);
  #firstRun = 0;
  #nextRun = 0;
  #wroteSince = false;
  #isReplica = false;
  /** Events from elsewhere that leave before those of the ring. */
  #foreign: { bytes: Uint8Array; onWritten: () => void } | undefined;

  constructor(socket: Socket, ring: EventRing, on: { tooSlow: () => void; room: () => void; mayLeave: () => boolean }) {
    this.#socket = socket;
    this.#ring = ring;
    this.#onTooSlow = on.tooSlow;
    this.#onRoom = on.room;
    this.#mayLeave = on.mayLeave;
  }

  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** Bytes of released events that have not been handed to the socket. */
  get lag(): number {
    return this.#cursor === undefined ? 0 : Math.max(0, this.#ring.released - this.#cursor);
  }

  /** Whether so much waits for the disk, or for the other side to read, that nothing more should be read from it. */
  get isBehind(): boolean {
    return this.#nextRun - this.#firstRun >= MANY_RUNS || this.#filled > BUFFER_BYTES / 2;
  }

  /** Whether anything has been written since it was asked last. */
  takeActivity(): boolean {
    const wrote = this.#wroteSince || this.#isWriting;
    this.#wroteSince = false;
    return wrote;
  }

  /** Events from this position of the ring on; or what another ring holds, which a standby takes in their place. */
  follow(position: number, ring = this.#ring): void {
    this.#ring = ring;
    this.#cursor = position;
  }

  /** Whether the next event to leave has been written over. */
  get isOvertaken(): boolean {
    return this.#cursor !== undefined && this.#cursor < this.#ring.oldest;
  }

  /** It is a standby's: what it is sent leaves when it is durable here, and nobody else is told of it by that. */
  replicate(): void {
    this.#isReplica = true;
  }

  /** Puts a message of the link's own behind what is waiting. */
  say(message: LinkMessageDraft): void {
    if (this.#filled + linkMessages.longest > BUFFER_BYTES) return this.#onTooSlow();
    this.#filled += linkMessages.encode(message, this.#filling.view, this.#filled);
  }

  /** Commands of this link have become the venue's; told when they may be. */
  addRun(command: number, first: number, count: number): void {
    const runs = this.#runs;
    if (this.#nextRun > this.#firstRun) {
      const last = ((this.#nextRun - 1) % MOST_RUNS) * RUN;
      const before = runs[last + 2] as number;
      if (runs[last] === command - before && runs[last + 1] === first - before) {
        runs[last + 2] = before + count;
        return;
      }
    }
    if (this.#nextRun - this.#firstRun === MOST_RUNS) return this.#onTooSlow();
    const slot = (this.#nextRun % MOST_RUNS) * RUN;
    runs[slot] = command;
    runs[slot + 1] = first;
    runs[slot + 2] = count;
    this.#nextRun += 1;
  }

  /** Events that are not in the ring. One piece at a time; `onWritten` asks for the next. */
  sendForeign(bytes: Uint8Array, onWritten: () => void): void {
    this.#foreign = { bytes, onWritten };
    this.flush();
  }

  /** Writes what may leave, if nothing is being written. Called on every release, and by itself when the socket has taken the last piece. */
  flush(): void {
    if (this.#isWriting || this.#socket.destroyed) return;
    // What was released before may still not leave, when this process has been away since and another may be the primary.
    if (this.#isReplica || this.#mayLeave()) {
      this.#tellRuns();
      if (this.#foreign !== undefined && this.#filled === 0) return this.#writeForeign(this.#foreign);
      this.#fillWithEvents();
    }
    if (this.#filled > 0) this.#write();
    else if (this.#isEnding) this.#socket.end();
  }

  /** Tells what may be told of commands, takes leave, and ends the connection when that is written. */
  end(farewell: LinkMessageDraft): void {
    this.#tellRuns();
    this.say(farewell);
    this.#isEnding = true;
    this.#cursor = undefined;
    this.#foreign = undefined;
    this.flush();
  }

  #tellRuns(): void {
    const runs = this.#runs;
    const { releasedSequence } = this.#ring;
    while (this.#firstRun < this.#nextRun && this.#filled + linkMessages.longest <= BUFFER_BYTES) {
      const slot = (this.#firstRun % MOST_RUNS) * RUN;
      const command = runs[slot] as number;
      const first = runs[slot + 1] as number;
      const count = runs[slot + 2] as number;
      const told = Math.min(count, releasedSequence - first + 1);
      if (told <= 0) return;
      this.say({ kind: 'sequenced', command: BigInt(command), first: BigInt(first), count: told });
      if (told < count) {
        runs[slot] = command + told;
        runs[slot + 1] = first + told;
        runs[slot + 2] = count - told;
        return;
      }
      this.#firstRun += 1;
    }
  }

  #fillWithEvents(): void {
    if (this.#cursor === undefined || this.#isEnding || this.#foreign !== undefined) return;
    if (this.isOvertaken) return this.#onTooSlow();
    const room = BUFFER_BYTES - this.#filled - linkMessages.longest;
    if (room <= 0) return;
    const length = this.#ring.wholeMessages(this.#cursor, room);
    this.#ring.copy(this.#cursor, length, this.#filling.bytes, this.#filled);
    this.#filled += length;
    this.#cursor += length;
    const { released, releasedSequence } = this.#ring;
    // That a command's events are all there is said at once: whoever waits for it need not wait for the next command, or for a beat.
    if (length > 0 && this.#cursor === released && !this.#isReplica)
      this.say({ kind: 'heartbeat', released: BigInt(releasedSequence) });
  }

  #write(): void {
    const { bytes } = this.#filling;
    const length = this.#filled;
    [this.#filling, this.#sending] = [this.#sending, this.#filling];
    this.#filled = 0;
    this.#isWriting = true;
    this.#socket.write(bytes.subarray(0, length), this.#written);
  }

  #writeForeign({ bytes, onWritten }: { bytes: Uint8Array; onWritten: () => void }): void {
    this.#foreign = undefined;
    this.#isWriting = true;
    this.#socket.write(bytes, (error) => {
      this.#written(error);
      if (!error) onWritten();
    });
  }

  readonly #written = (error?: Error | null): void => {
    this.#isWriting = false;
    this.#wroteSince = true;
    if (error) return;
    this.flush();
    if (!this.isBehind) this.#onRoom();
  };
}
