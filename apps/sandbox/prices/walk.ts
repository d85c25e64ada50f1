import { createHash } from 'node:crypto';

/** Parts per billion: the walk's unit for a relative move. */
export const PPB = 1_000_000_000n;

/** Knots of the walk lie 2^20 steps apart (2.4 days of 200 ms); between them it is a Brownian bridge. */
const LEVELS = 20;
const SPAN = 1 << LEVELS;

const UNIT = 1_000_000n;
/** √3 in millionths: it brings the sum of four uniform numbers to a standard deviation of one. */
const ROOT_3 = 1_732_051n;
const UINT16 = 65_535n;

const squareRoot = (of: bigint): bigint => {
  if (of < 2n) return of;
  let root = 1n << BigInt((of.toString(2).length + 1) >> 1);
  for (let next = (root + of / root) >> 1n; next < root; next = (root + of / root) >> 1n) root = next;
  return root;
};

/** A roughly normal number in millionths of its standard deviation: the same key gives the same number, on any machine, after any restart. */
export function normal(...key: readonly (string | number)[]): bigint {
  const digest = createHash('sha256').update(key.join('|')).digest();
  const sum = [0, 2, 4, 6].reduce((total, offset) => total + BigInt(digest.readUInt16BE(offset)), 0n);
  return ((sum - 2n * UINT16) * ROOT_3) / UINT16;
}

export interface WalkOptions {
  readonly seed: string;
  readonly name: string;
  /** Standard deviation of one step. */
  readonly stepPpb: bigint;
}

/**
 * A random walk's displacement from its anchor at a step, in parts per billion. It is a function of the seed and the step alone (Lévy's
 * midpoint construction of Brownian motion, in integers), so that a source that restarts, or a second one, is on the same path. Knots are
 * drawn independently, so that the price stays within a few deviations of its anchor for good.
 */
export function walkAt({ seed, name, stepPpb }: WalkOptions, step: number): bigint {
  const variance = stepPpb * stepPpb;
  const knot = (at: number): bigint =>
    (normal(seed, name, LEVELS, at) * squareRoot((variance * BigInt(SPAN)) / 2n)) / UNIT;
  let from = Math.floor(step / SPAN) * SPAN;
  let [low, high] = [knot(from), knot(from + SPAN)];
  for (let level = LEVELS; level > 0; level -= 1) {
    if (step === from) return low;
    const length = 2 ** level;
    const middle = from + length / 2;
    const deviation = squareRoot((variance * BigInt(length)) / 4n);
    const value = (low + high) / 2n + (normal(seed, name, level, middle) * deviation) / UNIT;
    if (step < middle) high = value;
    else [from, low] = [middle, value];
  }
  return low;
}
