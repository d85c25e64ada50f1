export * from './decimals.js';
export * from './venue-snapshot.js';
export * from './view-listener.js';
