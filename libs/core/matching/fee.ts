/**
 * Fees in parts per million, exact and without 128 bits. Each fill charges ceil(due), where due is the exact fee less
 * what earlier fills of the same order overpaid by rounding up; the new overpayment (below one unit) is carried in the
 * order. So an order pays ceil(exact total) however many fills it took, and never gains a unit by splitting. A negative
 * rate is a rebate; the same rounding then pays out floor(exact total), with the rest still due to the order.
 *
 * n × r with r ≤ 10⁶ is split as n = a × 10⁶ + b, so that a × r ≤ n and b × r < 10¹² fit where n does.
 */
import { orders } from './orders.js';
import { registers } from './scratch.js';

const { scratch } = registers;

const { feeCarry } = orders;

const PPM = 1_000_000n;
/** Lifts the dividend above zero, where truncation is floor; 10⁶ × PPM. */
const LIFT = 1_000_000_000_000n + 999_999n;

/** Leaves in scratch[to] the fee of `order` at `ppm` on scratch[base] ≥ 0, and carries the rounding in the order. */
export function charge(order: number, ppm: number, base: number, to: number): void {
  const rate = BigInt(ppm | 0);
  const notional = scratch[base]!;
  const millions = BigInt.asIntN(64, notional / BigInt(1_000_000));
  const rest = BigInt.asIntN(64, notional - BigInt.asIntN(64, millions * PPM));
  const due = BigInt.asIntN(64, BigInt.asIntN(64, rest * rate) - feeCarry[order]!);
  const units = BigInt.asIntN(64, BigInt.asIntN(64, BigInt.asIntN(64, due + LIFT) / BigInt(1_000_000)) - PPM);
  feeCarry[order] = BigInt.asIntN(64, BigInt.asIntN(64, units * PPM) - due);
  scratch[to] = BigInt.asIntN(64, BigInt.asIntN(64, millions * rate) + units);
}

/** Adds to scratch[to] the most that `order` can be charged at `ppm` ≥ 0 on scratch[base] more. */
export function addWorstFee(order: number, ppm: number, base: number, to: number): void {
  const rate = BigInt(ppm | 0);
  const notional = scratch[base]!;
  const millions = BigInt.asIntN(64, notional / BigInt(1_000_000));
  const rest = BigInt.asIntN(64, notional - BigInt.asIntN(64, millions * PPM));
  const due = BigInt.asIntN(64, BigInt.asIntN(64, rest * rate) - feeCarry[order]!);
  const units = BigInt.asIntN(64, BigInt.asIntN(64, due + 999_999n) / BigInt(1_000_000));
  scratch[to] = BigInt.asIntN(64, scratch[to]! + BigInt.asIntN(64, BigInt.asIntN(64, millions * rate) + units));
}
