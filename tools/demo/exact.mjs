/** Whole numbers of a smallest unit, for amounts that must agree to the last digit. */

/**
 * @param {string | number} amount a decimal; of a number, its shortest digits, which are those that were sent
 * @param {number} scale digits after the point
 * @returns {bigint}
 */
export function unitsOf(amount, scale) {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(String(amount)) ?? [];
  if (whole === '') throw new Error(`${amount} is no decimal`);
  const shift = Number(exponent) + scale - fraction.length;
  const digits = BigInt(whole + fraction);
  const power = 10n ** BigInt(Math.abs(shift));
  if (shift < 0 && digits % power !== 0n) throw new Error(`${amount} has more than ${scale} digits`);
  const value = shift < 0 ? digits / power : digits * power;
  return sign === '-' ? -value : value;
}

/** @param {bigint} units @param {number} scale */
export function decimalOf(units, scale) {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
}
