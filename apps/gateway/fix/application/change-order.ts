import { type RejectReason } from '@core/contracts';
import { parsePrice, parseQuantity, type ViewedInstrument, type ViewedOrder } from '@core/venue-view';
import { type ChangeOutcome } from '../../desk/order-desk.js';
import { explain, REFUSALS, REJECTS } from '../../rejects.js';
import { FixBody, type FixMessage, MSG } from '../fix-message.js';
import { formatTimestamp } from '../fix-time.js';
import { type Conversation, type Request } from './conversation.js';
import { NO_NAME, ordStatus } from './execution-report.js';
import { findOrder } from './find-order.js';
import { waitForVenue } from './place-order.js';

type Purpose = 'cancel' | 'replace';

interface Refusal {
  /** CxlRejReason (102). */
  readonly reason: number;
  readonly text: string;
}

const TOO_LATE: Refusal = { reason: 0, text: 'Too late: the order has ended' };
const UNKNOWN: Refusal = { reason: 1, text: 'Unknown order' };
const DUPLICATE: Refusal = { reason: 6, text: explain(REJECTS.duplicate_client_order_id) };
const OTHER = 99;
const NAME_MAX = 32;

/** OrderCancelRequest. The report of a cancel that came about comes from the venue's stream. */
export const cancelOrder = (conversation: Conversation, request: Request): Promise<void> =>
  change(conversation, request, 'cancel', () => undefined);

/** OrderCancelReplaceRequest: OrderQty is the order's size with what has traded. */
export const replaceOrder = (conversation: Conversation, request: Request): Promise<void> =>
  change(conversation, request, 'replace', (order, instrument) => readTerms(request.message, order, instrument));

interface Terms {
  readonly quantity: bigint;
  readonly price: number;
  readonly triggerPrice?: number;
}

async function change(
  conversation: Conversation,
  request: Request,
  purpose: Purpose,
  read: (order: ViewedOrder, instrument: ViewedInstrument) => Terms | Refusal | undefined,
): Promise<void> {
  const { message } = request;
  const id = message.get(11) ?? '';
  const refuse = (refusal: Refusal, order?: ViewedOrder): void =>
    reject(conversation, message, purpose, refusal, order);
  if (id.length > NAME_MAX) return refuse({ reason: OTHER, text: `ClOrdID is longer than ${NAME_MAX} characters` });
  const order = await findOrder(conversation, { orderId: message.get(37), id: message.get(41) });
  const orderId = order?.orderId ?? null;
  const { compId, fence } = conversation;
  const use = { orderId, isCancel: purpose === 'cancel', fence, seq: request.seq, at: conversation.now() };
  const isNew = await conversation.ids.claim(compId, id, use);
  // Sent again after a crash: if the order has ended since, its report has told, or will.
  if (!isNew && !message.isPossDup) return refuse(DUPLICATE, order);
  if (order === undefined) return refuse(UNKNOWN);
  if (order.status !== 'open') return isNew ? refuse(TOO_LATE, order) : undefined;
  const instrument = conversation.feed.instrumentOf(order.instrument);
  if (instrument === undefined) return refuse(UNKNOWN);
  const symbol = message.get(55);
  if (symbol !== undefined && symbol !== instrument.symbol) return refuse({ reason: OTHER, text: 'the order is of another symbol' }, order); // prettier-ignore
  if (message.get(54) !== (order.side === 'buy' ? '1' : '2')) return refuse({ reason: OTHER, text: 'the order is of the other side' }, order); // prettier-ignore
  const terms = read(order, instrument);
  if (terms !== undefined && 'reason' in terms) return refuse(terms, order);
  await ask(conversation, request, { order, id, purpose, terms });
}

