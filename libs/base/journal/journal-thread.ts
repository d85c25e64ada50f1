/** The journal's thread: waits for frames in the ring and makes them durable. Its messages say that there is progress, or why it ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { takeTurn } from './commit-turn.js';
import { crc32c } from './crc32c.js';
import { NodeDisk } from './node-disk.js';
import { CONTROL, OWNER, Ring, STATUS } from './ring.js';
import { SegmentWriter } from './segment-writer.js';

const RETRY_AFTER_MS = 50;
/** Checksums of this many bytes make the compiler take `crc32c` seriously. */
const WARM_UP_BYTES = 16 * 1024 * 1024;
const WARM_UP_PIECE = 1024;

const { memory, folder } = workerData as { memory: SharedArrayBuffer; folder: string };
const ring = new Ring(memory);
const { control } = ring;
const writer = new SegmentWriter(new NodeDisk(), folder, ring);

/** One message at a time is under way; the caller reads the progress itself from the ring. */
const tell = (): void => {
  if (Atomics.exchange(control, CONTROL.told, 1) === 0) parentPort?.postMessage('progress');
  Atomics.notify(control, CONTROL.consumed);
};

/**
 * Nothing has run on this thread yet, and the first burst of commands would find the checksum ten times as slow as the second. Only while
 * nobody waits for it: neither the first commit nor an end is held up.
 */
function warmUp(): void {
  for (let done = 0; done < WARM_UP_BYTES && Atomics.load(control, CONTROL.signal) === 0; done += WARM_UP_PIECE) {
    crc32c(ring.bytes, ring.words, 0, WARM_UP_PIECE);
  }
}

try {
  warmUp();
  for (;;) {
    const signal = Atomics.load(control, CONTROL.signal);
    takeTurn(ring, writer, OWNER.thread, tell);
    const status = Atomics.load(control, CONTROL.status);
    if (status === STATUS.closing || status === STATUS.failed) break;
    Atomics.wait(control, CONTROL.signal, signal, status === STATUS.noSpace ? RETRY_AFTER_MS : Infinity);
  }
  writer.close();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  parentPort?.postMessage({ message, code });
  Atomics.notify(control, CONTROL.consumed);
}
