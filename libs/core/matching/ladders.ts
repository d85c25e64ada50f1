/**
 * Price ladders: queues of orders by price, best first, first come first served within a price. Each instrument has four:
 * bids, asks, and the stops that a rising or a falling price triggers. All rank their prices so that *lower is better*
 * (a bid's rank is its distance from the top price), and one piece of code serves them all.
 *
 * A level is found from its rank through a table of pages of 1,024 ticks, made when first needed and given back when
 * empty; the next best level through a tree of bitmaps, 32 ways a step. Nothing here searches.
 */
import { capacity } from './capacity.js';
import * as Instruments from './instruments.js';
import { orders } from './orders.js';
import { amountFields, wordCells, wordFields } from './records.js';

const { INSTRUMENT_SHIFT } = Instruments;

const { MAX_INSTRUMENTS, MAX_ORDERS, PRICE_BITS } = capacity;

const { next, previous, level: levelOf, ladder: ladderOf, open } = orders;

const LADDERS = MAX_INSTRUMENTS * 4;
const PAGE_BITS = 10;
const PAGES = 1 << 15;
const DIRECTORY_BITS = PRICE_BITS - PAGE_BITS;
/**
 * From a ladder's directory to the next. Not a power of two, or the entries of like prices on all ladders would want the same set of the
 * processor's caches; an odd number of cache lines apart they spread over all of them.
 */
const DIRECTORY = (1 << DIRECTORY_BITS) + 37 * 16;

const TOP_RANK = (1 << PRICE_BITS) - 1;
const EMPTY = TOP_RANK + 1;
/** No rank reaches this: the ladder is empty. */
export const NO_RANK = EMPTY;

const levelWords = wordFields(MAX_ORDERS, 4);
const levelAmounts = amountFields(MAX_ORDERS, 4);

export const levels = {
  head: levelWords.field(0),
  tail: levelWords.field(1),
  count: levelWords.field(2),
  rank: levelWords.field(3),
  /** Lots shown at this price. */
  shown: levelAmounts.field(0),
} as const;
const { head, tail, count, rank: rankOf, shown } = levels;

export const ladders = {
  bestRank: new Int32Array(LADDERS),
  bestLevel: new Int32Array(LADDERS),
} as const;
const { bestRank, bestLevel } = ladders;
bestRank.fill(EMPTY);

// The directory: page numbers by the upper bits of the rank, under three steps of bitmap.
const pageOf = new Int32Array(LADDERS * DIRECTORY);
const directoryBits = new Int32Array(LADDERS << (DIRECTORY_BITS - 5));
const directoryGroups = new Int32Array(LADDERS << (DIRECTORY_BITS - 10));
const directoryTop = new Int32Array(LADDERS);
// A page: level handles by the lower bits, under two steps of bitmap.
const pageLevels = new Int32Array(PAGES << PAGE_BITS);
const pageBits = new Int32Array(PAGES << (PAGE_BITS - 5));
const pageTop = new Int32Array(PAGES);

// Free levels are chained through `head`, free pages through their first level entry; fresh ones come from the marks.
const pool = wordCells(4);
const FREE_LEVEL = 0;
const FRESH_LEVEL = 1;
const FREE_PAGE = 2;
const FRESH_PAGE = 3;
pool[FRESH_LEVEL] = 1;
pool[FRESH_PAGE] = 1;

const LADDER_SHIFT = INSTRUMENT_SHIFT - 2;
/** Ladder numbers of an instrument handle: `bids(i) + side` are the orders of a side, `stops(i) + side` its dormant stops. */
export const bids = (instrument: number): number => instrument >> LADDER_SHIFT;
export const stops = (instrument: number): number => (instrument >> LADDER_SHIFT) + 2;

/** Rank of a price in the book of `side` (0 bids, 1 asks); its own inverse. */
export const bookRank = (side: number, price: number): number => (side === 0 ? TOP_RANK - price : price);
/** Rank of a trigger price among the stops of `side`: buys trigger on the way up, sells on the way down. */
export const stopRank = (side: number, price: number): number => (side === 0 ? price : TOP_RANK - price);

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

/** Whether one more price level can be opened. */
export const hasRoomForLevel = (): boolean => pool[FREE_PAGE] !== 0 || pool[FRESH_PAGE]! < PAGES;

export function levelAt(ladder: number, rank: number): number {
  const page = pageOf[ladder * DIRECTORY + (rank >> PAGE_BITS)]!;
  return page === 0 ? 0 : pageLevels[(page << PAGE_BITS) | (rank & 1023)]!;
}

