/**
 * Copying a table while it keeps changing. A record that has not been copied yet is copied before its first change, so the
 * copy is of one moment however many slices it takes. `isCopying[0]` is what writers test: nothing else costs them.
 */
import { wordCells } from './records.js';

export const copying = { isCopying: wordCells(1) } as const;

/** Records of a copy that get their memory together, when the first of them is copied: no moment pays for the whole table. */
const PAGE_SHIFT = 10;
const PAGE_RECORDS = 1 << PAGE_SHIFT;

class Page {
  readonly words: Int32Array;
  private readonly copied = new Int32Array(PAGE_RECORDS >> 5);

  constructor(records: number, perRecord: number) {
    this.words = new Int32Array(records * perRecord);
  }

  has(record: number): boolean {
    return (this.copied[record >> 5]! & (1 << (record & 31))) !== 0;
  }

  mark(record: number): void {
    this.copied[record >> 5]! |= 1 << (record & 31);
  }

  clear(): void {
    this.copied.fill(0);
  }
}

/**
 * Pages whose contents have been read, by their size: the next snapshot copies over them. Megabytes that come and go would have the garbage
 * collector stop the engine for milliseconds, several times in each snapshot.
 */
const spare = new Map<number, Page[]>();
/** Pages that were handed out, by their memory; whoever does not give one back lets it go. */
const lent = new WeakMap<ArrayBufferLike, Page>();

const takePage = (records: number, perRecord: number): Page =>
  spare.get(records * perRecord)?.pop() ?? new Page(records, perRecord);

/** A piece of a snapshot that nobody will read again: its memory is used for another. */
export function giveBackPiece({ buffer }: Uint8Array): void {
  const page = lent.get(buffer);
  if (page === undefined) return;
  lent.delete(buffer);
  page.clear();
  const { length } = page.words;
  const pages = spare.get(length);
  if (pages === undefined) spare.set(length, [page]);
  else pages.push(page);
}

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
  private pages: (Page | undefined)[] = [];
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
    this.pages = new Array<Page | undefined>((count + PAGE_RECORDS - 1) >> PAGE_SHIFT).fill(undefined);
  }

  /** Called before record `n` changes. */
  preserve(n: number): void {
    if (n < this.progress || n >= this.count) return;
    const page = this.pageOf(n);
    const record = n & (PAGE_RECORDS - 1);
    if (page.has(record)) return;
    page.mark(record);
    this.copy(n, page);
  }

  /** Copies about `words` more, whole records; returns what is left of that when the table has no more. */
  advance(words: number): number {
    const from = this.progress;
    const until = Math.min(this.count, from + Math.ceil(words / this.perRecord));
    for (; this.progress < until; this.progress += 1) {
      const page = this.pageOf(this.progress);
      if (!page.has(this.progress & (PAGE_RECORDS - 1))) this.copy(this.progress, page);
    }
    return Math.max(0, words - (until - from) * this.perRecord);
  }

  get isDone(): boolean {
    return this.progress === this.count;
  }

  /** The finished copy, in pieces that follow each other; the table keeps nothing of it. */
  take(): Int32Array[] {
    const { pages } = this;
    this.count = 0;
    this.pages = [];
    return pages.map((page) => {
      lent.set(page!.words.buffer, page!);
      return page!.words;
    });
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

  private pageOf(n: number): Page {
    const place = n >> PAGE_SHIFT;
    return (this.pages[place] ??= takePage(Math.min(PAGE_RECORDS, this.count - (place << PAGE_SHIFT)), this.perRecord));
  }

  private copy(n: number, page: Page): void {
    const start = (n & (PAGE_RECORDS - 1)) * this.perRecord;
    const copy = page.words;
    let to = start;
    for (const { words, perRecord, first } of this.parts) {
      const from = (first ?? 0) + n * perRecord;
      for (let k = 0; k < perRecord; k += 1) copy[to + k] = words[from + k]!;
      to += perRecord;
    }
    this.tidy(copy, start);
  }
}
