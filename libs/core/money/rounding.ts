/** Towards minus infinity, towards plus infinity, or to the nearest with ties to even. Always named by the caller. */
export type Rounding = 'floor' | 'ceil' | 'half-even';

/** `numerator / denominator` as an integer, rounded as named. @throws RangeError when the denominator is not positive. */
export function divide(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  if (denominator <= 0n) throw new RangeError('the denominator must be positive');
  const truncated = numerator / denominator;
  const remainder = numerator - truncated * denominator;
  if (remainder === 0n) return truncated;
  const below = numerator < 0n ? truncated - 1n : truncated;
  switch (rounding) {
    case 'floor':
      return below;
    case 'ceil':
      return below + 1n;
    case 'half-even': {
      const twice = (numerator - below * denominator) * 2n;
      if (twice === denominator) return below % 2n === 0n ? below : below + 1n;
      return twice < denominator ? below : below + 1n;
    }
  }
}

/** `a · b / c`, exact until the one rounding at the end. */
export const mulDiv = (a: bigint, b: bigint, c: bigint, rounding: Rounding): bigint => divide(a * b, c, rounding);

/** `bps` hundredths of a percent of `amount`. */
export const basisPoints = (amount: bigint, bps: bigint, rounding: Rounding): bigint =>
  mulDiv(amount, bps, 10_000n, rounding);
