export { BitcoinClient, bitcoinRefusal } from './bitcoin-client.js';
export type { BitcoinBlock, BitcoinOutput, BitcoinTransaction, BlockHeader, BlockRef, BlockSource, BroadcastOutcome, EthereumBlock, EthereumMovement, EthereumTransactionInBlock } from './chain.js'; // prettier-ignore
export { ChainLog } from './chain-log.js';
export { BITCOIN_CONFIRMATIONS, depthFor, ETHEREUM_CONFIRMATIONS, type ConfirmationPolicy } from './confirmations.js';
export { EthereumClient, ethereumRefusal } from './ethereum-client.js';
export { BITCOIN_FEE_BOUNDS, bitcoinFeeRate, bitcoinReplacementFee, ETHEREUM_TIP_BOUNDS, ethereumFees, ethereumReplacementFees, type EthereumFees, type FeeBounds } from './fees.js'; // prettier-ignore
export { ChainFollower, ReorganisationTooDeep, type BlockConsumer, type FollowOptions } from './follow-chain.js';
export { inBatches, JsonRpc, type JsonRpcOptions } from './json-rpc.js';
export { isNodeTrouble, NodeLies, NodeRefused, NodeUnavailable } from './node-errors.js';
export { witnessed } from './witnesses.js';
