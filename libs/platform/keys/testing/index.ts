export { TestSigner } from './signer-process.js';
export { ticketKeys } from './ticket-keys.js';
