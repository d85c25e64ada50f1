import { type ViewedOrder } from '@core/venue-view';
import { MSG } from '../fix-message.js';
import { type Conversation, type Request } from './conversation.js';
import { NO_NAME, refusedReport, statusReport } from './execution-report.js';
import { findOrder } from './find-order.js';

const UNKNOWN_ORDER = 5;
const BY_SYMBOL = 1;
const ALL = 7;

/** OrderStatusRequest. */
export async function orderStatus(conversation: Conversation, { message, seq }: Request): Promise<void> {
  const id = message.get(11) ?? '';
  const order = await findOrder(conversation, { orderId: message.get(37), id });
  const instrument = order === undefined ? undefined : conversation.feed.instrumentOf(order.instrument);
  const execId = conversation.execId(seq);
  if (order === undefined || instrument === undefined) {
    const refusal = {
      execId,
      execType: 'I' as const,
      reason: UNKNOWN_ORDER,
      text: 'Unknown order',
      at: conversation.now(),
    };
    return conversation.send(MSG.EXECUTION_REPORT, refusedReport(message, refusal));
  }
  conversation.send(
    MSG.EXECUTION_REPORT,
    statusReport(order, instrument, { id: nameOf(conversation, order, id) }, { execId }),
  );
}

/** OrderMassStatusRequest: open orders, of a symbol or all. */
export function massStatus(conversation: Conversation, { message, seq }: Request): void {
  const { feed, trader } = conversation;
  const massId = message.get(584) ?? '';
  const kind = message.integer(585);
  const instrument = feed.instrument(message.get(55) ?? '');
  const isWrong = (kind !== BY_SYMBOL && kind !== ALL) || (kind === BY_SYMBOL && instrument === undefined);
  const orders = isWrong
    ? []
    : feed.openOrders(trader.account).filter((order) => kind === ALL || order.instrument === instrument?.number);
  if (orders.length === 0) {
    const text = isWrong ? 'MassStatusReqType must be 7 (all) or 1 (with a known symbol)' : 'no open orders';
    const refusal = { execId: conversation.execId(seq), execType: 'I' as const, reason: isWrong ? 99 : UNKNOWN_ORDER, text, at: conversation.now(), mass: massId }; // prettier-ignore
    return conversation.send(MSG.EXECUTION_REPORT, refusedReport(message, refusal));
  }
  orders.forEach((order, at) => {
    const of = feed.instrumentOf(order.instrument);
    if (of === undefined) return;
    const mass = { id: massId, count: orders.length, isLast: at === orders.length - 1 };
    const names = { id: nameOf(conversation, order, NO_NAME) };
    const report = statusReport(order, of, names, { execId: conversation.execId(seq, at), mass });
    conversation.send(MSG.EXECUTION_REPORT, report);
  });
}

const nameOf = ({ names }: Conversation, order: ViewedOrder, asked: string): string =>
  names.nameOf(order.orderId) ?? order.clientText ?? asked;
