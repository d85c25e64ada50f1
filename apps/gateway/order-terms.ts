/** An order as REST and the WebSocket both write it (exchange-api.md §2.3, §3.4), as the desk takes it: one reading for both doors. */
import { type OrderType, type RejectReason, type Side, type TimeInForce } from '@core/contracts';
import { type Misreading, parsePrice, parseQuantity, type ViewedInstrument } from '@core/venue-view';
import { type PlaceRequest } from './desk/order-desk.js';

/** Members of a request by name. */
export interface OrderMembers {
  /** Undefined when missing. */
  text(name: string): string | undefined;
  /** The digits of a number or of a text with one; undefined when missing, null when it is neither. */
  decimal(name: string): string | null | undefined;
  flag(name: string): boolean;
}

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

/** Why a request is no order, or, with `refused`, one that a venue refuses as business: a price off the tick, a size off the lot. */
export class OrderFault extends Error {
  override readonly name = 'OrderFault';

  /** @param member of the request that is at fault */
  constructor(
    readonly member: string,
    message: string,
    readonly refused?: RefusedOrder,
  ) {
    super(message);
  }
}

const CLIENT_TEXT = /^[\x20-\x7e]{1,20}$/;
const EXPIRY_DAY = /^(\d{4})(\d{2})(\d{2})$/;
const DAY_MS = 86_400_000;

const TYPES = new Map<string, OrderType>([
  ['LIMIT', 'limit'],
  ['MARKET', 'market'],
  ['STOP', 'stop'],
  ['STOPLIMIT', 'stop-limit'],
]);
const SIDES = new Map<string, Side>([
  ['BUY', 'buy'],
  ['SELL', 'sell'],
]);
const TIMES = new Map<string, TimeInForce>([
  ['GTC', 'gtc'],
  ['GTD', 'gtd'],
  ['IOC', 'ioc'],
  ['FOK', 'fok'],
]);
const TIMES_OF: Readonly<Record<OrderType, readonly TimeInForce[]>> = {
  limit: ['gtc', 'gtd', 'ioc', 'fok'],
  market: ['gtc', 'ioc', 'fok'],
  stop: ['gtc', 'gtd'],
  'stop-limit': ['gtc', 'gtd'],
  'trailing-stop': [],
};

/**
 * Members that the order's type does not have are ignored, as the documents of this protocol say.
 * @param clientIdName the member that names the order, which the two doors spell differently
 * @throws OrderFault
 */
export function readOrder(
  members: OrderMembers,
  instrument: ViewedInstrument,
  { account, clientIdName }: { readonly account: number; readonly clientIdName: string },
): PlaceRequest {
  const clientText = required(members, clientIdName);
  if (!CLIENT_TEXT.test(clientText)) throw new OrderFault(clientIdName, `${clientIdName} must be 1 to 20 printable ASCII characters`); // prettier-ignore
  const type = wordOf(TYPES, 'ordType', required(members, 'ordType'));
  const side = wordOf(SIDES, 'side', required(members, 'side'));
  const timeInForce = timeOf(members, type);
  const named = { clientText, side, type };
  const quantity = sizeOf(members, 'orderQty', instrument, () => ({ ...named, reason: 'invalid_quantity' }));
  const sized = (reason: RejectReason): RefusedOrder => ({ ...named, quantity, reason });
  const terms: Mutable<PlaceRequest> = { account, instrument: instrument.number, clientText, side, type, quantity, timeInForce }; // prettier-ignore
  if (type === 'limit' || type === 'stop-limit') terms.price = priceOf(members, 'price', instrument, () => sized('invalid_price')); // prettier-ignore
  if (type === 'stop' || type === 'stop-limit') terms.triggerPrice = priceOf(members, 'stopPx', instrument, () => sized('invalid_trigger_price')); // prettier-ignore
  if (isThere(members, 'minQty')) terms.minimumQuantity = sizeOf(members, 'minQty', instrument, () => sized('invalid_minimum_quantity')); // prettier-ignore
  if (timeInForce === 'gtd') terms.expiresAt = endOfDay(required(members, 'expireDate'));
  if (members.flag('postOnly') || members.text('execInst')?.toUpperCase() === 'ALO') terms.isPostOnly = true;
  return terms;
}

type Mutable<Terms> = { -readonly [Name in keyof Terms]: Terms[Name] };

function required(members: OrderMembers, name: string): string {
  const text = members.text(name);
  if (text === undefined || text === '') throw new OrderFault(name, `${name} is missing`);
  return text;
}

function isThere(members: OrderMembers, name: string): boolean {
  const text = members.decimal(name);
  return text !== undefined && text !== '';
}

/** In any case: some clients write these in lower case. */
function wordOf<Word>(words: ReadonlyMap<string, Word>, name: string, text: string): Word {
  const word = words.get(text.toUpperCase());
  if (word === undefined) throw new OrderFault(name, `${name} must be one of ${[...words.keys()].join(', ')}`);
  return word;
}

/** A market order never rests, so `GTC` on one, which some clients always send, can only mean what it always does. */
function timeOf(members: OrderMembers, type: OrderType): TimeInForce {
  const text = members.text('timeInForce');
  const given = text === undefined || text === '' ? 'gtc' : wordOf(TIMES, 'timeInForce', text);
  if (!TIMES_OF[type].includes(given)) throw new OrderFault('timeInForce', 'timeInForce does not go with this ordType');
  return type === 'market' && given === 'gtc' ? 'ioc' : given;
}

function priceOf(
  members: OrderMembers,
  name: string,
  instrument: ViewedInstrument,
  refused: () => RefusedOrder,
): number {
  return read(members, name, refused, (text) => parsePrice(instrument, text));
}

function sizeOf(
  members: OrderMembers,
  name: string,
  instrument: ViewedInstrument,
  refused: () => RefusedOrder,
): bigint {
  return read(members, name, refused, (text) => parseQuantity(instrument, text));
}

/** @param refused as what the order is told of when the number is one that it cannot have */
function read<Value extends number | bigint>(
  members: OrderMembers,
  name: string,
  refused: () => RefusedOrder,
  parse: (text: string) => Value | Misreading,
): Value {
  const text = members.decimal(name);
  if (text === undefined || text === '') throw new OrderFault(name, `${name} is missing`);
  const value = text === null ? 'malformed' : parse(text);
  if (value === 'malformed') throw new OrderFault(name, `${name} is not a number`);
  if (value === 'invalid') throw new OrderFault(name, `${name} is not one that the symbol allows`, refused());
  return value;
}

/** `YYYYMMDD` in UTC: microseconds of the end of that day. */
function endOfDay(text: string): bigint {
  const [, year, month, day] = EXPIRY_DAY.exec(text) ?? [];
  const written = `${year ?? ''}-${month ?? ''}-${day ?? ''}`;
  const start = new Date(`${written}T00:00:00.000Z`);
  // A 31st of February would be taken for a day in March.
  if (Number.isNaN(start.getTime()) || !start.toISOString().startsWith(written))
    throw new OrderFault('expireDate', 'expireDate must be a day as YYYYMMDD');
  return BigInt(start.getTime() + DAY_MS) * 1_000n;
}
