import { z } from 'zod';
import { type Ticket } from '@core/contracts';
import { demand } from './signer-refusal.js';
import { type SigningLog } from './signing-log.js';

const amount = z.string().regex(/^[1-9]\d{0,77}$/).transform(BigInt); // prettier-ignore

/** The signer's own caps for one asset, in minor units. They hold whatever tickets say. */
export const assetLimitsSchema = z.strictObject({
  perWithdrawal: amount,
  perHour: amount,
  perDay: amount,
  /** Most that one transaction may pay to the network. */
  perFee: amount,
  /** Most it may pay per unit: satoshi per 1,000 virtual bytes, wei per gas. */
  perFeeUnit: amount,
});
export type AssetLimits = z.infer<typeof assetLimitsSchema>;
export type Limits = Readonly<Record<string, AssetLimits>>;

export const limitsSchema = z.record(z.string(), assetLimitsSchema);

/** Caps for a sandbox: 10 BTC and 150 ETH at once, 50 BTC and 750 ETH a day. */
export const SANDBOX_LIMITS = {
  BTC: {
    perWithdrawal: '1000000000',
    perHour: '2500000000',
    perDay: '5000000000',
    perFee: '5000000',
    perFeeUnit: '1000000',
  },
  ETH: {
    perWithdrawal: '150000000000000000000',
    perHour: '400000000000000000000',
    perDay: '750000000000000000000',
    perFee: '100000000000000000',
    perFeeUnit: '2000000000000',
  },
} as const;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Refuses a withdrawal that would lift the amount signed in the last hour or day above its cap. Counted from the signer's own log, each
 * intent once, by a clock that never runs backwards. An entry exactly as old as the window is outside it.
 */
export function checkWindows(ticket: Ticket, limits: AssetLimits, log: SigningLog, now: number): void {
  if (ticket.purpose !== 'withdrawal') return;
  const wanted = BigInt(ticket.amount);
  demand(wanted <= limits.perWithdrawal, 'window_exceeded', 'above the cap of one withdrawal');
  const hour = log.withdrawnSince(ticket.asset, now - HOUR_MS) + wanted;
  demand(hour <= limits.perHour, 'window_exceeded', 'above the cap of an hour');
  const day = log.withdrawnSince(ticket.asset, now - DAY_MS) + wanted;
  demand(day <= limits.perDay, 'window_exceeded', 'above the cap of a day');
}

/** Refuses a fee above the ticket's limit, the signer's cap, or the signer's cap per unit. */
export function checkFee(fee: { total: bigint; perUnit: bigint }, ticket: Ticket, limits: AssetLimits): void {
  demand(fee.total <= BigInt(ticket.maxFee), 'fee_above_ticket', 'fee above the limit of the ticket');
  demand(fee.total <= limits.perFee, 'fee_above_cap', 'fee above the cap of one transaction');
  demand(fee.perUnit <= limits.perFeeUnit, 'fee_above_cap', 'fee rate above the cap');
}
