import { type EngineCommandDraft, FIRST_CUSTOMER } from '@core/contracts';

export const USD = 0;
export const BTC = 1;
export const MAKER = FIRST_CUSTOMER;
export const TAKER = FIRST_CUSTOMER + 1;
const FUNDS = 1_000_000_000_000n;

/** One spot instrument, number 0, whose lots and ticks are single units; open for trading. */
export const listing: readonly EngineCommandDraft[] = [
  {
    kind: 'list-instrument',
    instrument: 0,
    base: BTC,
    quote: USD,
    lotUnits: 1n,
    tickValue: 1n,
    tickValueScale: 1n,
    minimumQuantity: 1n,
    maximumQuantity: 1_000_000n,
    maximumPrice: 100_000,
    initialMarginPpm: 0,
    maintenanceMarginPpm: 0,
    settlement: 'spot',
    symbol: 'BTC-USD',
  },
  { kind: 'set-state', instrument: 0, state: 'open' },
];

/** Money for two customers. */
export const funding: readonly EngineCommandDraft[] = [MAKER, TAKER].flatMap((account) =>
  [USD, BTC].map((asset) => ({
    kind: 'credit' as const,
    account,
    asset,
    amount: FUNDS,
    transferHigh: BigInt(account),
    transferLow: BigInt(asset + 1),
  })),
);

/** A limit order; whatever is not said is the plainest. */
export function order(
  given: Partial<Extract<EngineCommandDraft, { kind: 'place' }>> & { clientOrderId: bigint },
): EngineCommandDraft {
  return {
    kind: 'place',
    instrument: 0,
    account: MAKER,
    quantity: 10n,
    price: 100,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    selfTrade: 'allow',
    instructions: 0,
    triggerPrice: 0,
    ...given,
  };
}