/** Puts `order` at the back of the queue at `rank`. */
export function enqueue(order: number, ladder: number, rank: number): void {
  let level = levelAt(ladder, rank);
  if (level === 0) level = openLevel(ladder, rank);
  ladderOf[order] = ladder;
  levelOf[order] = level;
  const last = tail[level]!;
  previous[order] = last;
  next[order] = 0;
  if (last === 0) head[level] = order;
  else next[last] = order;
  tail[level] = order;
  count[level] = (count[level]! + 1) | 0;
  shown[level] = BigInt.asIntN(64, shown[level]! + open[order]!);
}

/** Takes `order` out of its queue, wherever it stands. */
export function dequeue(order: number): void {
  const level = levelOf[order]!;
  const before = previous[order]!;
  const after = next[order]!;
  if (before === 0) head[level] = after;
  else next[before] = after;
  if (after === 0) tail[level] = before;
  else previous[after] = before;
  shown[level] = BigInt.asIntN(64, shown[level]! - open[order]!);
  const others = (count[level]! - 1) | 0;
  count[level] = others;
  if (others === 0) closeLevel(ladderOf[order]!, level);
}

/** Moves the first order of a level behind the others, with the lots that it now shows. */
export function requeue(order: number): void {
  const level = levelOf[order]!;
  shown[level] = BigInt.asIntN(64, shown[level]! + open[order]!);
  if (tail[level] === order) return;
  const after = next[order]!;
  const last = tail[level]!;
  head[level] = after;
  previous[after] = 0;
  next[last] = order;
  previous[order] = last;
  next[order] = 0;
  tail[level] = order;
}

const openLevel = (ladder: number, rank: number): number => {
  const level = takeLevel();
  head[level] = 0;
  tail[level] = 0;
  count[level] = 0;
  shown[level] = 0n;
  rankOf[level] = rank;

  const slot = ladder * DIRECTORY + (rank >> PAGE_BITS);
  let page = pageOf[slot]!;
  if (page === 0) page = openPage(ladder, rank, slot);
  pageLevels[(page << PAGE_BITS) | (rank & 1023)] = level;
  pageBits[(page << 5) | ((rank >> 5) & 31)]! |= 1 << (rank & 31);
  pageTop[page]! |= 1 << ((rank >> 5) & 31);
  if (rank < bestRank[ladder]!) {
    bestRank[ladder] = rank;
    bestLevel[ladder] = level;
  }
  return level;
};

const takeLevel = (): number => {
  const free = pool[FREE_LEVEL]!;
  if (free !== 0) {
    pool[FREE_LEVEL] = head[free]!;
    return free;
  }
  const fresh = pool[FRESH_LEVEL]!;
  pool[FRESH_LEVEL] = fresh + 1;
  return fresh << 2;
};

const takePage = (): number => {
  const free = pool[FREE_PAGE]!;
  if (free !== 0) {
    pool[FREE_PAGE] = pageLevels[free << PAGE_BITS]!;
    return free;
  }
  const fresh = pool[FRESH_PAGE]!;
  pool[FRESH_PAGE] = fresh + 1;
  return fresh;
};

const openPage = (ladder: number, rank: number, slot: number): number => {
  const page = takePage();
  pageLevels[page << PAGE_BITS] = 0;
  pageOf[slot] = page;
  const upper = rank >> PAGE_BITS;
  directoryBits[(ladder << (DIRECTORY_BITS - 5)) | (upper >> 5)]! |= 1 << (upper & 31);
  directoryGroups[(ladder << (DIRECTORY_BITS - 10)) | (upper >> 10)]! |= 1 << ((upper >> 5) & 31);
  directoryTop[ladder]! |= 1 << (upper >> 10);
  return page;
};

const closeLevel = (ladder: number, level: number): void => {
  const rank = rankOf[level]!;
  const page = pageOf[ladder * DIRECTORY + (rank >> PAGE_BITS)]!;
  const word = (page << 5) | ((rank >> 5) & 31);
  pageLevels[(page << PAGE_BITS) | (rank & 1023)] = 0;
  const left = pageBits[word]! & ~(1 << (rank & 31));
  pageBits[word] = left;
  if (left === 0) {
    const groups = pageTop[page]! & ~(1 << ((rank >> 5) & 31));
    pageTop[page] = groups;
    if (groups === 0) closePage(ladder, rank, page);
  }
  head[level] = pool[FREE_LEVEL]!;
  pool[FREE_LEVEL] = level;
  if (rank === bestRank[ladder]) findBest(ladder);
};

