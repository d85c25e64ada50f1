export * from './binary-schema.js';
export * from './client-order-id.js';
export * from './engine-codec.js';
export * from './exchange-link.js';
export * from './hot-messages.js';
export * from './signer.js';
