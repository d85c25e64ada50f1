export * from './binary-schema.js';
export * from './engine-codec.js';
