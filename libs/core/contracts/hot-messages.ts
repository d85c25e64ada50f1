/**
 * The few messages that every order consists of, read and written field by field: what the codec does by walking a message's declaration, several
 * times as fast. Where a field stands is still the declaration's to say, and `hot-messages.spec.ts` holds both against each other.
 */
import { outOfRange } from './binary-schema.js';
import { CANCEL_REASONS, ENGINE_CODEC_VERSION, engineCommands, type EngineCommandDraft, type EngineEvent, engineEvents, ORDER_TYPES, SELF_TRADE_RULES, SIDES, TIMES_IN_FORCE } from './engine-codec.js'; // prettier-ignore

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;
type Place = Extract<EngineCommandDraft, { kind: 'place' }>;
type Naming = Extract<EngineCommandDraft, { kind: 'name-client-order' }>;

const CODE_AT = 2;
const VERSION_AT = 3;
const ORIGIN_AT = 4;
const SEQUENCE_AT = 8;
const TIME_AT = 16;
const TEXT_BYTES = 32;

const ACCEPTED = engineEvents.messages['order-accepted'];
const CANCELLED = engineEvents.messages['order-cancelled'];
const TRADE = engineEvents.messages.trade;
const NAMED = engineEvents.messages['client-order-named'];
const PLACE = engineCommands.messages.place;
const NAMING = engineCommands.messages['name-client-order'];

/** The event at byte `at`, which `engineEvents.fault` has found sound. */
export function decodeEvent(source: DataView, at: number): EngineEvent {
  switch (source.getUint8(at + CODE_AT)) {
    case ACCEPTED.code:
      return decodeAccepted(source, at);
    case CANCELLED.code:
      return decodeCancelled(source, at);
    case TRADE.code:
      return decodeTrade(source, at);
    case NAMED.code:
      return decodeNamed(source, at);
    default:
      return engineEvents.decode(source, at);
  }
}

const u32 = (source: DataView, at: number): number => source.getUint32(at, true);
const i32 = (source: DataView, at: number): number => source.getInt32(at, true);
const i64 = (source: DataView, at: number): bigint => source.getBigInt64(at, true);
const u64 = (source: DataView, at: number): bigint => source.getBigUint64(at, true);
/** Of a code that `fault` has found to be one of the list. */
const word = <Word>(list: readonly Word[], source: DataView, at: number): Word => list[source.getUint8(at)] as Word;

function decodeAccepted(source: DataView, at: number): Event<'order-accepted'> {
  const field = ACCEPTED.at;
  const isLong = source.getUint16(at, true) > ACCEPTED.shortBytes;
  return {
    kind: 'order-accepted',
    origin: u32(source, at + ORIGIN_AT),
    sequence: i64(source, at + SEQUENCE_AT),
    time: i64(source, at + TIME_AT),
    instrument: u32(source, at + field.instrument),
    account: u32(source, at + field.account),
    orderId: u64(source, at + field.orderId),
    clientOrderId: u64(source, at + field.clientOrderId),
    quantity: i64(source, at + field.quantity),
    price: i32(source, at + field.price),
    triggerPrice: i32(source, at + field.triggerPrice),
    session: u32(source, at + field.session),
    side: word(SIDES, source, at + field.side),
    type: word(ORDER_TYPES, source, at + field.type),
    timeInForce: word(TIMES_IN_FORCE, source, at + field.timeInForce),
    selfTrade: word(SELF_TRADE_RULES, source, at + field.selfTrade),
    instructions: source.getUint8(at + field.instructions),
    liquidation: source.getUint8(at + field.liquidation),
    displayQuantity: isLong ? i64(source, at + field.displayQuantity) : 0n,
    expiresAt: isLong ? i64(source, at + field.expiresAt) : 0n,
  };
}

function decodeCancelled(source: DataView, at: number): Event<'order-cancelled'> {
  const field = CANCELLED.at;
  return {
    kind: 'order-cancelled',
    origin: u32(source, at + ORIGIN_AT),
    sequence: i64(source, at + SEQUENCE_AT),
    time: i64(source, at + TIME_AT),
    instrument: u32(source, at + field.instrument),
    account: u32(source, at + field.account),
    orderId: u64(source, at + field.orderId),
    clientOrderId: u64(source, at + field.clientOrderId),
    quantity: i64(source, at + field.quantity),
    price: i32(source, at + field.price),
    side: word(SIDES, source, at + field.side),
    reason: word(CANCEL_REASONS, source, at + field.reason),
  };
}

function decodeTrade(source: DataView, at: number): Event<'trade'> {
  const field = TRADE.at;
  return {
    kind: 'trade',
    origin: u32(source, at + ORIGIN_AT),
    sequence: i64(source, at + SEQUENCE_AT),
    time: i64(source, at + TIME_AT),
    instrument: u32(source, at + field.instrument),
    price: i32(source, at + field.price),
    quantity: i64(source, at + field.quantity),
    makerOrderId: u64(source, at + field.makerOrderId),
    takerOrderId: u64(source, at + field.takerOrderId),
    makerAccount: u32(source, at + field.makerAccount),
    takerAccount: u32(source, at + field.takerAccount),
    buyerPays: i64(source, at + field.buyerPays),
    sellerReceives: i64(source, at + field.sellerReceives),
    makerFee: i64(source, at + field.makerFee),
    takerFee: i64(source, at + field.takerFee),
    takerSide: word(SIDES, source, at + field.takerSide),
    auction: source.getUint8(at + field.auction),
  };
}

