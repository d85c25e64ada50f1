import { formatPrice, formatQuantity, formatUnits, type ViewedFill, type ViewedInstrument } from '@core/venue-view';
import { FixBody, type FixMessage, MSG } from '../fix-message.js';
import { formatMicroseconds, parseDate, parseTimestamp } from '../fix-time.js';
import { type Conversation, type Request } from './conversation.js';
import { findOrder } from './find-order.js';

const ALL_TRADES = 0;
const MATCHING = 1;
/** TradeRequestResult (749), TradeRequestStatus (750). */
const SUCCESSFUL = 0;
const UNKNOWN_INSTRUMENT = 1;
const UNSUPPORTED_TYPE = 8;
const ACCEPTED = 0;
const REJECTED = 2;
const MOST = 1_000;
const DAY_MS = 86_400_000;

/** TradeCaptureReportRequest: the account's own fills, newest first, at most 1,000; by symbol, order and time. */
export async function tradeCapture(conversation: Conversation, { message }: Request): Promise<void> {
  const kind = message.integer(569);
  const requestId = message.get(568) ?? '';
  const acknowledge = (result: number, count: number, text?: string): void => {
    const body = new FixBody().add(568, requestId).add(569, kind).add(748, count).add(749, result);
    body
      .add(750, result === SUCCESSFUL ? ACCEPTED : REJECTED)
      .add(55, message.get(55) ?? '[N/A]')
      .add(58, text);
    conversation.send(MSG.TRADE_CAPTURE_REPORT_REQUEST_ACK, body.toString());
  };
  const isSubscription = (message.get(263) ?? '0') !== '0';
  if ((kind !== ALL_TRADES && kind !== MATCHING) || isSubscription)
    return acknowledge(UNSUPPORTED_TYPE, 0, 'TradeRequestType must be 0 or 1, and SubscriptionRequestType 0');
  const symbol = message.get(55);
  const instrument = symbol === undefined ? undefined : conversation.feed.instrument(symbol);
  if (symbol !== undefined && instrument === undefined) return acknowledge(UNKNOWN_INSTRUMENT, 0, 'Unknown symbol');
  const fills = await findFills(conversation, message, instrument);
  acknowledge(SUCCESSFUL, fills.length);
  fills.forEach((fill, at) => {
    const of = conversation.feed.instrumentOf(fill.instrument);
    if (of === undefined) return;
    const body = tradeReport(fill, of, { requestId, count: fills.length, isLast: at === fills.length - 1 });
    conversation.send(MSG.TRADE_CAPTURE_REPORT, body);
  });
}

async function findFills(
  conversation: Conversation,
  message: FixMessage,
  instrument: ViewedInstrument | undefined,
): Promise<ViewedFill[]> {
  const { feed, history, trader } = conversation;
  const range = rangeOf(message);
  const asksForOrder = message.has(37) || message.has(11);
  const order = asksForOrder ? await findOrder(conversation, { orderId: message.get(37), id: message.get(11) }) : undefined; // prettier-ignore
  if (asksForOrder && order === undefined) return [];
  const isWanted = (fill: ViewedFill): boolean =>
    (instrument === undefined || fill.instrument === instrument.number) &&
    (order === undefined || fill.orderId === order.orderId) &&
    (range.from === undefined || fill.time >= BigInt(range.from) * 1_000n) &&
    (range.to === undefined || fill.time <= BigInt(range.to) * 1_000n);
  // Memory has what settlement may not have reached yet; history has what memory has forgotten.
  const past = await history.fills(trader.account, {
    ...(instrument === undefined ? {} : { instrument: instrument.number }),
    ...(range.from === undefined ? {} : { from: new Date(range.from) }),
    ...(range.to === undefined ? {} : { to: new Date(range.to) }),
    limit: MOST,
  });
  const found = new Map<string, ViewedFill>();
  for (const fill of [...feed.recentFills(trader.account), ...past])
    if (isWanted(fill)) found.set(`${fill.tradeId} ${fill.liquidity}`, fill);
  return [...found.values()].sort((a, b) => (a.tradeId < b.tradeId ? 1 : -1)).slice(0, MOST);
}

/** Milliseconds; from one date or time, or between two. */
function rangeOf(message: FixMessage): { from?: number; to?: number } {
  const entries = message.group(580, 75, new Set([75, 60])) ?? [];
  const [first, last = first] = entries;
  const at = (entry: ReadonlyMap<number, string> | undefined, isEnd: boolean): number | undefined => {
    const time = parseTimestamp(entry?.get(60) ?? '');
    const day = parseDate(entry?.get(75) ?? '');
    return time ?? (day === undefined ? undefined : day + (isEnd ? DAY_MS - 1 : 0));
  };
  const from = at(first, false);
  const to = at(last, true);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function tradeReport(
  fill: ViewedFill,
  instrument: ViewedInstrument,
  { requestId, count, isLast }: { requestId: string; count: number; isLast: boolean },
): string {
  const executionId = fill.tradeId * 2n + (fill.liquidity === 'taker' ? 1n : 0n);
  const time = formatMicroseconds(fill.time);
  return new FixBody()
    .add(571, executionId)
    .add(568, requestId)
    .add(150, 'F')
    .add(748, count)
    .add(912, isLast ? 'Y' : 'N')
    .add(17, executionId)
    .add(527, fill.tradeId)
    .add(570, 'N')
    .add(55, instrument.symbol)
    .add(32, formatQuantity(instrument, fill.quantity))
    .add(31, formatPrice(instrument, fill.price))
    .add(75, time.slice(0, 8))
    .add(60, time)
    .add(552, 1)
    .add(54, fill.side === 'buy' ? '1' : '2')
    .add(37, fill.orderId)
    .add(12, formatUnits(instrument.quote, fill.fee))
    .add(13, 3)
    .add(479, instrument.quote.code)
    .toString();
}