const closePage = (ladder: number, rank: number, page: number): void => {
  pageOf[ladder * DIRECTORY + (rank >> PAGE_BITS)] = 0;
  pageLevels[page << PAGE_BITS] = pool[FREE_PAGE]!;
  pool[FREE_PAGE] = page;
  const upper = rank >> PAGE_BITS;
  const word = (ladder << (DIRECTORY_BITS - 5)) | (upper >> 5);
  const left = directoryBits[word]! & ~(1 << (upper & 31));
  directoryBits[word] = left;
  if (left !== 0) return;
  const group = (ladder << (DIRECTORY_BITS - 10)) | (upper >> 10);
  const groups = directoryGroups[group]! & ~(1 << ((upper >> 5) & 31));
  directoryGroups[group] = groups;
  if (groups === 0) directoryTop[ladder]! &= ~(1 << (upper >> 10));
};

const findBest = (ladder: number): void => {
  const top = directoryTop[ladder]!;
  if (top === 0) {
    bestRank[ladder] = EMPTY;
    bestLevel[ladder] = 0;
    return;
  }
  let upper = lowestBit(top);
  upper = (upper << 5) | lowestBit(directoryGroups[(ladder << (DIRECTORY_BITS - 10)) | upper]!);
  upper = (upper << 5) | lowestBit(directoryBits[(ladder << (DIRECTORY_BITS - 5)) | upper]!);
  const page = pageOf[ladder * DIRECTORY + upper]!;
  const group = lowestBit(pageTop[page]!);
  const lower = (group << 5) | lowestBit(pageBits[(page << 5) | group]!);
  bestRank[ladder] = (upper << PAGE_BITS) | lower;
  bestLevel[ladder] = pageLevels[(page << PAGE_BITS) | lower]!;
};

/** The next level behind `rank`, which need not be occupied; 0 at the end of the ladder. */
export function levelBehind(ladder: number, rank: number): number {
  const from = rank + 1;
  if (from > TOP_RANK) return 0;
  const upper = from >> PAGE_BITS;
  const page = pageOf[ladder * DIRECTORY + upper]!;
  if (page !== 0) {
    const level = firstInPage(page, from & 1023);
    if (level !== 0) return level;
  }
  const later = firstPageFrom(ladder, upper + 1);
  return later === 0 ? 0 : firstInPage(later, 0);
}

const firstInPage = (page: number, from: number): number => {
  const group = from >> 5;
  const here = pageBits[(page << 5) | group]! & (-1 << (from & 31));
  if (here !== 0) return pageLevels[(page << PAGE_BITS) | (group << 5) | lowestBit(here)]!;
  const later = group === 31 ? 0 : pageTop[page]! & (-1 << (group + 1));
  if (later === 0) return 0;
  const next = lowestBit(later);
  return pageLevels[(page << PAGE_BITS) | (next << 5) | lowestBit(pageBits[(page << 5) | next]!)]!;
};

const firstPageFrom = (ladder: number, from: number): number => {
  const upper = firstUpperFrom(ladder, from);
  return upper < 0 ? 0 : pageOf[ladder * DIRECTORY + upper]!;
};

/** The upper bits of the first page at or behind `from`, or -1. */
const firstUpperFrom = (ladder: number, from: number): number => {
  if (from >= 1 << DIRECTORY_BITS) return -1;
  const bits = ladder << (DIRECTORY_BITS - 5);
  const here = directoryBits[bits | (from >> 5)]! & (-1 << (from & 31));
  if (here !== 0) return ((from >> 5) << 5) | lowestBit(here);
  for (let word = (from >> 5) + 1; word < 1 << (DIRECTORY_BITS - 5); word = ((word >> 5) + 1) << 5) {
    const groups = directoryGroups[(ladder << (DIRECTORY_BITS - 10)) | (word >> 5)]! & (-1 << (word & 31));
    if (groups === 0) continue;
    const found = ((word >> 5) << 5) | lowestBit(groups);
    return (found << 5) | lowestBit(directoryBits[bits | found]!);
  }
  return -1;
};

/** Empties every ladder, whatever orders stand in them. */
export function clearLadders(): void {
  for (let ladder = 0; ladder < LADDERS; ladder += 1) {
    while (directoryTop[ladder] !== 0) clearPage(ladder, firstUpperFrom(ladder, 0));
    bestRank[ladder] = EMPTY;
    bestLevel[ladder] = 0;
  }
  pool[FREE_LEVEL] = 0;
  pool[FRESH_LEVEL] = 1;
  pool[FREE_PAGE] = 0;
  pool[FRESH_PAGE] = 1;
}

const clearPage = (ladder: number, upper: number): void => {
  const page = pageOf[ladder * DIRECTORY + upper]!;
  pageLevels.fill(0, page << PAGE_BITS, (page + 1) << PAGE_BITS);
  pageBits.fill(0, page << 5, (page + 1) << 5);
  pageTop[page] = 0;
  closePage(ladder, upper << PAGE_BITS, page);
};
