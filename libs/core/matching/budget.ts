import { instruments } from './instruments.js';
import { orders } from './orders.js';
import { registers } from './scratch.js';

const { AFFORDABLE, scratch } = registers;

const { instrument, hold, takerPpm } = orders;
const { tickValue, tickValueScale } = instruments;

const PPM = 1_000_000n;

/**
 * Leaves in scratch[AFFORDABLE] the most lots at `price` whose cost and taker fee, each rounded up, fit into what the
 * order still holds. Cost first: c + ceil(c × r / 10⁶) ≤ B exactly when c ≤ B × 10⁶ / (10⁶ + r).
 */
export function computeAffordable(order: number, price: number): void {
  const i = instrument[order]!;
  const rate = takerPpm[order]!;
  const divisor = BigInt((1_000_000 + (rate > 0 ? rate : 0)) | 0);
  const budget = hold[order]!;
  const whole = BigInt.asIntN(64, budget / divisor);
  const rest = BigInt.asIntN(64, budget - BigInt.asIntN(64, whole * divisor));
  const cost = BigInt.asIntN(
    64,
    BigInt.asIntN(64, whole * PPM) + BigInt.asIntN(64, BigInt.asIntN(64, rest * PPM) / divisor),
  );
  const perLot = BigInt.asIntN(64, BigInt(price | 0) * tickValue[i]!);
  scratch[AFFORDABLE] = BigInt.asIntN(64, BigInt.asIntN(64, cost * tickValueScale[i]!) / perLot);
}
