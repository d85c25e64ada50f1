import { type ViewedInstrument } from '@core/venue-view';

/** Bitcoin in dollars: ticks of ten cents, lots of a ten-thousandth. For doors that stand on a venue in memory. */
export const BTC_USD: ViewedInstrument = {
  number: 1,
  symbol: 'BTC-USD',
  settlement: 'spot',
  base: { number: 1, code: 'BTC', scale: 8 },
  quote: { number: 2, code: 'USD', scale: 2 },
  lotUnits: 10_000n,
  tickValue: 1n,
  tickValueScale: 1_000n,
  minimumQuantity: 1n,
  maximumQuantity: 1_000_000n,
  maximumPrice: 2_000_000_000,
  state: 'open',
  auctionPrice: 0,
  auctionQuantity: 0n,
  auctionTime: 0n,
  referencePrice: 0,
  markPrice: 0,
};
