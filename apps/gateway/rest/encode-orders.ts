/** Orders and fills as JSON text; numbers digit by digit. */
import { type OrderType } from '@core/contracts';
import { averagePrice, formatPrice, formatQuantity, formatUnits, type ViewedFill, type ViewedInstrument, type ViewedOrder } from '@core/venue-view'; // prettier-ignore
import { orderText } from '../rejects.js';

export const ORDER_STATUSES = ['OPEN', 'REJECTED', 'CANCELED', 'FILLED', 'PART_FILLED', 'EXPIRED'] as const;
export type OrderStatusWord = (typeof ORDER_STATUSES)[number];

export const TYPE_WORDS: Readonly<Record<OrderType, string>> = {
  limit: 'LIMIT',
  market: 'MARKET',
  stop: 'STOP',
  'stop-limit': 'STOPLIMIT',
  // Entered through another door; this wire has no word for it.
  'trailing-stop': 'STOP',
};

/** An untriggered stop is open: this wire has no word for waiting. */
export function statusWord({
  status,
  filled,
  reason,
}: Pick<ViewedOrder, 'status' | 'filled' | 'reason'>): OrderStatusWord {
  switch (status) {
    case 'open':
      return filled > 0n ? 'PART_FILLED' : 'OPEN';
    case 'filled':
      return 'FILLED';
    case 'cancelled':
      return reason === 'expired' ? 'EXPIRED' : 'CANCELED';
    case 'rejected':
      return 'REJECTED';
  }
}

/** @param text the venue's words where they are not the order's own: why it was rejected */
export function encodeOrder(order: ViewedOrder, instrument: ViewedInstrument, text = orderText(order)): string {
  const quantity = (lots: bigint): string => formatQuantity(instrument, lots);
  const hasPrice = order.type === 'limit' || order.type === 'stop-limit';
  return (
    `{"exOrdId":${order.orderId},"clOrdId":${JSON.stringify(order.clientText ?? '')},"ordType":"${TYPE_WORDS[order.type]}",` +
    `"ordStatus":"${statusWord(order)}","side":"${order.side === 'buy' ? 'BUY' : 'SELL'}",` +
    `"price":${hasPrice ? formatPrice(instrument, order.price) : 'null'},` +
    (order.triggerPrice === 0 ? '' : `"stopPx":${formatPrice(instrument, order.triggerPrice)},`) +
    `"text":${JSON.stringify(text)},"symbol":"${instrument.symbol}","lastShares":${quantity(order.lastQuantity)},` +
    `"lastPx":${formatPrice(instrument, order.lastPrice)},"leavesQty":${quantity(leavesQuantity(order))},"cumQty":${quantity(order.filled)},` +
    `"avgPx":${averagePrice(order, instrument)},"timestamp":${order.acceptedAt / 1_000n}}`
  );
}

/** What was open before a cancel, and all of a rejected order: clients add it to what was filled to learn the order's size. */
function leavesQuantity({ status, open, left, quantity }: ViewedOrder): bigint {
  switch (status) {
    case 'open':
      return open;
    case 'filled':
      return 0n;
    case 'cancelled':
      return left;
    case 'rejected':
      return quantity;
  }
}

/** `tradeId` is the same for both sides, `execId` is this side's own. The fee is in the quote asset. */
export function encodeFill(fill: ViewedFill, instrument: ViewedInstrument): string {
  const executionId = fill.tradeId * 2n + (fill.liquidity === 'taker' ? 1n : 0n);
  return (
    `{"exOrdId":${fill.orderId},"tradeId":${fill.tradeId},"execId":${executionId},"side":"${fill.side === 'buy' ? 'BUY' : 'SELL'}",` +
    `"symbol":"${instrument.symbol}","price":${formatPrice(instrument, fill.price)},"qty":${formatQuantity(instrument, fill.quantity)},` +
    `"fee":${formatUnits(instrument.quote, fill.fee)},"timestamp":${fill.time / 1_000n}}`
  );
}
