export { allotAccount, findAccount } from './accounts.js';
export { type Checkpoint, type Position, readCheckpoint } from './checkpoint.js';
export { type EngineAsset, MAX_UNITS, minorOf, readEngineAssets, unitsOf } from './engine-asset.js';
export { findFills, findOrder, findOrderByClientId, findOrders, findTradedOrders, type FillsWanted, ORDER_FILTERS, type OrderFilter, type OrdersWanted } from './find-orders.js'; // prettier-ignore
export { type Freeze, liftFreeze, listFreezes } from './freezes.js';
export { type Instrument, listingOf, listInstruments } from './instruments.js';
export { MoveFromExchange, type MoveRequest, MoveToExchange } from './move-money.js';
export { type Difference, listReconciliations, ReconcileExchange, type Reconciliation } from './reconcile.js';
export { type VenueRefusal } from './refusals.js';
export { SettleEvents } from './settle-events.js';
export { Settler, type SettlerParts, type SettlerSettings } from './settler.js';
export { SettlementFault, type SettlementFaultCode } from './settlement-fault.js';
export { type Direction, type ExchangeTransfer, TRANSFER_STATES, type TransferState } from './transfer.js';
export { findTransfer, listTransfers } from './transfers.js';
export { settlerSettingsOf, venueConfig } from './venue-config.js';
export { startVenueWork } from './venue-jobs.js';
export { readVenueSnapshot } from './venue-snapshot.js';
