/**
 * Trailing stops: their trigger price keeps a distance from the best trade price since they were placed, and only moves
 * towards the market. A few per instrument and side, since each new best price visits them all.
 */
import { capacity } from './capacity.js';
import * as Instruments from './instruments.js';
import { orders, trait } from './orders.js';

const { instruments, INSTRUMENT_SHIFT } = Instruments;

const { MAX_INSTRUMENTS, MAX_TRAILING } = capacity;
const { SELL } = trait;
const { instrument, traits } = orders;
const { maximumPrice } = instruments;

/** In order of acceptance, per instrument and side. */
const lists = new Int32Array(MAX_INSTRUMENTS * 2 * MAX_TRAILING);
const counts = new Int32Array(MAX_INSTRUMENTS * 2);

const listOf = (i: number, side: number): number => ((i >> INSTRUMENT_SHIFT) << 1) | side;

export const hasRoomForTrailing = (i: number, side: number): boolean => counts[listOf(i, side)]! < MAX_TRAILING;
export const trailingCount = (i: number, side: number): number => counts[listOf(i, side)]!;
export const trailingAt = (i: number, side: number, index: number): number =>
  lists[listOf(i, side) * MAX_TRAILING + index]!;

/** Where a stop of `side` triggers at `distance` from `best`. */
export const trailedPrice = (i: number, side: number, best: number, distance: number): number =>
  side === 0 ? Math.min(maximumPrice[i]!, best + distance) : Math.max(1, best - distance);

export function rememberTrailing(order: number): void {
  const list = listOf(instrument[order]!, traits[order]! & SELL);
  lists[list * MAX_TRAILING + counts[list]!] = order;
  counts[list]! += 1;
}

export function forgetTrailing(order: number): void {
  const list = listOf(instrument[order]!, traits[order]! & SELL);
  const first = list * MAX_TRAILING;
  const end = first + counts[list]!;
  const at = lists.indexOf(order, first);
  lists.copyWithin(at, at + 1, end);
  counts[list]! -= 1;
}

export function forgetAllTrailing(): void {
  counts.fill(0);
}
