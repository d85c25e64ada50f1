import { z } from 'zod';
import { AmountError, type AssetCode, parseAmount } from '@core/money';
import { InvalidRequest } from '@base/http';

export const fiat = z.enum(['USD', 'EUR', 'GBP']).meta({ description: 'Currency', examples: ['USD'] });

/** Minor units of an amount in major units. @throws InvalidRequest naming `amount` */
export function minorOf(amount: string, asset: AssetCode): bigint {
  try {
    return parseAmount(amount, asset);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    throw new InvalidRequest([{ field: 'amount', message: error.message }]);
  }
}

/** Where a list that is newest first goes on. */
export function before([createdAt, id]: readonly string[] = []): { createdAt: Date; id: string } | undefined {
  if (createdAt === undefined || id === undefined) return undefined;
  const at = new Date(createdAt);
  if (Number.isNaN(at.getTime()) || !z.uuid().safeParse(id).success) {
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  }
  return { createdAt: at, id };
}
