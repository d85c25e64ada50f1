import { CANCEL_ON_DISCONNECT, clientOrderIdOf, POST_ONLY, REDUCE_ONLY } from '@core/contracts';
import { type RefusedTerms } from '@core/venue-view';
import { type PlaceRequest } from './order-desk.js';

/** Nobody trades with himself unless he says so: the arriving order gives way. */
export const DEFAULT_SELF_TRADE = 'cancel-newest';

/** The bits of the engine's `instructions` that a request asks for. */
export function instructionsOf({ isPostOnly, isReduceOnly, session }: PlaceRequest): number {
  return (
    (isPostOnly === true ? POST_ONLY : 0) |
    (isReduceOnly === true ? REDUCE_ONLY : 0) |
    (session === undefined ? 0 : CANCEL_ON_DISCONNECT)
  );
}

/** What a place wanted, in the shape of the order that it did not become. */
export function refusedTerms(request: PlaceRequest): RefusedTerms {
  const { account, instrument, clientText, side, type, timeInForce, quantity } = request;
  return {
    ...{ account, instrument, clientText, side, type, timeInForce, quantity },
    clientOrderId: clientText === null ? 0n : clientOrderIdOf(clientText),
    selfTrade: request.selfTrade ?? DEFAULT_SELF_TRADE,
    instructions: instructionsOf(request),
    isLiquidation: false,
    price: request.price ?? 0,
    triggerPrice: request.triggerPrice ?? 0,
    isDormant: false,
    displayQuantity: request.displayQuantity ?? 0n,
    expiresAt: request.expiresAt ?? 0n,
    ...{ open: 0n, filled: 0n, left: quantity, shown: 0n, traded: 0n, fees: 0n },
    ...{ lastPrice: 0, lastQuantity: 0n, reason: null },
  };
}
