import { setTimeout as sleep } from 'node:timers/promises';
import { type OrderType, type TimeInForce } from '@core/contracts';
import { parsePrice, parseQuantity, type ViewedInstrument } from '@core/venue-view';
import { type PlaceOutcome, type PlaceRequest } from '../../desk/order-desk.js';
import { explain, REFUSALS, REJECTS } from '../../rejects.js';
import { type FixMessage, MSG } from '../fix-message.js';
import { parseDate, parseTimestamp } from '../fix-time.js';
import { type Conversation, type Request, Unanswered } from './conversation.js';
import { executionReport, refusedReport, statusReport } from './execution-report.js';

interface Refusal {
  /** OrdRejReason (103). */
  readonly reason: number;
  readonly text: string;
}

const UNKNOWN_SYMBOL = 1;
const DUPLICATE = 6;
const INCORRECT_QUANTITY = 13;
const OTHER = 99;
/** Of the venue: a longer ClOrdID cannot be kept with the order. */
const NAME_MAX = 32;
const DAY_MS = 86_400_000;
const AGAIN_MS = 100;

/** NewOrderSingle. Its reports come from the venue's stream; what is said here is only what the stream does not say. */
export async function placeOrder(conversation: Conversation, request: Request): Promise<void> {
  const { message } = request;
  const id = message.get(11) ?? '';
  const isNew = await conversation.ids.claim(conversation.compId, id, {
    orderId: null,
    isCancel: false,
    fence: conversation.fence,
    seq: request.seq,
    at: conversation.now(),
  });
  if (!isNew && (await hasBeenPlaced(conversation, request, id))) return;
  const order = readOrder(conversation, message);
  if ('reason' in order) return refuse(conversation, request, order);
  const outcome = await placeUntilKnown(conversation, request, order);
  if (outcome.kind === 'refused') {
    // The venue has ended what the orders were bound to: only a new logon binds them again.
    if (outcome.reason === 'unknown_session') throw new Unanswered('the session at the exchange has ended');
    const words = REFUSALS[outcome.reason];
    return refuse(conversation, request, { reason: words.order, text: explain(words) });
  }
  if (outcome.kind !== 'rejected') return;
  // New or not: a crash of the database may have lost that the name was taken, and the venue has the order all the same.
  const isSecond = outcome.reason === 'duplicate_client_order_id' && isRepetition(message);
  if (isSecond && (await answerRepetition(conversation, request, id))) return;
  const instrument = conversation.feed.instrumentOf(order.instrument);
  const report = outcome.reports.find(({ kind }) => kind === 'rejected');
  if (report === undefined || instrument === undefined) {
    const words = REJECTS[outcome.reason];
    return refuse(conversation, request, { reason: words.order, text: explain(words) });
  }
  conversation.send(MSG.EXECUTION_REPORT, executionReport(report, instrument, { id }));
}

/** An id that was used: a repetition of the same request has been answered, or will be by the stream; anything else is refused. */
async function hasBeenPlaced(conversation: Conversation, request: Request, id: string): Promise<boolean> {
  const use = isRepetition(request.message) ? await conversation.ids.find(conversation.compId, id) : undefined;
  if (use === undefined || use.orderId !== null) {
    refuse(conversation, request, { reason: DUPLICATE, text: explain(REJECTS.duplicate_client_order_id) });
    return true;
  }
  return answerRepetition(conversation, request, id);
}

/** Its sender does not know whether it has been taken: PossDupFlag or PossResend. */
const isRepetition = (message: FixMessage): boolean => message.isPossDup || message.get(97) === 'Y';

/** @returns false when there is no order of that name: it has yet to be placed */
async function answerRepetition(conversation: Conversation, { message, seq }: Request, id: string): Promise<boolean> {
  const { feed, history, trader } = conversation;
  const order = feed.orderByClientText(trader.account, id) ?? (await history.orderByClientText(trader.account, id));
  const instrument = order === undefined ? undefined : feed.instrumentOf(order.instrument);
  if (order === undefined || instrument === undefined) return false;
  // A possible resend has a number of its own and waits for an answer of its own.
  if (!message.isPossDup) {
    const names = { id: conversation.names.nameOf(order.orderId) ?? id };
    conversation.send(
      MSG.EXECUTION_REPORT,
      statusReport(order, instrument, names, { execId: conversation.execId(seq) }),
    );
  }
  return true;
}

/**
 * A lost connection to the venue leaves open whether there is an order. Placed again under the same id it is either the first of that name,
 * or refused as the second.
 */
async function placeUntilKnown(
  conversation: Conversation,
  { submit }: Request,
  order: PlaceRequest,
): Promise<PlaceOutcome> {
  const deadline = performance.now() + conversation.patienceMs;
  let wasUnknown = false;
  for (;;) {
    const outcome = await submit(() => conversation.desk.place(order));
    const { clientText } = order;
    const isOurs = wasUnknown && outcome.kind === 'rejected' && outcome.reason === 'duplicate_client_order_id';
    const known = isOurs && clientText !== null ? conversation.feed.orderByClientText(order.account, clientText) : undefined; // prettier-ignore
    if (known !== undefined) return { kind: 'accepted', order: known, reports: [] };
    if (outcome.kind !== 'unknown' && !(wasUnknown && outcome.kind === 'refused')) return outcome;
    wasUnknown = true;
    await waitForVenue(conversation, deadline);
  }
}

/** @throws Unanswered when the venue is not back in time */
export async function waitForVenue(conversation: Conversation, deadline: number): Promise<void> {
  do {
    if (performance.now() > deadline || !conversation.isOpen()) throw new Unanswered('the exchange cannot be reached');
    await sleep(AGAIN_MS);
  } while (!conversation.feed.isConnected);
}

