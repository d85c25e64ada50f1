export { startAnvil, type AnvilSettings, type AnvilTestNode } from './anvil.js';
export { startBitcoinDevChain, type BitcoinDevChainSettings, type BitcoinTestNode } from './bitcoin-dev-chain.js';
export { callNode, NodeError } from './json-rpc.js';
export { startNodeProxy, type Interference, type NodeProxy, type ProxiedCall } from './node-proxy.js';
