import { assetOf, type AssetCode } from './asset.js';

/** The largest amount that is ever accepted or kept, in minor units: what `numeric(78,0)` and a uint256 both hold. */
export const MAX_MINOR = 2n ** 256n - 1n;

export type AmountErrorCode = 'amount_malformed' | 'amount_too_precise' | 'amount_too_large';

export class AmountError extends Error {
  constructor(
    readonly code: AmountErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** ASCII digits only, no sign, no exponent, no leading zeros, no bare point: one spelling per amount. */
const CANONICAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
/** Longer text cannot be an amount; the bound keeps parsing linear in a constant. */
const MAX_LENGTH = 120;

/**
 * Minor units of a decimal string in major units: `parseAmount('0.1', 'BTC')` is `10_000_000n`.
 * Never rounds: more decimals than the asset has is `amount_too_precise`, even if they are zeros.
 * @throws AmountError
 */
export function parseAmount(text: string, asset: AssetCode): bigint {
  return parseDecimal(text, assetOf(asset).scale);
}

/** As {@link parseAmount}, for a number with `scale` decimals that is not an amount (a price, a rate). */
export function parseDecimal(text: string, scale: number): bigint {
  const match = text.length <= MAX_LENGTH ? CANONICAL.exec(text) : null;
  if (!match) throw new AmountError('amount_malformed', 'must be a decimal string such as "12.50"');
  const [, whole = '', fraction = ''] = match;
  if (fraction.length > scale) throw new AmountError('amount_too_precise', `has more than ${scale} decimals`);
  const minor = BigInt(whole + fraction.padEnd(scale, '0'));
  if (minor > MAX_MINOR) throw new AmountError('amount_too_large', 'is larger than any amount can be');
  return minor;
}

/** Decimal string in major units with all of the asset's decimals: `formatAmount(150n, 'USD')` is `'1.50'`. */
export function formatAmount(minor: bigint, asset: AssetCode): string {
  return formatDecimal(minor, assetOf(asset).scale);
}

export function formatDecimal(minor: bigint, scale: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(scale + 1, '0');
  const sign = minor < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
