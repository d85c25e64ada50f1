import { JournalFault } from '../faults.js';
import { PowerFailure, SimulatedDisk } from './simulated-disk.js';
import { seededRandom } from './seeded-random.js';
import { SteppedThread } from './stepped-thread.js';
import { ToyVenue } from './toy.js';

/** Lives on one disk before a new one is taken: long enough for several snapshots and an archive. */
const LIVES_PER_DISK = 12;
const ACTIONS_PER_LIFE = 60;

/** What a campaign came across. */
export interface Course {
  crashes: number;
  tornTails: number;
  fromSnapshots: number;
  archived: number;
  overtaken: number;
}

/** What was told to the journal and what it acknowledged: the only truth the disk is held against. */
interface Told {
  /** Digest of the machine after each sequence, by sequence. */
  readonly digests: number[];
  acknowledged: number;
}

/**
 * Lives of a toy venue on a simulated disk, each ended by a power failure at some operation (or a kill, or a close), recoveries included. After
 * each: what was acknowledged is there, what is there was told, in order and once, and state and records agree.
 * @throws Error naming the seed when anything is lost, invented or refused
 */
export function liveAndCrash(seed: number, course: Course): void {
  const random = seededRandom(seed);
  const disk = new SimulatedDisk(random);
  disk.bitFlips = random() < 0.5 ? 0.3 : 0;
  const told: Told = { digests: [0], acknowledged: 0 };
  for (let life = 0; life < LIVES_PER_DISK; life += 1) {
    disk.isBackgroundHeld = random() < 0.3;
    disk.failPowerAfter(1 + Math.floor(random() * (random() < 0.3 ? 12 : 150)));
    try {
      liveOnce(disk, random, told, { life, course });
      disk.kill();
    } catch (error) {
      const isThePower = error instanceof PowerFailure || (disk.isDown && error instanceof JournalFault);
      if (!isThePower) throw new Error(`seed ${seed}, life ${life}`, { cause: error });
      // At the same moments a process alone may die: what it wrote and did not sync is then still there to be read.
      if (random() < 0.3) disk.kill();
      else disk.restart();
    }
    course.crashes += 1;
  }
  course.archived += disk.paths().filter((path) => path.includes('archive')).length;
}

function liveOnce(
  disk: SimulatedDisk,
  random: () => number,
  told: Told,
  { life, course }: { life: number; course: Course },
): void {
  const chance = (probability: number): boolean => random() < probability;
  const thread = new SteppedThread(disk);
  const venue = new ToyVenue({
    disk,
    mode: (['inline', 'thread', 'adaptive'] as const)[Math.floor(random() * 3)],
    startThread: thread.start,
    packedEvery: 2,
  });
  expectTruth(venue, told);
  if (venue.recovery.cut) course.tornTails += 1;
  if (venue.recovery.snapshotSequence > 0) course.fromSnapshots += 1;
  if (venue.machine.sequence > told.acknowledged) course.overtaken += 1;
  // The recovery is complete, so what it found is the truth from here on, whether it had been acknowledged or not.
  told.digests.length = venue.machine.sequence + 1;
  told.acknowledged = venue.machine.sequence;
  let isSnapshotOpen = false;
  for (let action = 0; action < ACTIONS_PER_LIFE && !disk.isDown; action += 1) {
    if (chance(0.6)) {
      venue.tell(1 + Math.floor(random() * 6), { salt: life, isReserved: chance(0.2) });
      for (const [sequence, digest] of venue.machine.seen) told.digests[sequence] = digest;
      venue.machine.seen.clear();
    }
    if (chance(0.5)) venue.journal.commit();
    if (chance(0.5)) thread.step();
    if (chance(0.2)) disk.runBackground();
    if (chance(0.1)) venue.journal.keepHouse();
    if (chance(0.01)) venue.journal.promote();
    if (chance(0.08) && !isSnapshotOpen) {
      isSnapshotOpen = true;
      venue.snapshot(() => (isSnapshotOpen = false));
    }
    told.acknowledged = Math.max(told.acknowledged, venue.acknowledged);
    if (venue.fatal !== undefined && !disk.isDown) throw venue.fatal;
  }
  if (disk.isDown) throw new PowerFailure('within the journal');
}

function expectTruth({ machine }: ToyVenue, { digests, acknowledged }: Told): void {
  if (machine.sequence < acknowledged) {
    throw new Error(`record ${acknowledged} was acknowledged and the journal ends with ${machine.sequence}`);
  }
  if (machine.sequence >= digests.length) {
    throw new Error(`record ${machine.sequence} is there and ${digests.length - 1} was the last one told`);
  }
  for (const [sequence, digest] of [...machine.seen, [machine.sequence, machine.digest] as const]) {
    if (digests[sequence] !== digest) throw new Error(`the state after record ${sequence} is not what was told`);
  }
}
