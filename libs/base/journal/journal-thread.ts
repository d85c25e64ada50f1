/** The journal's thread: waits for frames in the ring and makes them durable. Its messages say that there is progress, or why it ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { takeTurn } from './commit-turn.js';
import { NodeDisk } from './node-disk.js';
import { CONTROL, OWNER, Ring, STATUS } from './ring.js';
import { SegmentWriter } from './segment-writer.js';

const RETRY_AFTER_MS = 50;

const { memory, folder } = workerData as { memory: SharedArrayBuffer; folder: string };
const ring = new Ring(memory);
const { control } = ring;
const writer = new SegmentWriter(new NodeDisk(), folder, ring);

/** One message at a time is under way; the caller reads the progress itself from the ring. */
const tell = (): void => {
  if (Atomics.exchange(control, CONTROL.told, 1) === 0) parentPort?.postMessage('progress');
  Atomics.notify(control, CONTROL.consumed);
};

try {
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
