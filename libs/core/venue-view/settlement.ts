import { type EngineEvent } from '@core/contracts';
import { type LiveOrder } from './live-order.js';

type Trade = Extract<EngineEvent, { kind: 'trade' }>;

/** What one side of a trade paid or received, and how its fee was reckoned. */
export interface SettledSide {
  readonly lots: bigint;
  readonly price: number;
  /** Quote units. */
  readonly notional: bigint;
  readonly fee: bigint;
  /** On what the fee was charged, and at which rate. */
  readonly feeBase: bigint;
  readonly feePpm: number;
}

/**
 * Which fees the engine charged on what: in an auction the maker's rate to both and a rebate to nobody; else a rebate comes out of the taker's fee,
 * and is reckoned on no unit that rounding made up.
 */
export function settlementOf(
  event: Trade,
  maker: LiveOrder,
  taker: LiveOrder,
): { readonly maker: SettledSide; readonly taker: SettledSide } {
  const { price, quantity: lots, buyerPays, sellerReceives, takerSide, makerFee, takerFee } = event;
  const isAuction = event.auction === 1;
  const makerPpm = Math.max(maker.terms.makerPpm, isAuction ? 0 : -taker.terms.takerPpm);
  const takerPpm = isAuction ? Math.max(taker.terms.makerPpm, 0) : taker.terms.takerPpm;
  const { tickValue, tickValueScale } = maker.listing;
  const makerNotional = takerSide === 'buy' ? sellerReceives : buyerPays;
  const takerNotional = takerSide === 'buy' ? buyerPays : sellerReceives;
  const exact = (BigInt(price) * lots * tickValue) / tickValueScale;
  const makerBase = makerPpm < 0 ? exact : makerNotional;
  return {
    maker: { lots, price, notional: makerNotional, fee: makerFee, feeBase: makerBase, feePpm: makerPpm },
    taker: { lots, price, notional: takerNotional, fee: takerFee, feeBase: takerNotional, feePpm: takerPpm },
  };
}
