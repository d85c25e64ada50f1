/**
 * Decimals as whole numbers of 10^-12: fine enough for every price and amount of the venue. JSON is read with its numbers as text, so that none
 * passes through a double.
 */
import { parse } from 'lossless-json';

const SCALE = 12;
export const ONE = 10n ** BigInt(SCALE);
export const MILLION = 1_000_000n;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Rounded towards zero beyond the twelfth digit. @throws RangeError for what is no decimal */
export function decimalOf(text: string): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (whole === '') throw new RangeError(`${text.slice(0, 40)} is no decimal`);
  const shift = Number(exponent) + SCALE - fraction.length;
  const digits = BigInt(whole + fraction);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return sign === '-' ? -value : value;
}

/** Plain decimal text without trailing zeros. */
export function textOf(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -SCALE)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** a × b, rounded down. */
export const times = (a: bigint, b: bigint): bigint => (a * b) / ONE;

export const partsPerMillion = (of: bigint, ppm: bigint): bigint => (of * ppm) / MILLION;

/** Down to a whole number of steps; of numbers above zero. */
export const floorTo = (value: bigint, step: bigint): bigint => value - (value % step);

export const ceilTo = (value: bigint, step: bigint): bigint => floorTo(value + step - 1n, step);

/** What JSON says, numbers as their own digits. @throws SyntaxError */
export const readJson = (text: string): unknown => parse(text, null, (digits) => digits);