function refuse(conversation: Conversation, { message, seq }: Request, { reason, text }: Refusal): void {
  const refusal = { execId: conversation.execId(seq), execType: '8' as const, reason, text, at: conversation.now() };
  conversation.send(MSG.EXECUTION_REPORT, refusedReport(message, refusal));
}

const SIDES: Readonly<Record<string, PlaceRequest['side']>> = { '1': 'buy', '2': 'sell' };
const TYPES: Readonly<Record<string, OrderType>> = { '1': 'market', '2': 'limit', '3': 'stop', '4': 'stop-limit' };
const TIMES: Readonly<Record<string, TimeInForce>> = { '0': 'gtc', '1': 'gtc', '3': 'ioc', '4': 'fok', '6': 'gtd' };

function readOrder(conversation: Conversation, message: FixMessage): PlaceRequest | Refusal {
  const id = message.get(11) ?? '';
  if (!/^[ -~]+$/.test(id) || id.length > NAME_MAX)
    return { reason: OTHER, text: `ClOrdID must be 1 to ${NAME_MAX} printable ASCII characters` };
  const instrument = conversation.feed.instrument(message.get(55) ?? '');
  if (instrument === undefined) return { reason: UNKNOWN_SYMBOL, text: explain(REJECTS.unknown_instrument) };
  const side = SIDES[message.get(54) ?? ''];
  if (side === undefined) return { reason: OTHER, text: 'Side must be 1 (buy) or 2 (sell)' };
  const type = TYPES[message.get(40) ?? ''];
  if (type === undefined)
    return { reason: OTHER, text: 'OrdType must be 1 (market), 2 (limit), 3 (stop) or 4 (stop limit)' };
  const timeInForce = readTimeInForce(message, type);
  if (timeInForce === undefined) return { reason: OTHER, text: 'TimeInForce must be 0, 1, 3, 4 or 6' };
  const amounts = readAmounts(message, instrument, type);
  if ('reason' in amounts) return amounts;
  const expiresAt = timeInForce === 'gtd' ? readExpiry(message) : undefined;
  if (timeInForce === 'gtd' && expiresAt === undefined)
    return { reason: OTHER, text: 'a GTD order needs ExpireTime (126) or ExpireDate (432)' };
  const { deskSession, trader } = conversation;
  return {
    account: trader.account,
    instrument: instrument.number,
    clientText: id,
    side,
    type,
    timeInForce,
    ...amounts,
    isPostOnly: (message.get(18) ?? '').split(' ').includes('6'),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(deskSession === undefined ? {} : { session: deskSession }),
  };
}

/** A market order rests nowhere, whatever it says of the day. */
function readTimeInForce(message: FixMessage, type: OrderType): TimeInForce | undefined {
  const given = TIMES[message.get(59) ?? '0'];
  return type === 'market' && given === 'gtc' ? 'ioc' : given;
}

type Amounts = Pick<PlaceRequest, 'quantity' | 'price' | 'triggerPrice' | 'minimumQuantity' | 'displayQuantity'>;

function readAmounts(message: FixMessage, instrument: ViewedInstrument, type: OrderType): Amounts | Refusal {
  const quantity = parseQuantity(instrument, message.get(38) ?? '');
  if (typeof quantity === 'string') return { reason: INCORRECT_QUANTITY, text: explain(REJECTS.invalid_quantity) };
  const price = type === 'limit' || type === 'stop-limit' ? parsePrice(instrument, message.get(44) ?? '') : undefined;
  if (typeof price === 'string') return { reason: OTHER, text: explain(REJECTS.invalid_price) };
  const triggerPrice = type === 'stop' || type === 'stop-limit' ? parsePrice(instrument, message.get(99) ?? '') : undefined; // prettier-ignore
  if (typeof triggerPrice === 'string') return { reason: OTHER, text: explain(REJECTS.invalid_trigger_price) };
  const minimumQuantity = optionalQuantity(instrument, message.get(110));
  if (typeof minimumQuantity === 'string') return { reason: INCORRECT_QUANTITY, text: explain(REJECTS.invalid_minimum_quantity) }; // prettier-ignore
  const displayQuantity = optionalQuantity(instrument, message.get(111) ?? message.get(210));
  if (typeof displayQuantity === 'string') return { reason: INCORRECT_QUANTITY, text: explain(REJECTS.invalid_display_quantity) }; // prettier-ignore
  return {
    quantity,
    ...(price === undefined ? {} : { price }),
    ...(triggerPrice === undefined ? {} : { triggerPrice }),
    ...(minimumQuantity === undefined ? {} : { minimumQuantity }),
    ...(displayQuantity === undefined ? {} : { displayQuantity }),
  };
}

/** 0 is as good as none. */
const optionalQuantity = (instrument: ViewedInstrument, text: string | undefined): bigint | string | undefined =>
  text === undefined || /^0*\.?0*$/.test(text) ? undefined : parseQuantity(instrument, text);

/** Microseconds: a moment, or the end of a day. */
function readExpiry(message: FixMessage): bigint | undefined {
  const time = message.get(126);
  if (time !== undefined) return microseconds(parseTimestamp(time));
  const midnight = parseDate(message.get(432) ?? '');
  return microseconds(midnight === undefined ? undefined : midnight + DAY_MS);
}

const microseconds = (milliseconds: number | undefined): bigint | undefined =>
  milliseconds === undefined ? undefined : BigInt(milliseconds) * 1_000n;
