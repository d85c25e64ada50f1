import { join } from 'node:path';
import { type Disk } from './disk.js';
import { JournalFault } from './faults.js';
import { type Snapshot, snapshotName, SNAPSHOTS, SnapshotStore } from './snapshots.js';

const RECEIVING = 'receiving';

/** A snapshot's file as it is, to be sent elsewhere piece by piece. It stays readable when it goes to the archive meanwhile. */
export class OutgoingSnapshot {
  readonly #disk: Disk;
  readonly #file: number;
  #sent = 0;

  private constructor(
    disk: Disk,
    file: number,
    readonly sequence: number,
    readonly bytes: number,
  ) {
    this.#disk = disk;
    this.#file = file;
  }

  /** The newest one that has a name; whether it is sound is found out where it arrives. */
  static newest(disk: Disk, folder: string): OutgoingSnapshot | undefined {
    const [sequence] = new SnapshotStore(disk, folder).sequences();
    if (sequence === undefined) return undefined;
    const file = disk.open(join(folder, SNAPSHOTS, snapshotName(sequence)), 'read');
    return new OutgoingSnapshot(disk, file, sequence, disk.size(file));
  }

  /** Puts the next bytes into `target` and answers how many; 0 at the end. */
  next(target: Uint8Array, at: number, most: number): number {
    const got = this.#disk.read(this.#file, target, at, Math.min(most, this.bytes - this.#sent), this.#sent);
    this.#sent += got;
    return got;
  }

  close(): void {
    this.#disk.close(this.#file);
  }
}

/**
 * Such a file on its arrival in a folder without a journal: a recovery then begins behind it. It gets its name when it is whole and has been
 * found sound.
 */
export class ArrivingSnapshot {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #file: number;
  #arrived = 0;

  constructor(
    disk: Disk,
    folder: string,
    readonly sequence: number,
    readonly bytes: number,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    disk.makeFolder(join(folder, SNAPSHOTS));
    this.#file = disk.open(join(folder, SNAPSHOTS, RECEIVING), 'create');
    disk.truncate(this.#file, 0);
  }

  get isWhole(): boolean {
    return this.#arrived === this.bytes;
  }

  write(piece: Uint8Array): void {
    this.#disk.write(this.#file, piece, 0, piece.length, this.#arrived);
    this.#arrived += piece.length;
  }

  /** Durable, named, and read back. @throws JournalFault `damaged`, the file being gone, when it is not what was sent */
  finish(): Snapshot {
    this.#disk.sync(this.#file);
    this.#disk.close(this.#file);
    const home = join(this.#folder, SNAPSHOTS);
    const name = snapshotName(this.sequence);
    this.#disk.rename(join(home, RECEIVING), join(home, name));
    const read = new SnapshotStore(this.#disk, this.#folder).read(this.sequence);
    if (!('fault' in read)) {
      this.#disk.syncFolder(home);
      return read;
    }
    this.#disk.remove(join(home, name));
    throw new JournalFault('damaged', `the snapshot of command ${this.sequence} ${read.fault} on arrival`);
  }

  abandon(): void {
    this.#disk.close(this.#file);
  }
}
