export { BitcoinDevChain, type DevChainOptions } from './dev-chain.js';
