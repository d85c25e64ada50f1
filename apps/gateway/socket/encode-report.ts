/** Execution reports of the channel `trading` (exchange-api.md §3.4): the members of one, without braces. */
import { POST_ONLY, type OrderType, type TimeInForce } from '@core/contracts';
import { averagePrice, formatPrice, formatQuantity, formatUnits, type ExecutionReport, type ViewedInstrument, type ViewedOrder } from '@core/venue-view'; // prettier-ignore
import { orderText, reportText } from '../rejects.js';
import { isoTime } from './iso-time.js';
import { jsonText } from './json-text.js';

const ORDER_TYPE_WORDS: Readonly<Record<OrderType, string>> = {
  limit: 'limit',
  market: 'market',
  stop: 'stop',
  'stop-limit': 'stopLimit',
  'trailing-stop': 'trailingStop',
};

type OrderStatusWord = 'pending' | 'open' | 'partial' | 'filled' | 'cancelled' | 'expired' | 'rejected';

export function orderStatusWord(order: ViewedOrder): OrderStatusWord {
  if (order.status === 'cancelled') return order.reason === 'expired' ? 'expired' : 'cancelled';
  if (order.status !== 'open') return order.status;
  if (order.isDormant) return 'pending';
  return order.filled > 0n ? 'partial' : 'open';
}

/** FIX's ExecType where this channel has it; `I` (status) for changes that it has no word for. */
type ExecType = '0' | '4' | '8' | 'A' | 'C' | 'F' | 'I';

export function execTypeOf(report: ExecutionReport): ExecType {
  switch (report.kind) {
    case 'accepted':
      return report.order.isDormant ? 'A' : '0';
    case 'triggered':
      return '0';
    case 'trade':
      return 'F';
    case 'cancelled':
      return report.cancelReason === 'expired' ? 'C' : '4';
    case 'replaced':
    case 'decremented':
      return 'I';
    case 'rejected':
      return '8';
  }
}

/** An order that the engine never had: the documents know `-1` for want of funds and `0` for the rest. */
function orderIdText(report: ExecutionReport): string {
  if (report.kind !== 'rejected') return String(report.order.orderId);
  return report.rejectReason === 'insufficient_funds' ? '-1' : '0';
}

/** Open lots; of a cancelled or expired order what was open before, of a rejected one all of it. */
function leaves({ status, open, left, quantity }: ViewedOrder): bigint {
  if (status === 'open') return open;
  if (status === 'rejected') return quantity;
  return status === 'cancelled' ? left : 0n;
}

const hasLimit = (type: OrderType): boolean => type === 'limit' || type === 'stop-limit';

export function reportMembers(report: ExecutionReport, instrument: ViewedInstrument): string {
  const { order, fill, executionId, time } = report;
  const orderId = orderIdText(report);
  const execution = { id: String(executionId), time, orderId, execType: execTypeOf(report), text: reportText(report) };
  if (fill === undefined) return members(order, instrument, execution, NOT_TRADED);
  const traded =
    `"lastPx":${formatPrice(instrument, fill.price)},"lastShares":${formatQuantity(instrument, fill.quantity)},` +
    `"tradeId":"${fill.tradeId}","fee":${formatUnits(instrument.quote, fill.fee)}`;
  return members(order, instrument, execution, traded);
}

/** The order as it is, in a snapshot of live orders. */
export function statusMembers(order: ViewedOrder, instrument: ViewedInstrument): string {
  const execType: ExecType = order.isDormant ? 'A' : order.filled > 0n ? 'F' : '0';
  const orderId = String(order.orderId);
  return members(order, instrument, { id: '0', time: order.updatedAt, orderId, execType, text: orderText(order) }, NOT_TRADED); // prettier-ignore
}

const NOT_TRADED = '"lastPx":0,"lastShares":0,"tradeId":"0","fee":0';

const TIME_IN_FORCE_WORDS: Readonly<Record<TimeInForce, string>> = { gtc: 'GTC', ioc: 'IOC', fok: 'FOK', gtd: 'GTD' };

/** @param traded the members that tell of a fill */
function members(
  order: ViewedOrder,
  instrument: ViewedInstrument,
  execution: {
    readonly id: string;
    readonly time: bigint;
    readonly orderId: string;
    readonly execType: ExecType;
    readonly text: string;
  },
  traded: string,
): string {
  const quantity = (lots: bigint): string => formatQuantity(instrument, lots);
  const price = hasLimit(order.type) ? `,"price":${formatPrice(instrument, order.price)}` : '';
  const stopPrice = order.triggerPrice === 0 ? '' : `,"stopPx":${formatPrice(instrument, order.triggerPrice)}`;
  const instructions = (order.instructions & POST_ONLY) === 0 ? '' : ',"execInst":"ALO"';
  return (
    `"orderID":"${execution.orderId}","gwOrderId":${execution.orderId},"clOrdID":${jsonText(order.clientText ?? '')},` +
    `"symbol":"${instrument.symbol}","side":"${order.side}","ordType":"${ORDER_TYPE_WORDS[order.type]}",` +
    `"orderQty":${quantity(order.quantity)},"leavesQty":${quantity(leaves(order))},"cumQty":${quantity(order.filled)},"avgPx":${averagePrice(order, instrument)},` +
    `"ordStatus":"${orderStatusWord(order)}","timeInForce":"${TIME_IN_FORCE_WORDS[order.timeInForce]}","text":${jsonText(execution.text)},` +
    `"execType":"${execution.execType}","execID":"${execution.id}","transactTime":"${isoTime(execution.time)}","msgType":8,` +
    `${traded}${price}${stopPrice}${instructions},` +
    `"marginOrder":false,"closePositionOrder":false`
  );
}

export const reportBody = (report: ExecutionReport, instrument: ViewedInstrument): string =>
  `,"event":"updated","channel":"trading",${reportMembers(report, instrument)}`;

/** @param orders with their instruments */
export function tradingSnapshotBody(orders: readonly (readonly [ViewedOrder, ViewedInstrument])[]): string {
  const rows = orders.map(([order, instrument]) => `{${statusMembers(order, instrument)}}`).join(',');
  return `,"event":"snapshot","channel":"trading","orders":[${rows}],"positions":[]`;
}
