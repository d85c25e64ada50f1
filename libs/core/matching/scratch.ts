/**
 * Registers in which functions hand each other 64-bit amounts. V8 keeps a BigInt in a machine register only inside one
 * function and outside control-flow joins; passed, returned or merged it becomes an object. So a function that computes
 * an amount leaves it here, under a name, and its caller reads it here: exact money without an allocation.
 * A literal such as 0n that is compared with or divided by is an object as well, taken apart each time; `BigInt(0)` is a machine zero.
 */
import { amountCells } from './records.js';

export const registers = {
  scratch: amountCells(16),
  /** Lots of the trade in progress. */
  FILL: 0,
  /** What an order must set aside. */
  NEED: 1,
  /** Quote units of the trade in progress: the buyer's cost, the seller's proceeds, and each side's fee. */
  PAYS: 2,
  RECEIVES: 3,
  MAKER_FEE: 4,
  TAKER_FEE: 5,
  /** Lots that a budget can still buy. */
  AFFORDABLE: 6,
  /** What a fee is charged on. */
  BASE: 7,
  /** Lots that an arriving order could trade at once. */
  AVAILABLE: 8,
  /** Lots that a computation is about. */
  LOTS: 9,
  /** Lots that a replace wants open. */
  WANTED: 10,
  /** Lots by which an order's part in a margined position changes; margin required; cash that may serve as margin. */
  CHANGE: 11,
  REQUIRED: 12,
  ROOM: 13,
  TERM: 14,
} as const;

/** Counters of the engine's life; part of its state, unlike the registers above. */
export const life = {
  counters: amountCells(8),
  SEQUENCE: 0,
  /** Log time: the latest time that any command carried, so a clock that steps back changes nothing. */
  NOW: 1,
  ORDERS_ACCEPTED: 2,
  /** Place in time of the order that last joined a queue. */
  PRIORITY: 3,
  /** When the next expiry or auction end falls due. */
  DUE: 4,
} as const;

export const NEVER = (1n << 63n) - 1n;
life.counters[life.DUE] = NEVER;