function decodeNamed(source: DataView, at: number): Event<'client-order-named'> {
  const field = NAMED.at;
  return {
    kind: 'client-order-named',
    origin: u32(source, at + ORIGIN_AT),
    sequence: i64(source, at + SEQUENCE_AT),
    time: i64(source, at + TIME_AT),
    account: u32(source, at + field.account),
    clientOrderId: u64(source, at + field.clientOrderId),
    text: new Uint8Array(source.buffer, source.byteOffset + at + field.text, TEXT_BYTES).slice(),
  };
}

/**
 * Writes a command as `engineCommands.encode` would, and returns its length.
 * @param session that it comes from @param number what it is called on its link
 * @throws RangeError on a value that does not fit
 */
export function encodeCommand(
  draft: EngineCommandDraft,
  session: number,
  number: bigint,
  target: DataView,
  at: number,
): number {
  if (draft.kind === 'place') return encodePlace(draft, session, number, target, at);
  if (draft.kind === 'name-client-order') return encodeNaming(draft, session, number, target, at);
  return engineCommands.encode({ ...draft, origin: session, sequence: number }, target, at);
}

function encodePlace(draft: Place, session: number, number: bigint, target: DataView, at: number): number {
  const { displayQuantity = 0n, minimumQuantity = 0n, budget = 0n, expiresAt = 0n } = draft;
  const isLong = displayQuantity !== 0n || minimumQuantity !== 0n || budget !== 0n || expiresAt !== 0n;
  const field = PLACE.at;
  const bytes = isLong ? PLACE.bytes : PLACE.shortBytes;
  encodeHead(target, at, { bytes, code: PLACE.code, session, number });
  target.setUint32(at + field.instrument, unsigned(draft.instrument, 0xffff_ffff, 'instrument'), true);
  target.setUint32(at + field.account, unsigned(draft.account, 0xffff_ffff, 'account'), true);
  target.setBigInt64(at + field.clientOrderId, unsignedBig(draft.clientOrderId, 'clientOrderId'), true);
  target.setBigInt64(at + field.quantity, signedBig(draft.quantity, 'quantity'), true);
  target.setInt32(at + field.price, signed(draft.price, 'price'), true);
  target.setUint8(at + field.side, codeOf(SIDES, draft.side, 'side'));
  target.setUint8(at + field.type, codeOf(ORDER_TYPES, draft.type, 'type'));
  target.setUint8(at + field.timeInForce, codeOf(TIMES_IN_FORCE, draft.timeInForce, 'timeInForce'));
  target.setUint8(at + field.selfTrade, codeOf(SELF_TRADE_RULES, draft.selfTrade, 'selfTrade'));
  target.setUint8(at + field.instructions, unsigned(draft.instructions, 0xff, 'instructions'));
  target.setInt32(at + field.triggerPrice, signed(draft.triggerPrice, 'triggerPrice'), true);
  if (!isLong) return bytes;
  target.setBigInt64(at + field.displayQuantity, signedBig(displayQuantity, 'displayQuantity'), true);
  target.setBigInt64(at + field.minimumQuantity, signedBig(minimumQuantity, 'minimumQuantity'), true);
  target.setBigInt64(at + field.budget, signedBig(budget, 'budget'), true);
  target.setBigInt64(at + field.expiresAt, signedBig(expiresAt, 'expiresAt'), true);
  return bytes;
}

function encodeNaming(draft: Naming, session: number, number: bigint, target: DataView, at: number): number {
  const field = NAMING.at;
  if (draft.text.length !== TEXT_BYTES) outOfRange('text', draft.text);
  encodeHead(target, at, { bytes: NAMING.bytes, code: NAMING.code, session, number });
  target.setUint32(at + field.account, unsigned(draft.account, 0xffff_ffff, 'account'), true);
  target.setBigInt64(at + field.clientOrderId, unsignedBig(draft.clientOrderId, 'clientOrderId'), true);
  for (let k = 0; k < TEXT_BYTES; k += 1) target.setUint8(at + field.text + k, draft.text[k] as number);
  return NAMING.bytes;
}

interface Head {
  readonly bytes: number;
  readonly code: number;
  readonly session: number;
  readonly number: bigint;
}

/** All else is zero until it is written: gaps between fields, and the time, which is the venue's to say. */
function encodeHead(target: DataView, at: number, { bytes, code, session, number }: Head): void {
  for (let offset = TIME_AT; offset < bytes; offset += 4) target.setInt32(at + offset, 0, true);
  target.setUint16(at, bytes, true);
  target.setUint8(at + CODE_AT, code);
  target.setUint8(at + VERSION_AT, ENGINE_CODEC_VERSION);
  target.setUint32(at + ORIGIN_AT, session, true);
  target.setBigInt64(at + SEQUENCE_AT, number, true);
}

const unsigned = (value: number, most: number, name: string): number =>
  Number.isInteger(value) && value >= 0 && value <= most ? value : outOfRange(name, value);

const signed = (value: number, name: string): number => (value === (value | 0) ? value : outOfRange(name, value));

const signedBig = (value: bigint, name: string): bigint =>
  value === BigInt.asIntN(64, value) ? value : outOfRange(name, value);

const unsignedBig = (value: bigint, name: string): bigint =>
  value === BigInt.asUintN(64, value) ? value : outOfRange(name, value);

function codeOf<Word>(list: readonly Word[], value: Word, name: string): number {
  const code = list.indexOf(value);
  return code < 0 ? outOfRange(name, value) : code;
}
