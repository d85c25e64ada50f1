/** Orders that end at a time, in a heap: the first to expire on top, of those that expire together the one with the lower id. */
import { capacity } from './capacity.js';
import { orders } from './orders.js';
import { wordCells } from './records.js';
import { life } from './scratch.js';

const { MAX_ORDERS } = capacity;
const { id, expiresAt, expiryPlace } = orders;
const { counters, DUE } = life;

// Entry 1 is the top; entry 0 is unused.
const heap = new Int32Array(MAX_ORDERS + 1);
const size = wordCells(1);

/** The order that expires first, or 0. */
export const firstToExpire = (): number => (size[0] === 0 ? 0 : heap[1]!);

export function scheduleExpiry(order: number): void {
  size[0]! += 1;
  place(order, size[0]!);
  rise(size[0]!);
  if (expiresAt[order]! < counters[DUE]!) counters[DUE] = expiresAt[order]!;
}

export function cancelExpiry(order: number): void {
  const at = expiryPlace[order]!;
  const last = heap[size[0]!]!;
  size[0]! -= 1;
  if (last === order) return;
  place(last, at);
  rise(at);
  sink(expiryPlace[last]!);
}

export function forgetExpiries(): void {
  size[0] = 0;
}

const place = (order: number, at: number): void => {
  heap[at] = order;
  expiryPlace[order] = at;
};

const isBefore = (one: number, other: number): boolean =>
  expiresAt[one]! < expiresAt[other]! || (expiresAt[one] === expiresAt[other] && id[one]! < id[other]!);

const rise = (from: number): void => {
  const order = heap[from]!;
  let at = from;
  while (at > 1 && isBefore(order, heap[at >> 1]!)) {
    place(heap[at >> 1]!, at);
    at >>= 1;
  }
  place(order, at);
};

const sink = (from: number): void => {
  const order = heap[from]!;
  let at = from;
  for (;;) {
    let child = at << 1;
    if (child > size[0]!) break;
    if (child < size[0]! && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, order)) break;
    place(heap[child]!, at);
    at = child;
  }
  place(order, at);
};
