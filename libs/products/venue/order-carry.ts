import { type Side } from '@core/contracts';
import { type OrderRecord } from './order-history.js';

const PPM = 1_000_000n;

/** What one side of a trade was reckoned from. */
export interface Reckoned {
  readonly side: Side;
  readonly role: 'taker' | 'maker' | 'auction';
  /** The rate of the order that took, where one did. */
  readonly otherTakerPpm: number;
  /** Price × lots × tick value: quote units times `scale`. */
  readonly exact: bigint;
  readonly scale: bigint;
  /** Quote units that the side paid or received before its fee. */
  readonly notional: bigint;
}

/**
 * Carries an order's rounding over a fill, as the engine does (`core/matching`: `settle.ts`, `fee.ts`): what it has paid beyond the exact amount
 * is less for it to pay next time. A fee that an account lacked the cash for is carried as if it had been paid.
 */
export function carryRounding(order: OrderRecord, reckoned: Reckoned): void {
  const { side, exact, scale, notional } = reckoned;
  const paid = notional * scale;
  order.notional_carry += side === 'buy' ? paid - exact : exact - paid;
  const ppm = rateOf(order, reckoned);
  // A rebate on units that rounding made up could exceed the fee that pays for it.
  const base = reckoned.role === 'maker' && ppm < 0 ? exact / scale : notional;
  const due = base * BigInt(ppm) - order.fee_carry;
  order.fee_carry = divideUp(due, PPM) * PPM - due;
}

/** Who takes pays for the maker's rebate; in an auction nobody takes. */
function rateOf(order: OrderRecord, { role, otherTakerPpm }: Reckoned): number {
  if (role === 'taker') return order.taker_ppm;
  return role === 'auction' ? Math.max(order.maker_ppm, 0) : Math.max(order.maker_ppm, -otherTakerPpm);
}

/** Division by b > 0 towards plus infinity. */
const divideUp = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);
