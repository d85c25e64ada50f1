import { z } from 'zod';
import { amountText, assetCode, pageQuery } from '@base/http';
import { MAX_TOLERANCE_BPS, METHODS, ORDER_STATES, PROFILES } from '@products/brokerage';

export const id = z.uuid();

export const quoteRequest = z
  .strictObject({
    profile: z.enum(PROFILES),
    from: assetCode().meta({ description: 'What you give' }),
    to: assetCode().meta({ description: 'What you receive' }),
    mode: z
      .enum(['EXACT_IN', 'EXACT_OUT'])
      .default('EXACT_IN')
      .meta({ description: 'Whether `amount` is what you give or what you receive' }),
    amount: amountText(),
    method: z.enum(METHODS).default('FUNDS').meta({ description: 'Your balance, a card, or a bank transfer' }),
  })
  .meta({ id: 'QuoteRequest' });

export const orderRequest = z
  .strictObject({
    quoteId: id,
    confirm: z.boolean().default(false).meta({ description: 'One click: confirm at once' }),
    toleranceBps: z
      .int()
      .min(0)
      .max(MAX_TOLERANCE_BPS)
      .optional()
      .meta({ description: 'How much less than quoted you accept when the money arrives after the quote has ended' }),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional()
      .meta({ description: 'Where the card page sends you back to' }),
  })
  .meta({ id: 'OrderRequest' });

export const confirmRequest = z
  .strictObject({
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional(),
  })
  .meta({ id: 'OrderConfirmation' });
export const nothing = z.strictObject({}).optional().meta({ id: 'Nothing' });
export const acceptRequest = z
  .strictObject({ minimumOut: amountText().meta({ description: 'The least you accept to receive' }) })
  .meta({ id: 'RepriceAcceptance' });
export const orderListing = z.strictObject({ ...pageQuery(), state: z.enum(ORDER_STATES).optional() });
export const portfolioQuery = z.strictObject({
  asset: assetCode().default('USD').meta({ description: 'What to value in' }),
});
export const statementQuery = z.strictObject({
  asset: assetCode(),
  account: z.enum(['available', 'held']).default('available'),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
});
export const closesQuery = z.strictObject({
  before: z.iso.datetime().optional(),
  limit: z.coerce.number().int().min(1).max(1_440).default(60),
});

const amount = z.string().meta({ examples: ['12.50'] });
const money = z.object({ asset: z.string(), amount }).meta({ id: 'Amount' });
const bps = z.string().meta({ description: 'Hundredths of a percent', examples: ['50.00'] });
const time = z.iso.datetime();

export const limitSchema = z
  .object({ method: z.string(), period: z.string(), limit: amount, used: amount, available: amount })
  .meta({ id: 'LimitStatus' });

export const quoteSchema = z
  .object({
    id: z.uuid(),
    state: z.string(),
    profile: z.string(),
    pair: z.string(),
    side: z.string(),
    mode: z.string(),
    method: z.string(),
    priceMode: z.string(),
    in: money,
    out: money,
    mid: z.string(),
    midSources: z.array(
      z.object({
        name: z.string(),
        price: z.string(),
        ageMs: z.number(),
        sizePrice: z.string().optional().describe('own book: the mean price at which it would fill this quote’s size'),
        covered: z.string().optional().describe('own book: how much of the base asset it has for it; the rest is priced at the external sources’'), // prettier-ignore
      }),
    ),
    reference: z.string().describe('what this quote’s size can be had for in the market: the spread is added to it'),
    price: z.string(),
    spread: z.object({ bps, amount, asset: z.string() }),
    fees: z.array(z.object({ code: z.string(), bps, minimum: amount, amount, asset: z.string() })),
    networkFee: money,
    allInBps: bps,
    depositTerms: z.object({}).loose(),
    limits: z.array(limitSchema),
    validMs: z.int(),
    createdAt: time,
    expiresAt: time,
    signature: z.string(),
  })
  .meta({ id: 'Quote' });

export const orderSchema = z
  .object({
    id: z.uuid(),
    state: z.string(),
    reason: z.string().nullable(),
    quoteId: z.uuid(),
    profile: z.string(),
    pair: z.string(),
    method: z.string(),
    priceMode: z.string(),
    in: money,
    quotedOut: money,
    out: money.nullable(),
    price: z.string().nullable(),
    mid: z.string().nullable(),
    fee: money.nullable(),
    spread: money.nullable(),
    toleranceBps: z.int(),
    payment: z.object({}).loose().nullable().meta({ description: 'What to do to pay, while the order waits for it' }),
    reprice: money
      .nullable()
      .meta({ description: 'What you would receive now, while the order waits for your answer' }),
    withdrawableAfter: time.nullable(),
    createdAt: time,
    updatedAt: time,
    deadlineAt: time.nullable(),
    history: z
      .array(
        z.object({ version: z.int(), event: z.string(), state: z.string(), reason: z.string().nullable(), at: time }),
      )
      .optional(),
  })
  .meta({ id: 'BrokerageOrder' });
export const orderPage = z
  .object({ items: z.array(orderSchema), next: z.string().optional() })
  .meta({ id: 'BrokerageOrderPage' });
export const receiptSchema = z
  .object({
    receipt: z.object({}).loose(),
    sha256: z.string().meta({ description: 'Of the receipt’s JSON as kept' }),
    at: time,
  })
  .meta({ id: 'Receipt' });
export const pairList = z
  .object({
    items: z.array(
      z.object({
        pair: z.string(),
        base: z.string(),
        quote: z.string(),
        open: z.boolean(),
        pausedReason: z.string().nullable(),
        minOrder: money,
        maxOrder: money,
        profiles: z.array(z.string()),
        methods: z.array(
          z.object({ method: z.string(), feeBps: bps, minimumFee: money, depositTerms: z.object({}).loose() }),
        ),
      }),
    ),
  })
  .meta({ id: 'BrokeragePairs' });
export const priceList = z
  .object({ items: z.array(z.object({ pair: z.string(), mid: z.string(), firm: z.boolean(), at: time })) })
  .meta({ id: 'Prices' });
export const closeList = z
  .object({ pair: z.string(), items: z.array(z.object({ minute: time, close: z.string() })) })
  .meta({ id: 'PriceHistory' });
export const limitList = z.object({ tier: z.int(), items: z.array(limitSchema), upgrade: z.object({ tier: z.int(), needs: z.string() }).nullable() }).meta({ id: 'Limits' }); // prettier-ignore
export const balanceList = z
  .object({
    valuedIn: z.string(),
    total: amount,
    items: z.array(
      z.object({
        asset: z.string(),
        available: amount,
        held: amount,
        pending: amount,
        value: amount.nullable(),
        valueIsFirm: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Balances' });
export const statementSchema = z
  .object({
    asset: z.string(),
    account: z.string(),
    from: time,
    to: time,
    opening: amount,
    closing: amount,
    items: z.array(
      z.object({
        number: z.string(),
        at: time,
        kind: z.string(),
        change: amount,
        balance: amount,
        transferId: z.uuid(),
        group: z.uuid().nullable(),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: 'Statement' });
