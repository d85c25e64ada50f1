import { Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import { type BitcoinNetwork } from '@core/wallet';
import { readBitcoinBlock } from './bitcoin-block.js';
import { type BitcoinBlock, type BlockRef, type BlockSource, type BroadcastOutcome } from './chain.js';
import { type JsonRpc } from './json-rpc.js';
import { NodeLies, NodeRefused, NodeUnavailable } from './node-errors.js';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const height = z.int().min(0).max(0x7fffffff);

const CORE_NAMES: Readonly<Record<BitcoinNetwork, string>> = {
  mainnet: 'main',
  testnet: 'test',
  signet: 'signet',
  regtest: 'regtest',
};

const chainInfo = z.object({ chain: z.string(), blocks: height, bestblockhash: hash });
const feeEstimate = z.object({ feerate: z.number().positive().max(1).optional() });
const mempoolInfo = z.object({ mempoolminfee: z.number().min(0).max(1) });
const coin = z.object({ bestblock: hash, confirmations: z.int().min(0) }).nullable();

/** Codes of Bitcoin Core's `rpc/protocol.h`. */
const RPC_TRANSACTION_ERROR = -25;
const RPC_TRANSACTION_REJECTED = -26;
const RPC_ALREADY_IN_UTXO_SET = -27;
const RPC_DESERIALIZATION_ERROR = -22;
const RPC_NOT_FOUND = -5;
const RPC_OUT_OF_RANGE = -8;

/** A Bitcoin node behind Bitcoin Core's JSON-RPC. */
export class BitcoinClient implements BlockSource<BitcoinBlock> {
  constructor(
    private readonly rpc: JsonRpc,
    private readonly network: BitcoinNetwork,
  ) {}

  /** @throws NodeLies when the node is on another network */
  async tip(): Promise<BlockRef> {
    const info = await this.rpc.call('getblockchaininfo', [], chainInfo);
    if (info.chain !== CORE_NAMES[this.network]) throw new NodeLies(`a node of another network than ${this.network}`);
    return { height: info.blocks, hash: info.bestblockhash };
  }

  async hashAt(at: number): Promise<string | undefined> {
    try {
      return await this.rpc.call('getblockhash', [at], hash);
    } catch (error) {
      if (error instanceof NodeRefused && error.rpcCode === RPC_OUT_OF_RANGE) return undefined;
      throw error;
    }
  }

  async block(name: string): Promise<BitcoinBlock> {
    const header = await this.rpc.call('getblockheader', [name], z.object({ height }));
    const raw = await this.rpc.call('getblock', [name, 0], z.string().regex(/^([0-9a-f]{2})+$/));
    return readBitcoinBlock(raw, { hash: name, height: header.height });
  }

  /**
   * Hands a transaction to the node. Its answer is judged by code, its text only where a code has several meanings (contract probed
   * against Bitcoin Core 28).
   */
  async broadcast(raw: string): Promise<BroadcastOutcome> {
    try {
      // 0: no fee limit of the node's own; ours were checked before signing.
      const txid = await this.rpc.call('sendrawtransaction', [raw, 0], hash);
      return txid === Transaction.fromHex(raw).getId() ? 'accepted' : 'unknown';
    } catch (error) {
      if (error instanceof NodeUnavailable) return 'unknown';
      if (error instanceof NodeRefused) return bitcoinRefusal(error);
      throw error;
    }
  }

  /** Whether the pool holds this transaction. */
  async isPooled(txid: string): Promise<boolean> {
    try {
      await this.rpc.call('getmempoolentry', [txid], z.looseObject({}));
      return true;
    } catch (error) {
      if (error instanceof NodeRefused && error.rpcCode === RPC_NOT_FOUND) return false;
      throw error;
    }
  }

  /** Whether a confirmed output is unspent, and at which tip the node looked. Its value is known from its transaction. */
  async isUnspent(outpoint: { txid: string; vout: number }): Promise<{ unspent: boolean; at: string | undefined }> {
    const found = await this.rpc.call('gettxout', [outpoint.txid, outpoint.vout, false], coin);
    return { unspent: found !== null, at: found?.bestblock };
  }

  /** The node's estimate in satoshi per 1,000 virtual bytes, rounded up; `undefined` when it has none (a fresh node). */
  async estimateFeeRate(withinBlocks: number): Promise<bigint | undefined> {
    const { feerate } = await this.rpc.call('estimatesmartfee', [withinBlocks], feeEstimate);
    return feerate === undefined ? undefined : satoshiPerKvb(feerate);
  }

  /** What the pool asks at least, same unit. */
  async minimumFeeRate(): Promise<bigint> {
    return satoshiPerKvb((await this.rpc.call('getmempoolinfo', [], mempoolInfo)).mempoolminfee);
  }
}

/** A rate, not an amount: JSON's float has digits to spare, and it is rounded up. */
function satoshiPerKvb(bitcoinsPerKvb: number): bigint {
  return BigInt(Math.ceil(Math.round(bitcoinsPerKvb * 1e11) / 1e3));
}

/** What a refusal by Bitcoin Core means for a transaction. */
export function bitcoinRefusal({ rpcCode, nodeText }: NodeRefused): BroadcastOutcome {
  if (rpcCode === RPC_ALREADY_IN_UTXO_SET) return 'known';
  if (
    /already in (block chain|mempool)|txn-already-(known|in-mempool)|txn-same-nonwitness-data-in-mempool/.test(nodeText)
  )
    return 'known';
  if (rpcCode === RPC_TRANSACTION_ERROR) return /missingorspent|missing inputs/i.test(nodeText) ? 'spent' : 'rejected';
  if (rpcCode === RPC_DESERIALIZATION_ERROR) return 'rejected';
  // Still starting, shutting down, out of threads: it has not looked at the transaction.
  if (rpcCode !== RPC_TRANSACTION_REJECTED) return 'unknown';
  if (/insufficient fee|txn-mempool-conflict|replacement/.test(nodeText)) return 'conflict';
  if (/missingorspent|missing-inputs/.test(nodeText)) return 'spent';
  if (/min relay fee not met|mempool min fee not met/.test(nodeText)) return 'fee_too_low';
  return 'rejected';
}
