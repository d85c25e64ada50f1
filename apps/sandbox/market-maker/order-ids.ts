import { type Side } from './quotes.js';

/** What an order is for. */
export interface OrderPurpose {
  /** The market's number. */
  readonly market: number;
  readonly side: Side;
  readonly level: number;
}

const COUNTS = 0x1_0000;
const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
const ID = /^([0-9a-f]{2})([0-9a-f])([0-9a-f])([0-9a-f]{8})([0-9a-f]{4})$/;

/**
 * Client order ids of sixteen hex digits, which the venue takes as they are: market (2), side (1), level (1), second of the session's start (8), count
 * within it (4). The same order always has the same id, no two have one, and a person who reads the venue's history sees what each was for.
 */
export class OrderIds {
  #count = 0;

  /** @param startedAt seconds since 1970 */
  constructor(private startedAt: number) {}

  next({ market, side, level }: OrderPurpose): string {
    if (this.#count === COUNTS) {
      // So many in a session last for hours, so the second after the last one used is long past.
      this.startedAt += 1;
      this.#count = 0;
    }
    this.#count += 1;
    return `${hex(market, 2)}${side === 'buy' ? 'b' : 'a'}${hex(level, 1)}${hex(this.startedAt, 8)}${hex(this.#count - 1, 4)}`;
  }
}

/** What an id was made for; undefined for what is no id of this form. */
export function purposeOf(id: string): OrderPurpose | undefined {
  const [, market, side, level] = ID.exec(id) ?? [];
  if (market === undefined || level === undefined || (side !== 'a' && side !== 'b')) return undefined;
  return { market: parseInt(market, 16), side: side === 'b' ? 'buy' : 'sell', level: parseInt(level, 16) };
}
