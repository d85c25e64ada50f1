export * from './decimals.js';
export { type RefusedTerms, type TermsOf } from './reports.js';
export { type DayFigures } from './tape.js';
export * from './venue-snapshot.js';
export { VenueView, type VenueViewOptions } from './venue-view.js';
export { ViewFault } from './view-fault.js';
export * from './view-listener.js';
