import { z } from 'zod';
import { amountText, assetCode, pageQuery } from '@base/http';
import { INSTRUMENT_STATES } from '@core/contracts';
import { BUST_STATES } from '@products/venue';

export const id = z.uuid();
export const symbol = z.string().regex(/^[A-Z0-9][A-Z0-9.-]{0,15}$/, 'must be the symbol of an instrument');
const reason = z.string().trim().min(3).max(500);
const PPM = 1_000_000;
const ppm = () => z.int().min(0).max(PPM);
const decimal = (what: string, example: string) => amountText().meta({ description: what, examples: [example] });

export const anything = z.object({}).loose().meta({ id: 'VenueItem' });
export const itemPage = z.object({ items: z.array(anything), next: z.string().optional() }).meta({ id: 'VenuePage' });
export const answered = z
  .object({
    id,
    action: z.string(),
    subject: z.object({ kind: z.string(), id: z.string() }),
    event: z.object({}).loose().nullable().meta({ description: 'The engine’s event, with the command that it was' }),
  })
  .meta({ id: 'VenueAnswer' });

export const reasonOrder = z.strictObject({ reason }).meta({ id: 'VenueReason' });
export const proposalOrder = z
  .strictObject({
    symbol,
    settlement: z.enum(['spot', 'margined']).default('spot'),
    base: assetCode(),
    quote: assetCode(),
    tick: decimal('Smallest step of the price, in the quote asset for one of the base', '0.1'),
    lot: decimal('Smallest step of the quantity, in the base asset', '0.00000001'),
    minimumQuantity: decimal('In the base asset', '0.0005'),
    maximumQuantity: decimal('In the base asset', '1000'),
    maximumPrice: decimal('In the quote asset', '2000000'),
    initialMarginPpm: ppm().default(0),
    maintenanceMarginPpm: ppm().default(0),
    reason,
  })
  .meta({ id: 'InstrumentProposal' });
export const stateOrder = z.strictObject({ state: z.enum(INSTRUMENT_STATES), reason }).meta({ id: 'InstrumentState' });
export const feesOrder = z
  .strictObject({
    tier: z.int().min(0).max(255),
    makerPpm: z.int().min(-PPM).max(PPM).meta({ description: 'Millionths of the notional; below zero is a rebate' }),
    takerPpm: ppm(),
    reason,
  })
  .meta({ id: 'InstrumentFees' });
export const bandsOrder = z
  .strictObject({
    referencePrice: decimal('Leave it out to keep what there is', '30000').optional(),
    pricePpm: ppm().meta({
      description: 'Limit prices further beyond the reference are refused; 0 switches the band off',
    }),
    protectionPpm: ppm().meta({ description: 'Market orders trade no further than this from the best price they met' }),
    haltPpm: ppm().meta({ description: 'A trade further than this from the window’s reference halts the instrument' }),
    haltWindowMs: z.int().min(0).max(86_400_000),
    reopenAfterMs: z.int().min(0).max(86_400_000).meta({ description: '0 waits for an operator' }),
    reason,
  })
  .meta({ id: 'InstrumentBands' });
export const markOrder = z
  .strictObject({ price: decimal('In the quote asset', '30000'), reason })
  .meta({ id: 'MarkPrice' });
export const accountOrder = z
  .strictObject({ tier: z.int().min(0).max(255), state: z.enum(['active', 'suspended']), reason })
  .meta({ id: 'ExchangeAccountTerms' });
export const cancelOrder = z
  .strictObject({ symbol: symbol.optional(), customerId: id.optional(), reason })
  .meta({ id: 'MassCancel' });
export const bustOrder = z
  .strictObject({
    sequence: z
      .string()
      .regex(/^[1-9][0-9]{0,17}$/, 'must be the number of a command')
      .meta({ examples: ['1'] }),
    index: z.int().min(0).max(1_000_000),
    reason,
  })
  .meta({ id: 'BustOrder' });

const time = z.iso.datetime();

/** Of lists that need more than a page: a cursor is looked at beside the other parameters, so that each that is wrong is named. */
const paging = () => ({
  ...pageQuery(),
  cursor: z.string().max(400).refine(isPosition, 'is not a cursor of this list').optional(),
});

function isPosition(cursor: string): boolean {
  try {
    return Array.isArray(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    return false;
  }
}

export const viewListing = z.strictObject({ ...pageQuery(), symbol: symbol.optional(), customerId: id.optional() });
export const operationListing = z.strictObject({ ...pageQuery(), symbol: symbol.optional() });
export const transferListing = z.strictObject({ ...paging(), customerId: id });
export const bustListing = z.strictObject({ ...pageQuery(), state: z.enum(BUST_STATES).optional() });
export const pageListing = z.strictObject(pageQuery());

const LONGEST_MS = 31 * 86_400_000;
const range = { symbol, from: time, to: time };
const bounded = ({ from, to }: { from: string; to: string }): boolean => {
  const length = Date.parse(to) - Date.parse(from);
  return length > 0 && length <= LONGEST_MS;
};
const OF_RANGE = { path: ['to'], message: 'must be after "from", and at most 31 days' };

export const fillListing = z
  .strictObject({ ...paging(), ...range, customerId: id.optional() })
  .refine(bounded, OF_RANGE);
export const selfTradeListing = z.strictObject({ ...paging(), ...range }).refine(bounded, OF_RANGE);
export const circulationListing = z
  .strictObject({
    ...paging(),
    ...range,
    minimumBalancePpm: z.coerce.number().int().min(1).max(PPM).default(950_000),
    minimumTrades: z.coerce.number().int().min(2).max(1_000_000).default(4),
  })
  .refine(bounded, OF_RANGE);
export const spoofListing = z
  .strictObject({
    ...paging(),
    ...range,
    windowMs: z.coerce.number().int().min(1).max(3_600_000).default(5_000),
    multiple: z.coerce.number().int().min(1).max(1_000).default(5),
  })
  .refine(bounded, OF_RANGE);
export const moveListing = z
  .strictObject({
    ...paging(),
    ...range,
    windowMs: z.coerce.number().int().min(1).max(86_400_000).default(60_000),
    movePpm: z.coerce.number().int().min(1).max(PPM).default(50_000),
  })
  .refine(bounded, OF_RANGE);
export const report = z
  .object({ method: z.string(), items: z.array(anything), next: z.string().optional() })
  .meta({ id: 'SurveillanceReport' });
