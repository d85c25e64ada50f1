import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Disk, hasCode, readBytes } from './disk.js';
import { JournalFault } from './faults.js';

/**
 * One process at a time, one epoch per opening. The lock of epoch 7 is the file `0000000007.epoch`, made exclusively, so that two
 * processes that both find the one before dead cannot both take it. Its holder's name stands in it until it is released; the file of
 * the newest epoch stays, so that no epoch is given out twice.
 */
export interface ProcessIdentity {
  /** This process, in a way that outlives it. */
  readonly self: string;
  /** Whether the process so named may still be running. When in doubt, yes. */
  isAlive(other: string): boolean;
}

const NAME = /^(\d{10})\.epoch$/;
const LONGEST_HOLDER = 1024;
const nameOf = (epoch: number): string => `${String(epoch).padStart(10, '0')}.epoch`;

export class EpochLock {
  readonly #disk: Disk;
  readonly #folder: string;
  #epoch: number;

  private constructor(disk: Disk, folder: string, epoch: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#epoch = epoch;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Claims an epoch above every earlier one, `atLeast` included. @throws JournalFault `locked` while its holder may be running */
  static claim(disk: Disk, folder: string, process: ProcessIdentity, atLeast: number): EpochLock {
    const newest = epochsIn(disk, folder).at(-1) ?? 0;
    const holder = newest > 0 ? readHolder(disk, folder, newest) : '';
    if (holder !== '' && process.isAlive(holder)) {
      throw new JournalFault(
        'locked',
        `${folder} is held under epoch ${newest} by ${holder}; if that is gone for certain, remove ${nameOf(newest)}`,
      );
    }
    const lock = new EpochLock(disk, folder, Math.max(newest + 1, atLeast));
    lock.#take(process.self);
    return lock;
  }

  /** Moves on to a higher epoch without letting go. */
  raise(process: ProcessIdentity, atLeast: number): void {
    this.#epoch = Math.max(this.#epoch + 1, atLeast);
    this.#take(process.self);
  }

  release(): void {
    const file = this.#disk.open(join(this.#folder, nameOf(this.#epoch)), 'write');
    this.#disk.truncate(file, 0);
    this.#disk.sync(file);
    this.#disk.close(file);
  }

  #take(holder: string): void {
    const bytes = new TextEncoder().encode(holder);
    try {
      const file = this.#disk.open(join(this.#folder, nameOf(this.#epoch)), 'exclusive');
      this.#disk.write(file, bytes, 0, bytes.length, 0);
      this.#disk.sync(file);
      this.#disk.close(file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      throw new JournalFault('locked', `${this.#folder}: another process claimed epoch ${this.#epoch} first`);
    }
    this.#disk.syncFolder(this.#folder);
    for (const epoch of epochsIn(this.#disk, this.#folder)) {
      if (epoch < this.#epoch) this.#disk.remove(join(this.#folder, nameOf(epoch)));
    }
  }
}

function epochsIn(disk: Disk, folder: string): number[] {
  return disk.list(folder).flatMap((name) => NAME.exec(name)?.slice(1, 2).map(Number) ?? []);
}

function readHolder(disk: Disk, folder: string, epoch: number): string {
  try {
    const file = disk.open(join(folder, nameOf(epoch)), 'read');
    const holder = new TextDecoder().decode(readBytes(disk, file, 0, LONGEST_HOLDER));
    disk.close(file);
    return holder;
  } catch (error) {
    // Its holder has moved on to another epoch just now.
    if (hasCode(error, 'ENOENT')) return `a process that has just left epoch ${epoch}`;
    throw error;
  }
}

/** Host, boot, process id and its start: a number alone would be taken for the same process after a restart of the machine or a container. */
export const thisProcess: ProcessIdentity = {
  self: `host=${hostname()} boot=${bootId()} pid=${process.pid} start=${startOf(process.pid) ?? '?'}`,
  isAlive(other) {
    const [, host, boot, pid, start] = /^host=(\S*) boot=(\S*) pid=(\d+) start=(\S+)$/.exec(other) ?? [];
    // A name cut short was never a completed claim.
    if (pid === undefined) return false;
    if (host !== hostname()) return true;
    if (boot !== bootId()) return false;
    const startNow = startOf(Number(pid));
    if (startNow !== undefined) return startNow === start;
    return start === '?' && isRunning(Number(pid));
  },
};

function bootId(): string {
  return readSystem('/proc/sys/kernel/random/boot_id')?.trim() ?? '?';
}

/** Clock ticks from boot to the start of the process; undefined where the system does not say, or there is no such process. */
function startOf(pid: number): string | undefined {
  const stat = readSystem(`/proc/${pid}/stat`);
  // The process's name stands in parentheses and may contain spaces.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function readSystem(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