async function ask(
  conversation: Conversation,
  request: Request,
  asked: { order: ViewedOrder; id: string; purpose: Purpose; terms: Terms | undefined },
): Promise<void> {
  const { order, id, purpose, terms } = asked;
  const { orderId, account } = order;
  const { desk, feed, names } = conversation;
  const isCancel = terms === undefined || terms.quantity <= order.filled;
  names.ask(orderId, id, purpose);
  const outcome = await untilKnown(conversation, request, () =>
    isCancel
      ? desk.cancel({ account, by: { orderId } })
      : desk.replace({ account, orderId, quantityMeans: 'total', ...terms }),
  );
  if (outcome.kind === 'done') return;
  const now = feed.order(orderId) ?? order;
  // It traded on meanwhile: there is less than nothing left of the new size.
  if (
    outcome.kind === 'rejected' &&
    outcome.reason === 'invalid_quantity' &&
    !isCancel &&
    now.status === 'open' &&
    terms.quantity <= now.filled
  ) {
    // prettier-ignore
    names.withdraw(orderId, id);
    return ask(conversation, request, { ...asked, order: now });
  }
  // A report that answered the request has said it all.
  if (!names.withdraw(orderId, id)) return;
  const refusal = outcome.kind === 'rejected' ? wordsOf(outcome.reason, now) : refusalOf(outcome.reason);
  reject(conversation, request.message, purpose, refusal, now);
}

const wordsOf = (reason: RejectReason, order: ViewedOrder): Refusal =>
  reason === 'unknown_order' && order.status !== 'open'
    ? TOO_LATE
    : { reason: REJECTS[reason].cancel, text: explain(REJECTS[reason]) };

const refusalOf = (reason: keyof typeof REFUSALS): Refusal => ({
  reason: REFUSALS[reason].cancel,
  text: explain(REFUSALS[reason]),
});

/** A cancel or replace that may have been lost is asked for again: the second of two changes nothing. */
async function untilKnown(
  conversation: Conversation,
  { submit }: Request,
  run: () => Promise<ChangeOutcome>,
): Promise<Exclude<ChangeOutcome, { kind: 'unknown' }>> {
  const deadline = performance.now() + conversation.patienceMs;
  let wasUnknown = false;
  for (;;) {
    const outcome = await submit(run);
    if (outcome.kind !== 'unknown' && !(wasUnknown && outcome.kind === 'refused')) return outcome;
    wasUnknown = true;
    await waitForVenue(conversation, deadline);
  }
}

function readTerms(message: FixMessage, order: ViewedOrder, instrument: ViewedInstrument): Terms | Refusal {
  const expected = { market: '1', limit: '2', stop: '3', 'stop-limit': '4', 'trailing-stop': 'P' }[order.type];
  if (message.get(40) !== expected) return { reason: OTHER, text: 'OrdType cannot be changed' };
  const quantity = parseQuantity(instrument, message.get(38) ?? '');
  if (typeof quantity === 'string') return { reason: OTHER, text: explain(REJECTS.invalid_quantity) };
  const isLimited = order.type === 'limit' || order.type === 'stop-limit';
  const text = message.get(44);
  // What is not said stays as it is.
  const price = !isLimited ? 0 : text === undefined ? order.price : parsePrice(instrument, text);
  if (typeof price === 'string') return { reason: OTHER, text: explain(REJECTS.invalid_price) };
  const stop = message.get(99);
  const triggerPrice = stop === undefined || !order.isDormant ? undefined : parsePrice(instrument, stop);
  if (typeof triggerPrice === 'string') return { reason: OTHER, text: explain(REJECTS.invalid_trigger_price) };
  return { quantity, price, ...(triggerPrice === undefined ? {} : { triggerPrice }) };
}

/** OrderCancelReject. */
function reject(
  conversation: Conversation,
  message: FixMessage,
  purpose: Purpose,
  { reason, text }: Refusal,
  order: ViewedOrder | undefined,
): void {
  const body = new FixBody()
    .add(37, order?.orderId ?? NO_NAME)
    .add(11, message.get(11))
    .add(41, message.get(41))
    .add(39, order === undefined ? '8' : ordStatus(order))
    .add(60, formatTimestamp(conversation.now()))
    .add(434, purpose === 'cancel' ? '1' : '2')
    .add(102, reason)
    .add(58, text);
  conversation.send(MSG.ORDER_CANCEL_REJECT, body.toString());
}
