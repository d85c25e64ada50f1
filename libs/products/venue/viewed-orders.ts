import { textOf } from '@core/contracts';
import { type ViewedFill, type ViewedOpenOrder } from '@core/venue-view';
import { engineAsset } from './engine-asset.js';
import { asMicroseconds } from './engine-time.js';

/** What rows of orders and fills are read with besides: the quote asset, in whose minor units their amounts are. */
interface Quoted {
  readonly quoteNumber: number;
  readonly quoteCode: string;
  readonly quoteScale: number;
}

export type OrderRow = Omit<ViewedOpenOrder, 'expiresAt'> & Quoted & { readonly expiresAt: bigint | null };
export type FillRow = Omit<ViewedFill, 'tradeId'> & Quoted;

/** SQL: the columns of an `OrderRow` and of a `FillRow`, from `o` or `f` and the quote asset `q`. */
const QUOTE = 'q.number AS "quoteNumber", q.code AS "quoteCode", q.scale AS "quoteScale"';
export const ORDER_COLUMNS = `o.order_id AS "orderId", o.account, o.instrument, o.client_order_id AS "clientOrderId",
  o.client_text AS "clientText", o.side, o.type, o.time_in_force AS "timeInForce", o.self_trade AS "selfTrade", o.instructions,
  o.liquidation AS "isLiquidation", o.quantity, o.open, o.filled, o.remainder AS "left", o.price, o.trigger_price AS "triggerPrice",
  o.type IN ('stop', 'stop-limit', 'trailing-stop') AND o.triggered_at IS NULL AS "isDormant", o.display_quantity AS "displayQuantity",
  o.shown, ${asMicroseconds('o.expires_at')} AS "expiresAt", o.traded, o.fees, o.last_price AS "lastPrice",
  o.last_quantity AS "lastQuantity", o.status, o.reason, ${asMicroseconds('o.accepted_at')} AS "acceptedAt",
  ${asMicroseconds('o.updated_at')} AS "updatedAt", o.sequence, o.event_index AS "index", o.queued_sequence AS "queuedSequence",
  o.queued_index AS "queuedIndex", o.maker_ppm AS "makerPpm", o.taker_ppm AS "takerPpm", o.notional_carry AS "notionalCarry",
  o.fee_carry AS "feeCarry", ${QUOTE}`;
export const FILL_COLUMNS = `f.sequence, f.event_index AS "index", ${asMicroseconds('f.at')} AS "time", f.account, f.order_id AS "orderId",
  f.instrument, f.side, f.liquidity, f.price, f.quantity, f.notional, f.fee, ${QUOTE}`;

const INDEXES = 65_536n;
/** The same for both sides of a trade. */
export const tradeIdOf = (sequence: bigint, index: number): bigint => sequence * INDEXES + BigInt(index);

export function viewedOrder({ quoteNumber, quoteCode, quoteScale, ...row }: OrderRow): ViewedOpenOrder {
  const { unit } = engineAsset({ number: quoteNumber, code: quoteCode, scale: quoteScale });
  return {
    ...row,
    clientText: row.clientText ?? (row.clientOrderId === 0n ? null : textOf(row.clientOrderId)),
    expiresAt: row.expiresAt ?? 0n,
    traded: row.traded / unit,
    fees: row.fees / unit,
  };
}

export function viewedFill({ quoteNumber, quoteCode, quoteScale, ...row }: FillRow): ViewedFill {
  const { unit } = engineAsset({ number: quoteNumber, code: quoteCode, scale: quoteScale });
  return {
    ...row,
    tradeId: tradeIdOf(row.sequence, row.index),
    notional: row.notional / unit,
    fee: row.fee / unit,
  };
}
