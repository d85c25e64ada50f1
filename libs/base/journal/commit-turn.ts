import { hasCode } from './disk.js';
import { CONTROL, OWNER, type Ring, STATUS } from './ring.js';
import { type SegmentWriter } from './segment-writer.js';

/**
 * Writes what is in the ring, if nobody else is at it. Whoever finds the ring taken may leave: the one who holds it looks again after
 * letting go, so that no frame is left lying.
 *
 * A full disk sets the status `noSpace` and leaves everything in the ring for the next turn. Any other failure sets `failed`, for
 * good, and is thrown: after a failed sync nobody knows what is on the disk, and a second sync may well lie.
 */
export function takeTurn(
  ring: Ring,
  writer: SegmentWriter,
  who: typeof OWNER.caller | typeof OWNER.thread,
  afterGroup: () => void,
): void {
  const { control } = ring;
  while (!ring.isEmpty && isSound(control)) {
    if (Atomics.compareExchange(control, CONTROL.owner, OWNER.nobody, who) !== OWNER.nobody) return;
    try {
      writer.writeAll(afterGroup);
      Atomics.compareExchange(control, CONTROL.status, STATUS.noSpace, STATUS.running);
    } catch (error) {
      if (!hasCode(error, 'ENOSPC')) {
        Atomics.store(control, CONTROL.status, STATUS.failed);
        throw error;
      }
      Atomics.compareExchange(control, CONTROL.status, STATUS.running, STATUS.noSpace);
      return;
    } finally {
      Atomics.store(control, CONTROL.owner, OWNER.nobody);
    }
  }
}

const isSound = (control: Int32Array): boolean => Atomics.load(control, CONTROL.status) !== STATUS.failed;
