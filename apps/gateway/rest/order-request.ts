/** POST /orders (exchange-api.md §2.3). */
import { formatPrice, formatQuantity, type ViewedInstrument } from '@core/venue-view';
import { type PlaceRequest } from '../desk/order-desk.js';
import { OrderFault, readOrder, type RefusedOrder } from '../order-terms.js';
import { TYPE_WORDS } from './encode-orders.js';
import { type RequestFields } from './json-request.js';
import { invalid } from './rest-refusal.js';

/** @throws RestRefusal 422 when it is no order at all */
export function orderOf(
  fields: RequestFields,
  instrument: ViewedInstrument,
  account: number,
): PlaceRequest | RefusedOrder {
  try {
    return readOrder(fields, instrument, { account, clientIdName: 'clOrdId' });
  } catch (error) {
    if (!(error instanceof OrderFault)) throw error;
    if (error.refused === undefined) throw invalid(error.message);
    return error.refused;
  }
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
