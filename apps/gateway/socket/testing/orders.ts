import { type ExecutionReport, type ViewedOrder } from '@core/venue-view';

/** A limit order of account 17 in BTC-USD, unless said otherwise. */
export const order = (changes: Partial<ViewedOrder> = {}): ViewedOrder => ({
  orderId: 281_775_861_306_290n,
  account: 17,
  instrument: 1,
  clientOrderId: 5n,
  clientText: 'c1',
  side: 'buy',
  type: 'limit',
  timeInForce: 'gtc',
  selfTrade: 'cancel-newest',
  instructions: 0,
  isLiquidation: false,
  quantity: 10n,
  open: 10n,
  filled: 0n,
  left: 0n,
  price: 300_000,
  triggerPrice: 0,
  isDormant: false,
  displayQuantity: 0n,
  shown: 10n,
  expiresAt: 0n,
  traded: 0n,
  fees: 0n,
  lastPrice: 0,
  lastQuantity: 0n,
  status: 'open',
  reason: null,
  acceptedAt: 1_660_001_460_550_795n,
  updatedAt: 1_660_001_460_550_795n,
  sequence: 3n,
  index: 0,
  ...changes,
});

export const report = (
  kind: ExecutionReport['kind'],
  executionId: bigint,
  changes: Partial<ViewedOrder> = {},
  more: Partial<ExecutionReport> = {},
): ExecutionReport => {
  const told = order(changes);
  return { kind, sequence: executionId / 131_072n, index: 0, time: told.updatedAt, account: told.account, order: told, executionId, session: 0, ...more }; // prettier-ignore
};
