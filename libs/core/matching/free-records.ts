/**
 * Which order records are free, as a tree of bitmaps, 32 ways a step; the lowest free record is the next one used. So the
 * choice follows from what is open now and not from history: a restored engine gives the same ids as the one that was
 * saved. It also keeps open orders close together in memory.
 */
import { capacity } from './capacity.js';
import { wordCells } from './records.js';

const { MAX_ORDERS } = capacity;

const leaves = new Int32Array(MAX_ORDERS >> 5);
const branches = new Int32Array(MAX_ORDERS >> 10);
const limbs = new Int32Array(MAX_ORDERS >> 15);
/** The root of the tree, and the number above every record that was ever used. */
const trunk = wordCells(2);
const ROOT = 0;
const MARK = 1;
freeAllRecords();

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

export const hasFreeRecord = (): boolean => trunk[ROOT] !== 0;
/** Records at and above this were never used. */
export const recordMark = (): number => trunk[MARK]!;

/** Takes the lowest free record; there is one. */
export function takeRecord(): number {
  const limb = lowestBit(trunk[ROOT]!);
  const branch = (limb << 5) | lowestBit(limbs[limb]!);
  const leaf = (branch << 5) | lowestBit(branches[branch]!);
  const record = (leaf << 5) | lowestBit(leaves[leaf]!);
  markTaken(record);
  return record;
}

/** Takes this record, which is free; for a restored engine. */
export function markTaken(record: number): void {
  const leaf = record >> 5;
  leaves[leaf]! &= ~(1 << (record & 31));
  if (record >= trunk[MARK]!) trunk[MARK] = record + 1;
  if (leaves[leaf] !== 0) return;
  const branch = leaf >> 5;
  branches[branch]! &= ~(1 << (leaf & 31));
  if (branches[branch] !== 0) return;
  const limb = branch >> 5;
  limbs[limb]! &= ~(1 << (branch & 31));
  if (limbs[limb] === 0) trunk[ROOT]! &= ~(1 << limb);
}

export function giveBackRecord(record: number): void {
  leaves[record >> 5]! |= 1 << (record & 31);
  branches[record >> 10]! |= 1 << ((record >> 5) & 31);
  limbs[record >> 15]! |= 1 << ((record >> 10) & 31);
  trunk[ROOT]! |= 1 << (record >> 15);
}

export function freeAllRecords(): void {
  leaves.fill(-1);
  branches.fill(-1);
  limbs.fill(-1);
  trunk[ROOT] = -1;
  trunk[MARK] = 0;
  // Record 0 stays taken: its handle means "no order".
  markTaken(0);
}
