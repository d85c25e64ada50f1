export { BlockFollower, type BlockFollowerParts, type Step } from './block-follower.js';
export { type BitcoinBlock, BitcoinNode, type BitcoinTransaction, FEE_RATE, type Outpoint } from './bitcoin-node.js';
export { type BlockId, type BlockSink, type BlockSource, type BroadcastOutcome, type ChainBlock, ChainLied, type ChainName, CHAINS, ChainUnavailable } from './chain.js'; // prettier-ignore
export { type ChainHalt, chainHalt, haltChain, resumeChain } from './chain-halt.js';
export { requiredConfirmations } from './confirmations.js';
export { type EthereumBlock, type EthereumBlockTransaction, type EthereumValueTransfer } from './ethereum-block.js';
export { type EthereumFees, EthereumNode, GAS_PRICE } from './ethereum-node.js';
export { blockHashAt, lastBlock } from './remembered-blocks.js';
