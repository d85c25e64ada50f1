import { type OrderType, POST_ONLY, type TimeInForce } from '@core/contracts';
import { averagePrice, type ExecutionReport, formatPrice, formatQuantity, formatUnits, type ViewedInstrument, type ViewedOrder } from '@core/venue-view'; // prettier-ignore
import { explain, orderText, REJECTS, reportText } from '../../rejects.js';
import { FixBody, type FixMessage } from '../fix-message.js';
import { formatMicroseconds, formatTimestamp } from '../fix-time.js';

/** What the session calls the order in a report: the request that the report answers, and what it was called before. */
export interface ReportNames {
  readonly id: string;
  readonly origId?: string | undefined;
}

const ORDER_TYPES: Readonly<Record<OrderType, string>> = {
  market: '1',
  limit: '2',
  stop: '3',
  'stop-limit': '4',
  'trailing-stop': 'P',
};
const TIMES_IN_FORCE: Readonly<Record<TimeInForce, string>> = { gtc: '1', ioc: '3', fok: '4', gtd: '6' };

const EXEC_TYPES: Readonly<Record<ExecutionReport['kind'], string>> = {
  accepted: '0',
  triggered: 'D',
  trade: 'F',
  cancelled: '4',
  replaced: '5',
  decremented: 'D',
  rejected: '8',
};

/** What stands for an order that nobody gave a ClOrdID. */
export const NO_NAME = 'NONE';

/** Below zero: an acceptance out of history, by its order. */
const execIdOf = ({ executionId }: ExecutionReport): string =>
  executionId < 0n ? `A${-executionId}` : executionId.toString();

/** ExecutionReport of something that happened to an order. */
export function executionReport(report: ExecutionReport, instrument: ViewedInstrument, names: ReportNames): string {
  const { order, fill } = report;
  const isExpired = report.kind === 'cancelled' && report.cancelReason === 'expired';
  const body = start(order, names, {
    execId: execIdOf(report),
    execType: isExpired ? 'C' : EXEC_TYPES[report.kind],
  });
  if (report.kind === 'triggered') body.add(378, 99);
  if (report.kind === 'decremented') body.add(378, 5);
  if (report.kind === 'rejected') body.add(103, REJECTS[report.rejectReason ?? 'malformed'].order);
  terms(body, order, instrument);
  if (fill !== undefined) body.add(32, formatQuantity(instrument, fill.quantity)).add(31, formatPrice(instrument, fill.price)); // prettier-ignore
  state(body, order, instrument).add(60, formatMicroseconds(report.time));
  if (fill !== undefined) {
    body.add(12, formatUnits(instrument.quote, fill.fee)).add(13, 3).add(479, instrument.quote.code);
    body.add(851, fill.liquidity === 'maker' ? 1 : 2).add(527, fill.tradeId);
  }
  const { kind, rejectReason } = report;
  return body
    .add(58, kind === 'rejected' ? explain(REJECTS[rejectReason ?? 'malformed']) : reportText(report))
    .toString();
}

/** ExecutionReport that says how an order stands. */
export function statusReport(
  order: ViewedOrder,
  instrument: ViewedInstrument,
  names: ReportNames,
  { execId, mass }: { execId: string; mass?: { id: string; count: number; isLast: boolean } },
): string {
  const body = start(order, names, { execId, execType: 'I' });
  if (mass !== undefined)
    body
      .add(584, mass.id)
      .add(911, mass.count)
      .add(912, mass.isLast ? 'Y' : 'N');
  terms(body, order, instrument);
  return state(body, order, instrument)
    .add(60, formatMicroseconds(order.updatedAt))
    .add(58, orderText(order))
    .toString();
}

/** ExecutionReport of an order that never was, or is not known: in the words of the message that asked. */
export function refusedReport(
  message: FixMessage,
  refusal: { execId: string; execType: '8' | 'I'; reason: number; text: string; at: number; mass?: string },
): string {
  const side = message.get(54) ?? '';
  const type = message.get(40) ?? '';
  const body = new FixBody()
    .add(37, NO_NAME)
    .add(11, message.get(11))
    .add(17, refusal.execId)
    .add(150, refusal.execType)
    .add(39, '8')
    .add(103, refusal.reason)
    .add(55, message.get(55));
  // 7 is "undisclosed": a report must name a side.
  body.add(54, /^[1-9]$/.test(side) ? side : '7').add(38, message.get(38));
  if (/^[1-4]$/.test(type)) body.add(40, type);
  body.add(44, message.get(44)).add(99, message.get(99));
  if (refusal.mass !== undefined) body.add(584, refusal.mass).add(911, 0).add(912, 'Y');
  body.add(151, 0).add(14, 0).add(6, 0).add(60, formatTimestamp(refusal.at));
  return body.add(58, refusal.text).toString();
}

/** OrdStatus (39). */
export function ordStatus(order: Pick<ViewedOrder, 'status' | 'reason' | 'filled'>): string {
  switch (order.status) {
    case 'open':
      return order.filled > 0n ? '1' : '0';
    case 'filled':
      return '2';
    case 'cancelled':
      return order.reason === 'expired' ? 'C' : '4';
    case 'rejected':
      return '8';
  }
}

function start(
  order: ViewedOrder,
  names: ReportNames,
  { execId, execType }: { execId: string; execType: string },
): FixBody {
  // prettier-ignore
  return new FixBody()
    .add(37, order.orderId === 0n ? NO_NAME : order.orderId)
    .add(11, names.id)
    .add(41, names.origId)
    .add(17, execId)
    .add(150, execType)
    .add(39, ordStatus(order));
}

function terms(body: FixBody, order: ViewedOrder, instrument: ViewedInstrument): void {
  body
    .add(55, instrument.symbol)
    .add(54, order.side === 'buy' ? '1' : '2')
    .add(38, formatQuantity(instrument, order.quantity))
    .add(40, ORDER_TYPES[order.type]);
  if (order.type === 'limit' || order.type === 'stop-limit') body.add(44, formatPrice(instrument, order.price));
  if (order.triggerPrice > 0) body.add(99, formatPrice(instrument, order.triggerPrice));
  body.add(59, TIMES_IN_FORCE[order.timeInForce]);
  if (order.expiresAt > 0n) body.add(126, formatMicroseconds(order.expiresAt));
  if ((order.instructions & POST_ONLY) !== 0) body.add(18, '6');
  if (order.displayQuantity > 0n) body.add(111, formatQuantity(instrument, order.displayQuantity));
}

const state = (body: FixBody, order: ViewedOrder, instrument: ViewedInstrument): FixBody =>
  body
    .add(151, order.status === 'open' ? formatQuantity(instrument, order.open) : 0)
    .add(14, formatQuantity(instrument, order.filled))
    .add(6, averagePrice(order, instrument));
