import { z } from 'zod';
import { amountText, assetCode, pageQuery } from '@base/http';
import { HEDGE_STATES, ORDER_STATES } from '@products/brokerage';

export const id = z.uuid();
export const reason = z.string().trim().min(3).max(500);
export const pairName = z
  .string()
  .regex(/^(\*|[A-Z]{2,10}-[A-Z]{2,10})$/, 'must be a pair such as "BTC-USD", or "*" for all')
  .max(21);

export const pauseOrder = z.strictObject({ reason }).meta({ id: 'PauseOrder' });
export const reviewOrder = z.strictObject({ reason }).meta({ id: 'OrderReview' });
export const limitOrder = z
  .strictObject({ soft: amountText(), hard: amountText(), reason })
  .meta({ id: 'HouseLimitOrder' });
export const inventoryOrder = z
  .strictObject({ asset: assetCode(), amount: amountText(), direction: z.enum(['fund', 'return']), reason })
  .meta({ id: 'InventoryOrder' });
export const orderListing = z.strictObject({
  ...pageQuery(),
  state: z.enum(ORDER_STATES).optional(),
  customerId: id.optional(),
});
export const periodQuery = z.strictObject({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional() });

const amount = z.string();
export const positionList = z
  .object({
    hedging: z.string(),
    items: z.array(
      z.object({
        asset: z.string(),
        inventory: amount,
        atVenue: amount.meta({ description: 'Of the house, at the venue where it hedges or on the way' }),
        funded: amount,
        position: amount,
        positionUsd: amount.nullable(),
        softLimitUsd: amount.nullable(),
        hardLimitUsd: amount.nullable(),
        status: z.enum(['within', 'above-soft', 'at-hard', 'no-price', 'unlimited']),
      }),
    ),
  })
  .meta({ id: 'HousePositions' });
export const hedgeQuery = z.strictObject(pageQuery());
export const hedgeList = z
  .object({
    items: z.array(
      z.object({
        id,
        clientId: z.string(),
        pair: z.string(),
        side: z.enum(['BUY', 'SELL']),
        asset: z.string(),
        amount,
        filled: amount,
        limit: amount,
        fees: amount,
        feeAsset: z.string(),
        position: amount.meta({ description: 'What it answers' }),
        state: z.enum(HEDGE_STATES),
        mismatched: z.boolean().meta({ description: 'Settled otherwise than the venue answered' }),
        reason: z.string().nullable(),
        sends: z.int(),
        createdAt: z.iso.datetime(),
        updatedAt: z.iso.datetime(),
      }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'HouseHedges' });
/** `standing`: `used`, `left_out` (it disagrees), `stale`, `jump` (unconfirmed), or why the own book has no price. */
const priceSource = z.object({ name: z.string(), kind: z.string(), standing: z.string(), price: z.string().nullable(), ageMs: z.number().nullable() }); // prettier-ignore
export const pairState = z.object({ items: z.array(z.object({ pair: z.string(), open: z.boolean(), pausedReason: z.string().nullable(), firmPrice: z.boolean(), mid: z.string().nullable(), sources: z.array(priceSource) })), priceHalts: z.array(z.object({ pair: z.string(), reason: z.string(), operatorId: z.string(), at: z.iso.datetime() })) }).meta({ id: 'HousePairs' }); // prettier-ignore
export const profitList = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    items: z.array(
      z.object({
        pair: z.string(),
        asset: z.string(),
        orders: z.string(),
        turnover: amount,
        spread: amount,
        fees: amount,
      }),
    ),
  })
  .meta({ id: 'HouseProfit' });
export const orderPage = z
  .object({ items: z.array(z.object({}).loose()), next: z.string().optional() })
  .meta({ id: 'OperatorOrderPage' });
export const anything = z.object({}).loose();
