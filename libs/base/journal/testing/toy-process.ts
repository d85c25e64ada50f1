/**
 * A process to be killed: `node toy-process.js FOLDER MODE`. It records batch after batch, faster than the disk, takes snapshots on the way,
 * and writes the sequence of each acknowledgement to standard output.
 */
import { writeSync } from 'node:fs';
import { thisProcess } from '../epoch-lock.js';
import { type CommitMode, NodeDisk } from '../index.js';
import { ToyVenue } from './toy.js';

const SNAPSHOT_EVERY = 2_000;
const STANDARD_OUTPUT = 1;

const [folder, mode] = process.argv.slice(2) as [string, CommitMode];
const venue = new ToyVenue({
  folder,
  mode,
  disk: new NodeDisk(),
  process: thisProcess,
  housekeepingMs: 5,
  segmentBytes: 64 * 1024,
  ringBytes: 32 * 1024,
  reserveBytes: 1024,
  onDurable: (sequence) => writeSync(STANDARD_OUTPUT, `${sequence}\n`),
  onFatal: (fault) => {
    throw fault;
  },
});

let nextSnapshot = venue.machine.sequence + SNAPSHOT_EVERY;

function work(): void {
  for (let batch = 0; batch < 4; batch += 1) venue.tell(1 + ((venue.machine.sequence * 7) % 40));
  venue.machine.seen.clear();
  venue.journal.commit();
  if (venue.machine.sequence >= nextSnapshot) {
    nextSnapshot = Infinity;
    venue.snapshot((error) => {
      if (error) throw error;
      nextSnapshot = venue.machine.sequence + SNAPSHOT_EVERY;
    });
  }
  setImmediate(work);
}
work();
