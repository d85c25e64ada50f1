/**
 * Reports of what happened to orders, made from how the orders stand and from their fills. Every acceptance, fill and end is there, each fill
 * and end under the ExecID that it had in the stream. Of several changes to an order without a fill or an end, the last alone is known.
 */
import { type ExecutionReport, type ViewedFill, type ViewedOrder } from '@core/venue-view';

export interface SettledChanges {
  /** Orders that changed, as they stand. */
  readonly orders: readonly ViewedOrder[];
  /** Their fills since, in any order. */
  readonly fills: readonly ViewedFill[];
}

/** @param known orders that the session has been told of before */
export function reportsOf({ orders, fills }: SettledChanges, known: ReadonlySet<bigint>): ExecutionReport[] {
  const byOrder = new Map<bigint, ViewedFill[]>();
  for (const fill of fills) {
    const own = byOrder.get(fill.orderId);
    if (own === undefined) byOrder.set(fill.orderId, [fill]);
    else own.push(fill);
  }
  const reports = orders.flatMap((order) => {
    const own = (byOrder.get(order.orderId) ?? []).sort(inStreamOrder);
    return ofOrder(order, own, known.has(order.orderId));
  });
  return reports.sort((a, b) => compare(a.time, b.time) || inStreamOrder(a, b) || rank(a) - rank(b));
}

/** ExecID of an acceptance whose event is not known any more: no event of the stream has a number below zero. */
const acceptanceId = (orderId: bigint): bigint => -orderId;

function ofOrder(order: ViewedOrder, fills: readonly ViewedFill[], isKnown: boolean): ExecutionReport[] {
  const first = fills[0] ?? order;
  const since = fills.reduce(
    (sum, { quantity, notional, fee }) => ({
      filled: sum.filled + quantity,
      traded: sum.traded + notional,
      fees: sum.fees + fee,
    }),
    { filled: 0n, traded: 0n, fees: 0n },
  );
  const before = {
    filled: order.filled - since.filled,
    traded: order.traded - since.traded,
    fees: order.fees - since.fees,
  };
  const reports: ExecutionReport[] = [];
  if (!isKnown) reports.push(accepted(order, first));
  let sum = before;
  fills.forEach((fill, at) => {
    sum = { filled: sum.filled + fill.quantity, traded: sum.traded + fill.notional, fees: sum.fees + fill.fee };
    const isLast = at === fills.length - 1;
    reports.push(traded(order, fill, { ...sum, isEnd: isLast && order.status === 'filled' }));
  });
  const last = fills.at(-1);
  const isBehindFills = last === undefined || inStreamOrder(order, last) > 0;
  if (order.status === 'cancelled') reports.push(event(order, 'cancelled', order));
  else if (order.status === 'open' && isBehindFills && (isKnown || order.updatedAt > order.acceptedAt)) {
    const isWoken = order.type !== 'limit' && order.type !== 'market' && !order.isDormant;
    reports.push(event(order, isWoken ? 'triggered' : 'replaced', order));
  }
  return reports;
}

const NOT_ENDED = { status: 'open', reason: null, left: 0n } as const;

function accepted(order: ViewedOrder, first: { sequence: bigint; index: number }): ExecutionReport {
  const { quantity, acceptedAt: time } = order;
  const none = { filled: 0n, traded: 0n, fees: 0n, lastPrice: 0, lastQuantity: 0n };
  return {
    ...base(order),
    kind: 'accepted',
    sequence: first.sequence,
    index: first.index,
    time,
    order: { ...order, ...NOT_ENDED, ...none, open: quantity, updatedAt: time },
    executionId: acceptanceId(order.orderId),
  };
}

function traded(
  order: ViewedOrder,
  fill: ViewedFill,
  { isEnd, ...sum }: { filled: bigint; traded: bigint; fees: bigint; isEnd: boolean },
): ExecutionReport {
  const { sequence, index, time } = fill;
  const state = isEnd ? {} : { ...NOT_ENDED, open: order.quantity - sum.filled };
  const last = { lastPrice: fill.price, lastQuantity: fill.quantity, updatedAt: time };
  return {
    ...base(order),
    kind: 'trade',
    sequence,
    index,
    time,
    order: { ...order, ...state, ...sum, ...last },
    executionId: fill.tradeId * 2n + (fill.liquidity === 'taker' ? 1n : 0n),
    fill,
  };
}

function event(order: ViewedOrder, kind: 'cancelled' | 'replaced' | 'triggered', at: ViewedOrder): ExecutionReport {
  const { sequence, index, updatedAt: time, reason } = at;
  const executionId = (sequence * 65_536n + BigInt(index)) * 2n;
  const cancel = kind === 'cancelled' && reason !== null ? { cancelReason: reason } : {};
  return { ...base(order), kind, sequence, index, time, order, executionId, ...cancel };
}

const base = ({ account }: ViewedOrder): { account: number; session: number } => ({ account, session: 0 });

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const rank = ({ kind }: ExecutionReport): number => (kind === 'accepted' ? 0 : kind === 'trade' ? 1 : 2);

const inStreamOrder = (
  a: { readonly sequence: bigint; readonly index: number },
  b: { readonly sequence: bigint; readonly index: number },
): number => compare(a.sequence, b.sequence) || a.index - b.index;
