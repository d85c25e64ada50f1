import { z } from 'zod';

export const CURRENCIES = ['USD', 'EUR', 'GBP'] as const;
export type Currency = (typeof CURRENCIES)[number];

/** ISO 20022 decimals, always with two places; the bank has its own arithmetic, so that it cannot share a mistake with its customers. */
export const PositiveAmount = z
  .string()
  .regex(/^(?!0\.00$)(0|[1-9]\d{0,12})\.\d{2}$/, 'must be a decimal with two places such as "12.50"');

export const cents = (decimal: string): bigint => BigInt(decimal.replace('.', ''));

export function decimal(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(3, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
