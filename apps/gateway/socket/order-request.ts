/** NewOrderSingle (exchange-api.md §2.3, §3.4) as the desk takes it, or why not. */
import { type OrderType, type TimeInForce } from '@core/contracts';
import { parsePrice, parseQuantity, type ViewedInstrument } from '@core/venue-view';
import { type PlaceRequest } from '../desk/order-desk.js';
import { type ClientRequest } from './request.js';

const CLIENT_TEXT = /^[\x20-\x7e]{1,20}$/;
const EXPIRY_DAY = /^(\d{4})(\d{2})(\d{2})$/;
const DAY_MS = 86_400_000;

const ORDER_TYPES: Readonly<Record<string, OrderType>> = {
  limit: 'limit',
  market: 'market',
  stop: 'stop',
  stoplimit: 'stop-limit',
};
const TIMES: Readonly<Record<string, TimeInForce>> = { gtc: 'gtc', ioc: 'ioc', fok: 'fok', gtd: 'gtd' };

/** The text of a refusal. */
export type OrderFault = string;

/** @param instrument that the request's symbol names */
export function readOrder(
  request: ClientRequest,
  instrument: ViewedInstrument,
  account: number,
): PlaceRequest | OrderFault {
  const clientText = request.text('clOrdID');
  if (clientText === undefined || !CLIENT_TEXT.test(clientText)) return 'Invalid clOrdID';
  const type = ORDER_TYPES[request.text('ordType')?.toLowerCase() ?? ''];
  if (type === undefined) return 'Invalid ordType';
  const side = request.text('side')?.toLowerCase();
  if (side !== 'buy' && side !== 'sell') return 'Invalid side';
  const timeInForce = timeOf(request, type);
  if (timeInForce === undefined) return 'Invalid timeInForce';
  const quantity = quantityOf(request, 'orderQty', instrument);
  if (typeof quantity !== 'bigint') return 'Invalid quantity';
  const terms = limitsOf(request, type, instrument);
  if (typeof terms === 'string') return terms;
  const expiresAt = timeInForce === 'gtd' ? endOfDay(request.text('expireDate')) : undefined;
  if (timeInForce === 'gtd' && expiresAt === undefined) return 'Invalid expireDate';
  const isPostOnly = request.text('execInst')?.toUpperCase() === 'ALO' || request.flag('postOnly');
  return {
    account,
    instrument: instrument.number,
    clientText,
    side,
    type,
    timeInForce,
    quantity,
    ...terms,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(isPostOnly && { isPostOnly }),
  };
}

/** A market order never rests, so `GTC` on one, which some clients always send, can only mean what it always does. */
function timeOf(request: ClientRequest, type: OrderType): TimeInForce | undefined {
  const given = TIMES[request.text('timeInForce')?.toLowerCase() ?? 'gtc'];
  return type === 'market' && given === 'gtc' ? 'ioc' : given;
}

type Limits = Pick<PlaceRequest, 'price' | 'triggerPrice' | 'minimumQuantity'>;

/** Members that the order's type does not have are ignored, as the documents say. */
function limitsOf(request: ClientRequest, type: OrderType, instrument: ViewedInstrument): Limits | OrderFault {
  const price = type === 'limit' || type === 'stop-limit' ? priceOf(request, 'price', instrument) : undefined;
  if (price === null) return 'Invalid price';
  const triggerPrice = type === 'stop' || type === 'stop-limit' ? priceOf(request, 'stopPx', instrument) : undefined;
  if (triggerPrice === null) return 'Invalid stopPx';
  const minimumQuantity = request.decimal('minQty') === undefined ? undefined : quantityOf(request, 'minQty', instrument); // prettier-ignore
  if (minimumQuantity === null) return 'Invalid minQty';
  return {
    ...(price !== undefined && { price }),
    ...(triggerPrice !== undefined && { triggerPrice }),
    ...(minimumQuantity !== undefined && { minimumQuantity }),
  };
}

function priceOf(request: ClientRequest, name: string, instrument: ViewedInstrument): number | null {
  const text = request.decimal(name);
  const ticks = text === undefined || text === null ? 'malformed' : parsePrice(instrument, text);
  return typeof ticks === 'number' ? ticks : null;
}

function quantityOf(request: ClientRequest, name: string, instrument: ViewedInstrument): bigint | null {
  const text = request.decimal(name);
  const lots = text === undefined || text === null ? 'malformed' : parseQuantity(instrument, text);
  return typeof lots === 'bigint' ? lots : null;
}

/** `YYYYMMDD` in UTC: microseconds of the end of that day. */
function endOfDay(text: string | undefined): bigint | undefined {
  const [, year, month, day] = EXPIRY_DAY.exec(text ?? '') ?? [];
  if (year === undefined) return undefined;
  const written = `${year}-${month ?? ''}-${day ?? ''}`;
  const start = new Date(`${written}T00:00:00.000Z`);
  // A 31st of February would be taken for a day in March.
  if (Number.isNaN(start.getTime()) || !start.toISOString().startsWith(written)) return undefined;
  return BigInt(start.getTime() + DAY_MS) * 1000n;
}
