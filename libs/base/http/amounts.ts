import { z } from 'zod';
import { InvalidRequest } from './validation.js';
import { AmountError, type AssetCode, ASSET_CODES, isAssetCode, parseAmount } from '@core/money';

/** How an amount is written: no sign, no exponent, no leading zero, no separator. */
export const AMOUNT_PATTERN = /^(0|[1-9][0-9]*)(\.[0-9]+)?$/;

/** A decimal string in major units. Its asset is known only to the use-case, so the text is checked here and converted there. */
export const amountText = () =>
  z
    .string()
    .max(120)
    .regex(AMOUNT_PATTERN, 'must be a decimal string such as "12.50"')
    .meta({ description: 'Amount in major units as a decimal string', examples: ['12.50'] });

export const assetCode = () =>
  z
    .string()
    .max(16)
    .refine((code): code is AssetCode => isAssetCode(code), `must be one of ${ASSET_CODES.join(', ')}`)
    .meta({ description: 'Asset code', examples: ['BTC'] });

/** Minor units of an amount in major units. @throws InvalidRequest naming `field` */
export function minorOf(text: string, asset: AssetCode, field = 'amount'): bigint {
  try {
    return parseAmount(text, asset);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    throw new InvalidRequest([{ field, message: error.message }]);
  }
}
