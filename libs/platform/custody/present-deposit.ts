import { z } from 'zod';
import { formatAmount } from '@core/money';
import { type Queryable } from '@base/database';
import { ChainLog } from '@platform/chains';
import { type Deposit } from './deposit.js';

export const depositSchema = z
  .object({
    id: z.uuid(),
    asset: z.string(),
    amount: z.string(),
    state: z.enum(['seen', 'credited', 'orphaned', 'lost', 'ignored']).meta({
      description:
        'seen: pending; credited: available; orphaned: its block is gone; lost: gone after it was credited; ignored: too small',
    }),
    chain: z.string(),
    txid: z.string(),
    place: z.int().meta({ description: 'Output number on Bitcoin; on Ethereum 0, or the number of the inner call' }),
    confirmations: z.object({ present: z.int(), required: z.int() }),
    height: z.int(),
    seenAt: z.iso.datetime(),
    creditedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Deposit' });

export type PresentedDeposit = z.infer<typeof depositSchema>;

/** Deposits as HTTP shows them, with the depth that they have now. */
export async function presentDeposits(on: Queryable, deposits: readonly Deposit[]): Promise<PresentedDeposit[]> {
  const tips = new Map<string, number>();
  for (const chainId of new Set(deposits.map((deposit) => deposit.chainId))) {
    tips.set(chainId, (await new ChainLog(chainId).tip(on))?.height ?? 0);
  }
  return deposits.map((deposit) => ({
    id: deposit.id,
    asset: deposit.asset,
    amount: formatAmount(deposit.amount, deposit.asset),
    state: deposit.state,
    chain: deposit.chainId,
    txid: deposit.txid,
    place: deposit.place,
    confirmations: {
      present:
        deposit.state === 'orphaned' || deposit.state === 'lost'
          ? 0
          : Math.max(0, (tips.get(deposit.chainId) ?? 0) - deposit.height + 1),
      required: deposit.confirmations,
    },
    height: deposit.height,
    seenAt: deposit.seenAt.toISOString(),
    creditedAt: deposit.creditedAt?.toISOString() ?? null,
  }));
}
