import { z } from 'zod';
import { AmountError, type AssetCode, ASSET_CODES, isAssetCode, parseAmount } from '@core/money';

/** A decimal string in major units. Its asset is known only to the use-case, so the text is checked here and converted there. */
export const amountText = () =>
  z
    .string()
    .max(120)
    .regex(/^(0|[1-9][0-9]*)(\.[0-9]+)?$/, 'must be a decimal string such as "12.50"')
    .meta({ description: 'Amount in major units as a decimal string', examples: ['12.50'] });

export const assetCode = () =>
  z
    .string()
    .max(16)
    .refine((code): code is AssetCode => isAssetCode(code), `must be one of ${ASSET_CODES.join(', ')}`)
    .meta({ description: 'Asset code', examples: ['BTC'] });

/** Adds an issue naming `field` unless `text` is an amount of `asset`; answers the minor units, or undefined. */
export function amountOf(text: string, asset: AssetCode, context: z.RefinementCtx, field: string): bigint | undefined {
  try {
    return parseAmount(text, asset);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    context.addIssue({ code: 'custom', path: [field], message: error.message });
    return undefined;
  }
}
