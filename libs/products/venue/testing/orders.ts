import { ANY, type EngineCommandDraft } from '@core/contracts';

let orders = 0n;

/** A limit order for a hundredth of a bitcoin at 30,000 dollars; whatever is not said is the plainest. */
export const order = (
  given: Partial<Extract<EngineCommandDraft, { kind: 'place' }>> & { account: number },
): EngineCommandDraft => ({
  kind: 'place',
  instrument: 0,
  clientOrderId: (orders += 1n),
  quantity: 1_000_000n,
  price: 300_000,
  side: 'buy',
  type: 'limit',
  timeInForce: 'gtc',
  selfTrade: 'allow',
  instructions: 0,
  triggerPrice: 0,
  ...given,
});

export const cancelAll = (account: number): EngineCommandDraft => ({
  kind: 'cancel-all',
  account,
  instrument: ANY,
  session: 0,
});
