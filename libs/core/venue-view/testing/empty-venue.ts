import { type ViewedAsset, type VenueSnapshot } from '../venue-snapshot.js';

/** Before the first command of a venue whose assets are these. */
export function emptyVenue(assets: readonly ViewedAsset[]): VenueSnapshot {
  return {
    position: { sequence: 0n, index: -1 },
    assets,
    instruments: [],
    fees: [],
    accounts: [],
    balances: [],
    orders: [],
    lastTrades: [],
    bars: [],
    isKillSwitchEngaged: false,
    arriving: null,
    clientNames: [],
  };
}
