export * from './venue-snapshot.js';
export * from './view-listener.js';
