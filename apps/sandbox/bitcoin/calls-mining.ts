import { type TX } from 'bcoin';
import { type BitcoinNode } from './bitcoin-node.js';
import { BlockRejected } from './blockchain.js';
import { decodeTransaction } from './calls-pool.js';
import { type Json } from './exact-json.js';
import { INCREMENTAL_FEE_RATE, MIN_RELAY_FEE_RATE } from './policy.js';
import { regtest, reverseHex } from './regtest.js';
import { type RpcArguments } from './rpc-arguments.js';
import { RpcCode, RpcError } from './rpc-error.js';
import { type RpcMethod } from './rpc-server.js';

const MAX_BLOCKS_PER_CALL = 10_000;
const MAX_TARGET_BLOCKS = 1008;
/** The release whose answers are followed, as Bitcoin Core numbers it. */
const FOLLOWED_VERSION = 280_100;
const PROTOCOL_VERSION = 70_016;

/** Bitcoin Core's calls about mining, fees and the node itself. */
export function miningCalls(node: BitcoinNode): Record<string, RpcMethod> {
  return {
    generatetoaddress: {
      params: ['nblocks', 'address', 'maxtries'],
      run: (args) => mineBlocks(node, args.integer('nblocks'), args.destination('address')),
    },
    generateblock: { params: ['output', 'transactions', 'submit'], run: (args) => generateBlock(node, args) },
    estimatesmartfee: { params: ['conf_target', 'estimate_mode'], run: (args) => estimateFee(node, args) },
    getnetworkinfo: { params: [], run: networkInfo },
    uptime: { params: [], run: () => regtest.now() - node.startedAt },
  };
}

/** Mines one block after another; returns their hashes. */
export async function mineBlocks(node: BitcoinNode, count: number, payout?: Buffer): Promise<string[]> {
  if (count < 0 || count > MAX_BLOCKS_PER_CALL) {
    throw new RpcError(RpcCode.invalidParameter, `between 0 and ${MAX_BLOCKS_PER_CALL} blocks can be mined at once`);
  }
  const hashes: string[] = [];
  for (let i = 0; i < count; i += 1) hashes.push(await node.mine(payout));
  return hashes;
}

/** A block of exactly the given transactions, by id from the pool or raw. */
async function generateBlock(node: BitcoinNode, args: RpcArguments): Promise<Json> {
  const payout = args.destination('output');
  const txs = args.strings('transactions').map((text) => pooledOrRaw(node, text));
  const block = await node.builder.build(payout, txs);
  const hash = reverseHex(block.hash('hex'));
  if (!args.boolean('submit', true)) return { hash, hex: block.toRaw().toString('hex') };
  try {
    await node.blockchain.append(block);
  } catch (error) {
    if (!(error instanceof BlockRejected)) throw error;
    throw new RpcError(RpcCode.verifyError, `TestBlockValidity failed: ${error.reason}`);
  }
  return { hash };
}

function pooledOrRaw({ pool }: BitcoinNode, text: string): TX {
  if (text.length !== 64) return decodeTransaction(text);
  const entry = pool.get(reverseHex(text));
  if (!entry) throw new RpcError(RpcCode.invalidAddressOrKey, `Transaction ${text} not in mempool.`);
  return entry.tx;
}

function estimateFee({ estimatedFeeRate }: BitcoinNode, args: RpcArguments): Json {
  const target = args.integer('conf_target');
  if (target < 1 || target > MAX_TARGET_BLOCKS) {
    throw new RpcError(RpcCode.invalidParameter, `Invalid conf_target, must be between 1 and ${MAX_TARGET_BLOCKS}`);
  }
  const mode = args.string('estimate_mode', 'economical').toLowerCase();
  if (!['unset', 'economical', 'conservative'].includes(mode)) {
    throw new RpcError(
      RpcCode.invalidParameter,
      'Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"',
    );
  }
  // Core never looks less than two blocks ahead.
  const blocks = Math.max(2, target);
  if (estimatedFeeRate !== undefined) return { feerate: estimatedFeeRate, blocks };
  return { errors: ['Insufficient data or no feerate found'], blocks };
}

function networkInfo(): Json {
  return {
    version: FOLLOWED_VERSION,
    subversion: '/StrongroomDevChain:1.0.0(bcoin 1.0.2)/',
    protocolversion: PROTOCOL_VERSION,
    localservices: '0000000000000009',
    localservicesnames: ['NETWORK', 'WITNESS'],
    localrelay: true,
    timeoffset: 0,
    networkactive: false,
    connections: 0,
    connections_in: 0,
    connections_out: 0,
    networks: [],
    relayfee: MIN_RELAY_FEE_RATE,
    incrementalfee: INCREMENTAL_FEE_RATE,
    localaddresses: [],
    warnings: [],
  };
}
