import bcoin, { type Block, type ChainEntry, type Hash } from 'bcoin';
import { type BitcoinNode } from './bitcoin-node.js';
import { type Json } from './exact-json.js';
import { difficultyOf, presentBlock, presentHeader } from './present-block.js';
import { presentScript } from './present-transaction.js';
import { reverseHex } from './regtest.js';
import { type RpcArguments } from './rpc-arguments.js';
import { RpcCode, RpcError } from './rpc-error.js';
import { type RpcMethod } from './rpc-server.js';

/** Bitcoin Core's "Blockchain" calls. */
export function chainCalls(node: BitcoinNode): Record<string, RpcMethod> {
  const { blockchain } = node;
  const { chain } = blockchain;
  return {
    getblockchaininfo: { params: [], run: () => blockchainInfo(node) },
    getblockcount: { params: [], run: () => blockchain.height },
    getbestblockhash: { params: [], run: () => reverseHex(blockchain.tip.hash) },
    getblockhash: {
      params: ['height'],
      run: async (args) => {
        const height = args.integer('height');
        const entry = height < 0 || height > blockchain.height ? null : await chain.getEntry(height);
        if (!entry) throw new RpcError(RpcCode.invalidParameter, 'Block height out of range');
        return reverseHex(entry.hash);
      },
    },
    getblockheader: {
      params: ['blockhash', 'verbose'],
      run: async (args) => {
        const entry = await requireEntry(node, args.hash('blockhash'));
        if (!args.boolean('verbose', true)) return entry.toHeaders().toRaw().subarray(0, 80).toString('hex');
        return presentHeader(blockchain, entry, (await requireBlock(node, entry)).txs.length);
      },
    },
    getblock: {
      params: ['blockhash', 'verbosity'],
      run: async (args) => {
        const entry = await requireEntry(node, args.hash('blockhash'));
        const verbosity = args.verbosity('verbosity', 1);
        const block = await requireBlock(node, entry);
        return verbosity <= 0 ? block.toRaw().toString('hex') : presentBlock(blockchain, entry, block, verbosity);
      },
    },
    getchaintips: { params: [], run: () => chainTips(node) },
    gettxout: { params: ['txid', 'n', 'include_mempool'], run: (args) => txOut(node, args) },
    invalidateblock: {
      params: ['blockhash'],
      run: async (args) => {
        const entry = await requireEntry(node, args.hash('blockhash'));
        if (entry.isGenesis()) throw new RpcError(RpcCode.databaseError, 'The genesis block cannot be invalidated');
        await blockchain.invalidate(entry);
        return null;
      },
    },
    reconsiderblock: {
      params: ['blockhash'],
      run: async (args) => {
        await blockchain.reconsider(await requireEntry(node, args.hash('blockhash')));
        return null;
      },
    },
  };
}

/** A known block, on the active chain or beside it. */
export async function requireEntry(node: BitcoinNode, hash: Hash): Promise<ChainEntry> {
  const entry = await node.blockchain.chain.getEntry(hash);
  if (!entry) throw new RpcError(RpcCode.invalidAddressOrKey, 'Block not found');
  return entry;
}

export async function requireBlock(node: BitcoinNode, entry: ChainEntry): Promise<Block> {
  const block = await node.blockchain.chain.getBlock(entry.hash);
  if (!block) throw new RpcError(RpcCode.misc, 'Block not available');
  return block;
}

async function blockchainInfo({ blockchain }: BitcoinNode): Promise<Json> {
  const { tip, chain } = blockchain;
  return {
    chain: 'regtest',
    blocks: tip.height,
    headers: tip.height,
    bestblockhash: reverseHex(tip.hash),
    difficulty: difficultyOf(tip.bits),
    time: tip.time,
    mediantime: await chain.getMedianTime(tip),
    verificationprogress: 1,
    initialblockdownload: false,
    chainwork: tip.chainwork.toString('hex', 64),
    pruned: false,
    warnings: [],
  };
}

async function chainTips({ blockchain }: BitcoinNode): Promise<Json> {
  const { chain, tip } = blockchain;
  const branches: Json[] = [{ height: tip.height, hash: reverseHex(tip.hash), branchlen: 0, status: 'active' }];
  for (const hash of await chain.db.getTips()) {
    const entry = await chain.getEntry(hash);
    if (!entry || entry.hash === tip.hash) continue;
    const status = (await blockchain.isCondemned(entry)) ? 'invalid' : 'valid-fork';
    const branchlen = entry.height - (await blockchain.forkOf(entry)).height;
    branches.push({ height: entry.height, hash: reverseHex(entry.hash), branchlen, status });
  }
  return branches;
}

async function txOut({ blockchain, pool }: BitcoinNode, args: RpcArguments): Promise<Json> {
  const outpoint = new bcoin.Outpoint(args.hash('txid'), args.integer('n'));
  const { chain, tip } = blockchain;
  const bestblock = reverseHex(tip.hash);
  const includePool = args.boolean('include_mempool', true);
  if (includePool && pool.spenderOf(outpoint)) return null;
  const pending = includePool ? pool.get(outpoint.hash)?.tx.outputs[outpoint.index] : undefined;
  const coin = pending ? undefined : await chain.db.readCoin(outpoint);
  const output = pending ?? coin?.output;
  if (!output) return null;
  return {
    bestblock,
    confirmations: coin ? tip.height - coin.height + 1 : 0,
    value: BigInt(output.value),
    scriptPubKey: presentScript(output.script.raw),
    coinbase: coin?.coinbase ?? false,
  };
}
