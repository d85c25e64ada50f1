import { join } from 'node:path';
import { crc32c, crc32cOf, wordsOver } from './crc32c.js';
import { type Disk, type Done, hasCode, readBytes } from './disk.js';
import { getU64, putU64 } from './format.js';
import { ARCHIVE } from './segments.js';

/**
 * Snapshots: `snapshots/<sequence>.snapshot`, a header of 128 bytes and the state as the caller wrote it.
 *    0 u32 CRC-32C of bytes 4–127 · 4 u32 magic "SRSN" · 8 u32 1 · 12 u32 caller's version · 16 u64 sequence · 24 u32 epoch
 *   28 u32 length of the digest · 32 u64 time (µs) · 40 u64 length of the state · 48 u32 its CRC-32C · 56 digest, up to 32 bytes
 *
 * One is written as `incoming`, synced, and gets its name only when the journal is durable up to its sequence, so that a name promises
 * both a whole snapshot and the records before it. A damaged one is passed over and never a reason to remove anything.
 */
export interface SnapshotMeta {
  /** The state is the one after this record. */
  readonly sequence: number;
  /** Of the caller's layout of the state. */
  readonly version: number;
  /** µs since 1970. */
  readonly time: number;
  /** The caller's digest of the state, up to 32 bytes. */
  readonly digest: Uint8Array;
}

export interface Snapshot extends SnapshotMeta {
  readonly name: string;
  readonly epoch: number;
  readonly state: Uint8Array;
}

export const SNAPSHOTS = 'snapshots';
const INCOMING = 'incoming';
const NAME = /^(\d{16})\.snapshot$/;
const MAGIC = 0x4e535253;
const FORMAT = 1;
const HEADER_BYTES = 128;
const DIGEST_AT = 56;
const LONGEST_DIGEST = 32;
/** What one read or write call takes at most. */
const READ_BYTES = 1024 * 1024 * 1024;

export class SnapshotStore {
  readonly #disk: Disk;
  readonly #home: string;
  readonly #folder: string;

  constructor(disk: Disk, home: string) {
    this.#disk = disk;
    this.#home = home;
    this.#folder = join(home, SNAPSHOTS);
  }

  /** Sequences of all that have a name, newest first; sound or not. */
  sequences(): number[] {
    const names = this.#disk.list(this.#folder);
    return names.flatMap((name) => NAME.exec(name)?.slice(1, 2).map(Number) ?? []).sort((a, b) => b - a);
  }

  /** The snapshot, checked whole, or what is wrong with it. @throws what the disk throws, but for a file that is gone */
  read(sequence: number): Snapshot | { name: string; fault: string } {
    const name = snapshotName(sequence);
    let file: number;
    try {
      file = this.#disk.open(join(this.#folder, name), 'read');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return { name, fault: 'is not there' };
      throw error;
    }
    try {
      return this.#parse(name, sequence, file);
    } finally {
      this.#disk.close(file);
    }
  }

  /** Begins a snapshot; an unfinished one before it is written over. One at a time. */
  begin(meta: SnapshotMeta, epoch: number): IncomingSnapshot {
    if (meta.digest.length > LONGEST_DIGEST) throw new RangeError(`a digest has at most ${LONGEST_DIGEST} bytes`);
    return new IncomingSnapshot(this.#disk, this.#folder, meta, epoch);
  }

  /** Moves all but the newest `keep` of `sound` ones to the archive. */
  archiveOlder(sound: readonly number[], keep: number): void {
    const kept = sound.toSorted((a, b) => b - a).slice(0, keep);
    const oldest = kept.at(-1);
    if (oldest === undefined || kept.length < keep) return;
    for (const sequence of this.sequences().filter((candidate) => candidate < oldest)) {
      this.#disk.rename(join(this.#folder, snapshotName(sequence)), join(this.#home, ARCHIVE, snapshotName(sequence)));
    }
  }

  #parse(name: string, sequence: number, file: number): Snapshot | { name: string; fault: string } {
    const header = readBytes(this.#disk, file, 0, HEADER_BYTES);
    if (header.length < HEADER_BYTES) return { name, fault: 'ends within its header' };
    const words = wordsOver(header);
    if (words[0] !== crc32c(header, words, 4, HEADER_BYTES) || words[1] !== MAGIC) {
      return { name, fault: 'has a damaged header' };
    }
    if (words[2] !== FORMAT) return { name, fault: 'is of an unknown version' };
    if (getU64(words, 4) !== sequence) return { name, fault: 'is not what its name says' };
    const length = getU64(words, 10);
    if (this.#disk.size(file) !== HEADER_BYTES + length) return { name, fault: 'is not as long as its header says' };
    const state = this.#readState(file, length);
    if (state.length !== length || crc32cOf(state) !== words[12]) return { name, fault: 'has a wrong checksum' };
    return {
      name,
      sequence,
      version: words[3] as number,
      epoch: words[6] as number,
      time: getU64(words, 8),
      digest: header.slice(DIGEST_AT, DIGEST_AT + (words[7] as number)),
      state,
    };
  }

  #readState(file: number, length: number): Uint8Array {
    const state = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const wanted = Math.min(READ_BYTES, length - filled);
      const got = this.#disk.read(file, state, filled, wanted, HEADER_BYTES + filled);
      if (got === 0) return state.subarray(0, filled);
      filled += got;
    }
    return state;
  }
}

/** A snapshot on its way to the disk: pieces, then `finish`, then a name. */
export class IncomingSnapshot {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #epoch: number;
  readonly #file: number;
  #length = 0;
  #crc = 0;

  constructor(
    disk: Disk,
    folder: string,
    readonly meta: SnapshotMeta,
    epoch: number,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#epoch = epoch;
    this.#file = disk.open(join(folder, INCOMING), 'create');
    disk.truncate(this.#file, 0);
  }

  /** Takes the next piece of the state; it may be used again afterwards. Costs a checksum and a copy into the page cache. */
  write(piece: Uint8Array): void {
    this.#disk.write(this.#file, piece, 0, piece.length, HEADER_BYTES + this.#length);
    this.#crc = crc32cOf(piece, this.#crc);
    this.#length += piece.length;
  }

  /** Makes the contents durable off this thread. */
  finish(done: Done): void {
    const { sequence, version, time, digest } = this.meta;
    const header = new Uint8Array(HEADER_BYTES);
    const words = wordsOver(header);
    words[1] = MAGIC;
    words[2] = FORMAT;
    words[3] = version;
    putU64(words, 4, sequence);
    words[6] = this.#epoch;
    words[7] = digest.length;
    putU64(words, 8, time);
    putU64(words, 10, this.#length);
    words[12] = this.#crc;
    header.set(digest, DIGEST_AT);
    words[0] = crc32c(header, words, 4, HEADER_BYTES);
    this.#disk.write(this.#file, header, 0, HEADER_BYTES, 0);
    this.#disk.syncInBackground(this.#file, (error) => {
      this.#disk.close(this.#file);
      done(error);
    });
  }

  /** Gives it its name, durable when `done` is called. The journal must be durable up to its sequence. */
  publish(done: Done): void {
    this.#disk.rename(join(this.#folder, INCOMING), join(this.#folder, snapshotName(this.meta.sequence)));
    this.#disk.syncFolderInBackground(this.#folder, done);
  }

  abandon(): void {
    this.#disk.close(this.#file);
  }
}

export const snapshotName = (sequence: number): string => `${String(sequence).padStart(16, '0')}.snapshot`;
