import { type TX } from 'bcoin';
import { addressOf } from './address.js';
import { bcoinAddress } from './bcoin-address.js';
import { type BitcoinNode } from './bitcoin-node.js';
import { BlockRejected } from './blockchain.js';
import { mineBlocks } from './calls-mining.js';
import { decodeTransaction } from './calls-pool.js';
import { type Json } from './exact-json.js';
import { MIN_RELAY_FEE_RATE } from './policy.js';
import { reverseHex } from './regtest.js';
import { Rejection } from './rejection.js';
import { type RpcArguments } from './rpc-arguments.js';
import { RpcCode, RpcError } from './rpc-error.js';
import { type RpcMethod } from './rpc-server.js';
import { InsufficientFunds, type SandboxWallet } from './wallet.js';

/** 5 sat/vB, well above the relay minimum. */
const WALLET_FEE_RATE = 5n * MIN_RELAY_FEE_RATE;
const MAX_REORG = 1_000;

/** What Bitcoin Core does not have: the faucet, the outside wallet, blocks and reorganizations on request. */
export function sandboxCalls(node: BitcoinNode): Record<string, RpcMethod> {
  return {
    sandbox_faucet: { params: ['address', 'amount'], run: (args) => pay(node, node.faucet, args) },
    sandbox_mine: {
      params: ['nblocks', 'address'],
      run: (args) =>
        mineBlocks(node, args.integer('nblocks', 1), args.has('address') ? args.destination('address') : undefined),
    },
    sandbox_newaddress: { params: [], run: async () => addressOf(await node.newOutsideScript()) ?? null },
    sandbox_send: { params: ['address', 'amount', 'feerate'], run: (args) => pay(node, node.outside, args) },
    sandbox_balance: { params: ['address'], run: (args) => balance(node, args) },
    sandbox_reorg: { params: ['depth', 'options'], run: (args) => reorganize(node, args) },
    sandbox_setfeeestimate: {
      params: ['feerate'],
      run: (args) => {
        node.estimatedFeeRate = args.has('feerate') ? args.amount('feerate') : undefined;
        return null;
      },
    },
  };
}

async function pay(node: BitcoinNode, wallet: SandboxWallet, args: RpcArguments): Promise<Json> {
  const script = args.destination('address');
  const amount = args.amount('amount');
  const feeRate = args.amount('feerate', WALLET_FEE_RATE);
  try {
    const tx = wallet.pay({ script, amount, feeRate });
    node.acceptance.admit(await node.acceptance.examine(tx));
    return tx.txid();
  } catch (error) {
    if (error instanceof InsufficientFunds) throw new RpcError(RpcCode.insufficientFunds, error.message);
    if (error instanceof Rejection) throw new RpcError(RpcCode.verifyRejected, error.message);
    throw error;
  }
}

/** What an address holds; the whole outside wallet when none is given. */
async function balance(node: BitcoinNode, args: RpcArguments): Promise<Json> {
  if (!args.has('address')) return { ...node.outside.balance() };
  const script = args.destination('address');
  const confirmed = await confirmedCoins(node, script);
  const arriving = node.pool
    .all()
    .flatMap(({ hash, tx }) =>
      tx.outputs.flatMap(({ script: { raw }, value }, index) => (raw.equals(script) ? [{ hash, index, value }] : [])),
    );
  const unspent = (coins: readonly { hash: string; index: number; value: number }[]): bigint =>
    coins.filter((coin) => !node.pool.spenderOf(coin)).reduce((sum, { value }) => sum + BigInt(value), 0n);
  return { confirmed: unspent(confirmed), pending: unspent(arriving) };
}

async function confirmedCoins(
  node: BitcoinNode,
  script: Buffer,
): Promise<{ hash: string; index: number; value: number }[]> {
  const address = bcoinAddress(script);
  const coins = address ? await node.blockchain.chain.getCoinsByAddress([address]) : [];
  return coins.filter((coin) => coin.script.raw.equals(script));
}

interface ReorgPlan {
  readonly drop: readonly string[];
  readonly include: readonly TX[];
  readonly blocks: number;
}

/**
 * Leaves the last `depth` blocks for a longer branch. `include` are raw transactions for its first block, such as a
 * double spend; transactions of the old blocks return to the pool unless the branch contradicts them or `drop` names
 * them. The branch is one block longer than what it replaces unless `blocks` says more.
 */
async function reorganize(node: BitcoinNode, args: RpcArguments): Promise<Json> {
  const depth = args.integer('depth');
  const { blockchain, builder, faucet, pool } = node;
  if (depth < 1 || depth > Math.min(MAX_REORG, blockchain.height)) {
    throw new RpcError(
      RpcCode.invalidParameter,
      `depth must be between 1 and ${Math.min(MAX_REORG, blockchain.height)}`,
    );
  }
  const { drop, include, blocks } = reorgPlan(args.object('options'), depth);
  const payout = faucet.firstScript();
  const { disconnected, connected } = await rejecting(() =>
    blockchain.reorganize(depth, async () => {
      for (let i = 0; i < blocks; i += 1)
        await blockchain.connectNew(await builder.build(payout, i === 0 ? include : []));
    }),
  );
  const left = disconnected.flatMap(({ txs }) => txs.filter((tx) => !tx.isCoinbase()));
  for (const txid of drop) {
    const entry = pool.get(reverseHex(txid));
    if (entry) pool.evict(entry);
  }
  const returned = left.filter((tx) => pool.get(tx.hash('hex')));
  return {
    disconnected: disconnected.map((block) => reverseHex(block.hash('hex'))),
    connected: connected.map((block) => reverseHex(block.hash('hex'))),
    returned: returned.map((tx) => tx.txid()),
    gone: left.filter((tx) => !returned.includes(tx)).map((tx) => tx.txid()),
  };
}

function reorgPlan(options: Readonly<Record<string, unknown>>, depth: number): ReorgPlan {
  const { drop = [], include = [], blocks = depth + 1 } = options;
  const strings = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!strings(drop) || !strings(include) || typeof blocks !== 'number' || blocks <= depth || blocks > 2 * MAX_REORG) {
    throw new RpcError(
      RpcCode.invalidParameter,
      'options are { drop: [txid], include: [rawtx], blocks: more than depth }',
    );
  }
  return { drop, include: include.map(decodeTransaction), blocks };
}

async function rejecting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BlockRejected) throw new RpcError(RpcCode.verifyError, error.reason);
    throw error;
  }
}
