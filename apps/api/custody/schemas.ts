import { z } from 'zod';
import { CHAIN_ASSETS, INTENT_STATES } from '@platform/custody';

export const asset = z.enum(CHAIN_ASSETS);
export const id = z.uuid();
const amount = z.string().meta({ examples: ['0.05000000'] });
const time = z.iso.datetime();

export const addressSchema = z
  .object({
    asset,
    chain: z.string(),
    address: z.string(),
    minimum: amount.meta({ description: 'Less than this is not credited' }),
  })
  .meta({ id: 'DepositAddress' });

export const depositStates = ['pending', 'credited', 'reversed', 'ignored', 'lost'] as const;

export const depositSchema = z
  .object({
    id,
    asset,
    amount,
    state: z.enum(depositStates),
    chain: z.string(),
    address: z.string(),
    txid: z.string(),
    place: z.int().meta({ description: 'Output on Bitcoin; on Ethereum 0, or the number of the inner call' }),
    height: z.int().nullable(),
    confirmationsNeeded: z.int(),
    at: time,
    creditedAt: time.nullable(),
  })
  .meta({ id: 'Deposit' });
export const depositPage = z
  .object({ items: z.array(depositSchema), next: z.string().optional() })
  .meta({ id: 'DepositPage' });

export const feeSchema = z
  .object({ asset, fee: amount, minimum: amount.meta({ description: 'The least that can be withdrawn' }), at: time })
  .meta({ id: 'WithdrawalFee' });

export const withdrawalSchema = z
  .object({
    id,
    asset,
    amount: amount.meta({ description: 'What arrives' }),
    fee: amount.meta({ description: 'What you pay for the network, on top' }),
    destination: z.string(),
    state: z.enum(INTENT_STATES),
    waitingFor: z.string().nullable(),
    txid: z.string().nullable(),
    confirmations: z.int(),
    createdAt: time,
    updatedAt: time,
    expiresAt: time.nullable(),
    history: z.array(z.object({ event: z.string(), state: z.string(), at: time })).optional(),
  })
  .meta({ id: 'CoinWithdrawal' });
export const withdrawalPage = z
  .object({ items: z.array(withdrawalSchema), next: z.string().optional() })
  .meta({ id: 'CoinWithdrawalPage' });
