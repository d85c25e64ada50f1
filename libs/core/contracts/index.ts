export * from './binary-schema.js';
export * from './engine-codec.js';
export * from './signer.js';
