import { join } from 'node:path';
import { crc32c, wordsOver } from './crc32c.js';
import { type Disk, type Done, hasCode, readBytes } from './disk.js';
import { getU64, putU64 } from './format.js';
import { JournalFault } from './faults.js';

/**
 * The second durable mark: a CRC alone cannot tell a tail that was torn before anyone relied on it from an acknowledged record
 * that was damaged later. The file has two slots, each a sector, written in turn, so that a torn write leaves the one before:
 *    0 u32 CRC-32C of bytes 4–63 · 4 u32 magic "SRMK" · 8 u64 counter · 16 u64 sequence · 24 u64 first sequence of the epoch
 *   32 u32 epoch · 36 zeros
 */
export interface DurableMark {
  readonly epoch: number;
  /** From here on, frames of older epochs are a fenced writer's and count for nothing. */
  readonly epochFirstSequence: number;
  /** Every record up to here was durable, and may have been acknowledged, when the mark was written. */
  readonly sequence: number;
}

const NAME = 'mark';
const MAGIC = 0x4b4d5253;
const SLOT_BYTES = 512;
const USED_BYTES = 64;

export class MarkFile {
  readonly #disk: Disk;
  readonly #file: number;
  readonly #slots = [new Uint8Array(SLOT_BYTES), new Uint8Array(SLOT_BYTES)] as const;
  #counter: number;

  private constructor(disk: Disk, file: number, counter: number) {
    this.#disk = disk;
    this.#file = file;
    this.#counter = counter;
  }

  /** The mark in `folder`, or undefined when there is none that can be read. */
  static read(disk: Disk, folder: string): DurableMark | undefined {
    return readMark(disk, folder)?.mark;
  }

  /** Takes over the mark file, and makes `mark` its durable contents. */
  static create(disk: Disk, folder: string, mark: DurableMark): MarkFile {
    const counter = readMark(disk, folder)?.counter ?? 0;
    const markFile = new MarkFile(disk, disk.open(join(folder, NAME), 'create'), counter);
    markFile.write(mark);
    disk.syncFolder(folder);
    return markFile;
  }

  write(mark: DurableMark): void {
    const { slot, position } = this.#next(mark);
    this.#disk.write(this.#file, slot, 0, SLOT_BYTES, position);
    this.#disk.sync(this.#file);
  }

  writeInBackground(mark: DurableMark, done: Done): void {
    const { slot, position } = this.#next(mark);
    this.#disk.writeInBackground(this.#file, slot, position, done);
  }

  close(): void {
    this.#disk.close(this.#file);
  }

  #next({ epoch, epochFirstSequence, sequence }: DurableMark): { slot: Uint8Array; position: number } {
    this.#counter += 1;
    const index = this.#counter % 2 === 0 ? 0 : 1;
    const slot = this.#slots[index];
    const words = wordsOver(slot);
    words[1] = MAGIC;
    putU64(words, 2, this.#counter);
    putU64(words, 4, sequence);
    putU64(words, 6, epochFirstSequence);
    words[8] = epoch;
    words[0] = crc32c(slot, words, 4, USED_BYTES);
    return { slot, position: index * SLOT_BYTES };
  }
}

function readMark(disk: Disk, folder: string): { counter: number; mark: DurableMark } | undefined {
  let file: number;
  try {
    file = disk.open(join(folder, NAME), 'read');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const slots = [0, 1].map((index) => readSlot(readBytes(disk, file, index * SLOT_BYTES, USED_BYTES)));
    return slots.filter((slot) => slot !== undefined).sort((a, b) => b.counter - a.counter)[0];
  } finally {
    disk.close(file);
  }
}

function readSlot(bytes: Uint8Array): { counter: number; mark: DurableMark } | undefined {
  if (bytes.length < USED_BYTES) return undefined;
  const words = wordsOver(bytes);
  if (words[0] !== crc32c(bytes, words, 4, USED_BYTES) || words[1] !== MAGIC) return undefined;
  return {
    counter: getU64(words, 2),
    mark: { sequence: getU64(words, 4), epochFirstSequence: getU64(words, 6), epoch: words[8] as number },
  };
}

/** A newer epoch in the mark means that another process has taken the folder over. */
export function refuseWhenFenced(disk: Disk, folder: string, epoch: number): void {
  const mark = MarkFile.read(disk, folder);
  if (mark !== undefined && mark.epoch > epoch) {
    throw new JournalFault('fenced', `epoch ${mark.epoch} has taken this journal over from epoch ${epoch}`);
  }
}
