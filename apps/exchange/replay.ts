import { type Frame, type Snapshot, type SnapshotStore } from '@base/journal';
import { engineCommands } from '@core/contracts';
import { apply, commandBuffer, eventBuffer, lastSequence, reset, restore } from '@core/matching';

const TICK = engineCommands.messages.tick.code;
const HIGH = 0x1_0000_0000;

/** What a snapshot holds before the engine's own bytes: magic, version, session numbers given out, zeros. */
const PREFIX_BYTES = 64;
const MAGIC = 0x58455253;
export const SNAPSHOT_VERSION = 1;

export function snapshotPrefix(sessionsUsed: number): Uint8Array {
  const prefix = new Uint32Array(PREFIX_BYTES / 4);
  prefix.set([MAGIC, SNAPSHOT_VERSION, sessionsUsed]);
  return new Uint8Array(prefix.buffer);
}

/** Puts this isolate's engine where a journal says it was: snapshot, then frames. */
export class Replay {
  /** Session numbers up to this one may have been given out. */
  sessionsUsed = 0;
  /** Commands applied. */
  commands = 0;
  /** Of the last command, µs since 1970. */
  lastTime = 0;
  readonly #onEvents: (bytes: Uint8Array, length: number) => void;
  readonly #onFrame: (lastSequence: number) => void;
  #sequence = 0;

  /** @param onEvents takes the first `length` bytes before it returns; @param onFrame is told when a frame's events have all come */
  constructor(onEvents: (bytes: Uint8Array, length: number) => void, onFrame: (lastSequence: number) => void) {
    this.#onEvents = onEvents;
    this.#onFrame = onFrame;
    reset();
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** False, with the engine empty, when the snapshot is not one that this version understands. */
  restore({ version, sequence, time, state }: Snapshot): boolean {
    if (version !== SNAPSHOT_VERSION || state.length < PREFIX_BYTES) return false;
    const prefix = new Uint32Array(state.slice(0, PREFIX_BYTES).buffer);
    try {
      restore(state.subarray(PREFIX_BYTES));
    } catch {
      return false;
    }
    if (prefix[0] !== MAGIC || Number(lastSequence()) !== sequence) {
      reset();
      return false;
    }
    this.sessionsUsed = prefix[2] as number;
    this.#sequence = sequence;
    this.lastTime = time;
    return true;
  }

  /** Applies the commands of a frame that have not been applied yet. */
  apply({ bytes, start, end, lastSequence: last, time }: Frame): void {
    if (last <= this.#sequence) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let from = start;
    for (let at = start; at < end;) {
      const length = view.getUint16(at, true);
      const sequence = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * HIGH;
      if (sequence <= this.#sequence) from = at + length;
      else if (view.getUint8(at + 2) === TICK)
        this.sessionsUsed = Math.max(this.sessionsUsed, view.getUint32(at + 4, true));
      if (at + length - from > commandBuffer.length) {
        this.#applyBytes(bytes, from, at);
        from = at;
      }
      at += length;
    }
    this.#applyBytes(bytes, from, end);
    this.commands += last - this.#sequence;
    this.#sequence = last;
    this.lastTime = time;
    this.#onFrame(last);
  }

  #applyBytes(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    commandBuffer.set(bytes.subarray(from, to));
    apply(0, to - from, (length) => this.#onEvents(eventBuffer, length));
  }
}

/** Puts it to the newest sound snapshot that stands before command `sequence`, or leaves it at nothing. */
export function restoreBefore(sequence: number, replay: Replay, snapshots: SnapshotStore): void {
  for (const candidate of snapshots.sequences()) {
    if (candidate >= sequence) continue;
    const snapshot = snapshots.read(candidate);
    if (!('fault' in snapshot) && replay.restore(snapshot)) return;
  }
}
