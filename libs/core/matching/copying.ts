/**
 * Copying a table while it keeps changing. A record that has not been copied yet is copied before its first change, so the
 * copy is of one moment however many slices it takes. `isCopying[0]` is what writers test: nothing else costs them.
 */
import { wordCells } from './records.js';

export const copying = { isCopying: wordCells(1) } as const;

/** A table from its word `first` on (0 if left out), `perRecord` words a record. */
export interface Part {
  readonly words: Int32Array;
  readonly perRecord: number;
  readonly first?: number;
}

/** Clears, in the copy of a record that starts at word `at`, what is left over from an earlier user of the record. */
export type Tidy = (copy: Int32Array, at: number) => void;

export class TableCopy {
  readonly perRecord: number;
  private copied = new Int32Array(0);
  private words = new Int32Array(0);
  private count = 0;
  private progress = 0;

  /** Record `n` of the copy is record `n` of each of the `parts`. */
  constructor(
    private readonly parts: readonly Part[],
    private readonly tidy: Tidy = () => undefined,
  ) {
    this.perRecord = parts.reduce((sum, part) => sum + part.perRecord, 0);
  }

  /** From now on the first `count` records are copied as they are at this moment. */
  begin(count: number): void {
    this.count = count;
    this.progress = 0;
    this.words = new Int32Array(count * this.perRecord);
    this.copied = new Int32Array((count + 31) >> 5);
  }

  /** Called before record `n` changes. */
  preserve(n: number): void {
    if (n < this.progress || n >= this.count || (this.copied[n >> 5]! & (1 << (n & 31))) !== 0) return;
    this.copied[n >> 5]! |= 1 << (n & 31);
    this.copy(n);
  }

  /** Copies about `words` more, whole records; returns what is left of that when the table has no more. */
  advance(words: number): number {
    const from = this.progress;
    const until = Math.min(this.count, from + Math.ceil(words / this.perRecord));
    for (; this.progress < until; this.progress += 1) {
      const isCopied = (this.copied[this.progress >> 5]! & (1 << (this.progress & 31))) !== 0;
      if (!isCopied) this.copy(this.progress);
    }
    return Math.max(0, words - (until - from) * this.perRecord);
  }

  get isDone(): boolean {
    return this.progress === this.count;
  }

  /** The finished copy; the table keeps nothing of it. */
  take(): Int32Array {
    const { words } = this;
    this.count = 0;
    this.words = new Int32Array(0);
    this.copied = new Int32Array(0);
    return words;
  }

  /** Puts a copy back into the parts; returns how many records it had. */
  restore(words: Int32Array): number {
    const records = words.length / this.perRecord;
    let at = 0;
    for (let n = 0; n < records; n += 1) {
      for (const part of this.parts) {
        part.words.set(words.subarray(at, at + part.perRecord), (part.first ?? 0) + n * part.perRecord);
        at += part.perRecord;
      }
    }
    return records;
  }

  private copy(n: number): void {
    const start = n * this.perRecord;
    let to = start;
    for (const { words, perRecord, first } of this.parts) {
      const from = (first ?? 0) + n * perRecord;
      for (let k = 0; k < perRecord; k += 1) this.words[to + k] = words[from + k]!;
      to += perRecord;
    }
    this.tidy(this.words, start);
  }
}
