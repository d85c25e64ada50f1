export * from './amount.js';
export * from './asset.js';
export * from './money.js';
export * from './rate.js';
export * from './rounding.js';
