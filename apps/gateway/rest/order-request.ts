/** POST /orders (exchange-api.md §2.3) as the desk takes it. */
import { type OrderType, type RejectReason, type Side, type TimeInForce } from '@core/contracts';
import {
  formatPrice,
  formatQuantity,
  parsePrice,
  parseQuantity,
  type Misreading,
  type ViewedInstrument,
} from '@core/venue-view';
import { type PlaceRequest } from '../desk/order-desk.js';
import { TYPE_WORDS } from './encode-orders.js';
import { type RequestFields } from './json-request.js';
import { invalid } from './rest-refusal.js';

const CLIENT_TEXT = /^[\x20-\x7e]{1,20}$/;
const EXPIRY_DAY = /^(\d{4})(\d{2})(\d{2})$/;
const DAY_MS = 86_400_000;

const TYPES = new Map<string, OrderType>([
  ['LIMIT', 'limit'],
  ['MARKET', 'market'],
  ['STOP', 'stop'],
  ['STOPLIMIT', 'stop-limit'],
]);
const TIMES = new Map<string, TimeInForce>([
  ['GTC', 'gtc'],
  ['GTD', 'gtd'],
  ['IOC', 'ioc'],
  ['FOK', 'fok'],
]);
/** A market order never rests, so `GTC` on one, which some clients always send, can only mean what it always does. */
const TIMES_OF: Readonly<Record<OrderType, readonly TimeInForce[]>> = {
  limit: ['gtc', 'gtd', 'ioc', 'fok'],
  market: ['gtc', 'ioc', 'fok'],
  stop: ['gtc', 'gtd'],
  'stop-limit': ['gtc', 'gtd'],
  'trailing-stop': [],
};

/** What can be told of an order that never came to the engine. */
export interface RefusedOrder {
  readonly reason: RejectReason;
  readonly clientText: string | null;
  readonly side: Side;
  readonly type: OrderType;
  /** Lots; absent where they were what was wrong. */
  readonly quantity?: bigint;
  /** Ticks. */
  readonly price?: number;
}

/**
 * An order, or one that a venue refuses as business: a price off the tick, a size off the lot.
 * @throws RestRefusal 422 when it is no order at all
 */
export function readOrder(
  fields: RequestFields,
  instrument: ViewedInstrument,
  account: number,
): PlaceRequest | RefusedOrder {
  const clientText = fields.required('clOrdId');
  if (!CLIENT_TEXT.test(clientText)) throw invalid('clOrdId must be 1 to 20 printable ASCII characters');
  const type = wordOf(TYPES, fields, 'ordType') ?? missing('ordType');
  const side = sideOf(fields);
  const timeInForce = timeOf(fields, type);
  const isPostOnly = fields.flag('postOnly') || fields.text('execInst')?.toUpperCase() === 'ALO';
  const isLimit = type === 'limit' || type === 'stop-limit';
  const isStop = type === 'stop' || type === 'stop-limit';
  const minimum = fields.text('minQty');

  const quantity = read('orderQty', parseQuantity(instrument, fields.required('orderQty')));
  const refused = (reason: RejectReason): RefusedOrder => ({
    reason,
    clientText,
    side,
    type,
    ...(typeof quantity === 'bigint' && { quantity }),
  });
  if (quantity === 'invalid') return refused('invalid_quantity');
  const price = isLimit ? read('price', parsePrice(instrument, fields.required('price'))) : undefined;
  if (price === 'invalid') return refused('invalid_price');
  const triggerPrice = isStop ? read('stopPx', parsePrice(instrument, fields.required('stopPx'))) : undefined;
  if (triggerPrice === 'invalid') return refused('invalid_trigger_price');
  const minimumQuantity = minimum === undefined ? undefined : read('minQty', parseQuantity(instrument, minimum));
  if (minimumQuantity === 'invalid') return refused('invalid_minimum_quantity');
  return {
    account,
    instrument: instrument.number,
    clientText,
    side,
    type,
    timeInForce,
    quantity,
    ...(price !== undefined && { price }),
    ...(triggerPrice !== undefined && { triggerPrice }),
    ...(minimumQuantity !== undefined && { minimumQuantity }),
    ...(timeInForce === 'gtd' && { expiresAt: endOfDay(fields.required('expireDate')) }),
    ...(isPostOnly && { isPostOnly }),
  };
}

/** The same object as of an order that the engine refuses; it has no number. */
export function encodeRefusedOrder(
  refused: RefusedOrder,
  instrument: ViewedInstrument,
  { text, now }: { readonly text: string; readonly now: Date },
): string {
  const { clientText, side, type, quantity = 0n, price } = refused;
  return (
    `{"exOrdId":0,"clOrdId":${JSON.stringify(clientText ?? '')},"ordType":"${TYPE_WORDS[type]}","ordStatus":"REJECTED",` +
    `"side":"${side === 'buy' ? 'BUY' : 'SELL'}","price":${price === undefined ? 'null' : formatPrice(instrument, price)},` +
    `"text":${JSON.stringify(text)},"symbol":"${instrument.symbol}","lastShares":0,"lastPx":0,` +
    `"leavesQty":${formatQuantity(instrument, quantity)},"cumQty":0,"avgPx":0,"timestamp":${now.getTime()}}`
  );
}

/** @throws RestRefusal 422 */
function timeOf(fields: RequestFields, type: OrderType): TimeInForce {
  const given = wordOf(TIMES, fields, 'timeInForce') ?? (type === 'market' ? 'ioc' : 'gtc');
  if (!TIMES_OF[type].includes(given)) throw invalid('timeInForce does not go with this ordType');
  return type === 'market' && given === 'gtc' ? 'ioc' : given;
}

function sideOf(fields: RequestFields): Side {
  const side = fields.required('side').toLowerCase();
  if (side !== 'buy' && side !== 'sell') throw invalid('side must be BUY or SELL');
  return side;
}

/** In any case: some clients write these in lower case. */
function wordOf<Word>(words: ReadonlyMap<string, Word>, fields: RequestFields, name: string): Word | undefined {
  const text = fields.text(name);
  if (text === undefined) return undefined;
  const word = words.get(text.toUpperCase());
  if (word === undefined) throw invalid(`${name} must be one of ${[...words.keys()].join(', ')}`);
  return word;
}

function missing(name: string): never {
  throw invalid(`${name} is missing`);
}

function read<Value extends number | bigint>(name: string, value: Value | Misreading): Value | 'invalid' {
  if (value === 'malformed') throw invalid(`${name} is not a number`);
  return value;
}

/** `YYYYMMDD` in UTC: microseconds of the end of that day. */
function endOfDay(text: string): bigint {
  const [, year, month, day] = EXPIRY_DAY.exec(text) ?? [];
  const written = `${year ?? ''}-${month ?? ''}-${day ?? ''}`;
  const start = new Date(`${written}T00:00:00.000Z`);
  // A 31st of February would be taken for a day in March.
  if (Number.isNaN(start.getTime()) || !start.toISOString().startsWith(written))
    throw invalid('expireDate must be a day as YYYYMMDD');
  return BigInt(start.getTime() + DAY_MS) * 1_000n;
}
