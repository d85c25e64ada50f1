import { Block, Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import { parseDecimal } from '@core/money';
import { type Secret } from '@base/config';
import { bitcoinBroadcastOutcome } from './bitcoin-broadcast.js';
import {
  type BlockId,
  type BlockSource,
  type BroadcastOutcome,
  type ChainBlock,
  ChainLied,
  ChainUnavailable,
} from './chain.js';
import { JsonRpc, NodeRefusal } from './json-rpc.js';

export interface Outpoint {
  readonly txid: string;
  readonly vout: number;
}

export interface BitcoinTransaction {
  readonly txid: string;
  readonly coinbase: boolean;
  readonly inputs: readonly Outpoint[];
  /** `value` in satoshi, `script` in hex: the address is for the reader to derive, never taken from a node. */
  readonly outputs: readonly { readonly vout: number; readonly value: bigint; readonly script: string }[];
}

export interface BitcoinBlock extends ChainBlock {
  readonly chain: 'bitcoin';
  readonly transactions: readonly BitcoinTransaction[];
}

/** Bounds of what we ever pay, in satoshi per 1,000 virtual bytes: Core's relay minimum, and a ceiling against a broken estimator. */
export const FEE_RATE = { floor: 1_000n, ceiling: 500_000n, fallback: 5_000n } as const;

const NOT_FOUND = -5;
const OUT_OF_RANGE = -8;
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const decimal = z.string().regex(/^[0-9]+(\.[0-9]{1,8})?$/);

/** A Bitcoin node by Core's JSON-RPC (`BITCOIN_RPC_URL`; no transaction index is needed). It is believed only where its answers hash to what they claim. */
export class BitcoinNode implements BlockSource<BitcoinBlock> {
  readonly #rpc: JsonRpc;

  constructor(options: { url: Secret; timeoutMs?: number; maxBytes?: number }) {
    this.#rpc = new JsonRpc({ ...options, chain: 'bitcoin' });
  }

  async tip(): Promise<BlockId> {
    const info = await this.#rpc.call(
      'getblockchaininfo',
      [],
      z.object({ blocks: z.number().int(), bestblockhash: hash }),
    );
    return { height: info.blocks, hash: info.bestblockhash };
  }

  async blockHashAt(height: number): Promise<string | undefined> {
    return this.#unless(OUT_OF_RANGE, () => this.#rpc.call('getblockhash', [height], hash));
  }

  /** The block at this height, parsed from its bytes, its hash and its merkle root re-computed. @throws ChainLied */
  async blockAt(height: number): Promise<BitcoinBlock> {
    const claimed = await this.blockHashAt(height);
    if (claimed === undefined) throw new ChainUnavailable(`the bitcoin node has no block ${height}`);
    const raw = await this.#rpc.call('getblock', [claimed, 0], hex);
    const block = readBlock(raw);
    const actual = reversedHex(block.getHash());
    const rooted = (block.transactions?.length ?? 0) > 0 && block.checkTxRoots();
    if (actual !== claimed || !rooted) throw new ChainLied(`bitcoin block ${height} does not hash to ${claimed}`);
    return {
      chain: 'bitcoin',
      height,
      hash: actual,
      parentHash: block.prevHash ? reversedHex(block.prevHash) : '',
      time: new Date(block.timestamp * 1000),
      transactions: (block.transactions ?? []).map(present),
    };
  }

  /**
   * A transaction in the mempool, or in the block that is named, its bytes checked against its id; undefined when it is not there. A node without an index does
   * not know of mined transactions by id alone: those are found by following blocks.
   */
  async transaction(
    txid: string,
    inBlock?: string,
  ): Promise<{ raw: string; blockHash?: string; confirmations: number } | undefined> {
    const shape = z.object({ hex, blockhash: hash.optional(), confirmations: z.number().int().optional() });
    const params = [txid, true, ...(inBlock === undefined ? [] : [inBlock])];
    const found = await this.#unless(NOT_FOUND, () => this.#rpc.call('getrawtransaction', params, shape));
    if (!found) return undefined;
    if (Transaction.fromHex(found.hex).getId() !== txid)
      throw new ChainLied(`the bytes given for ${txid} are another transaction's`);
    const confirmations = Math.max(0, found.confirmations ?? 0);
    return { raw: found.hex, confirmations, ...(found.blockhash ? { blockHash: found.blockhash } : {}) };
  }

  /** An output that neither the chain nor the mempool has spent; `value` in satoshi. */
  async unspent(outpoint: Outpoint): Promise<{ value: bigint; script: string; confirmations: number } | undefined> {
    const shape = z
      .object({ value: decimal, confirmations: z.number().int(), scriptPubKey: z.object({ hex }) })
      .nullable();
    const found = await this.#rpc.call('gettxout', [outpoint.txid, outpoint.vout, true], shape, ['value']);
    if (!found) return undefined;
    return { value: parseDecimal(found.value, 8), script: found.scriptPubKey.hex, confirmations: found.confirmations };
  }

  /** Hands signed bytes to the node. Handing them over again is harmless. */
  async broadcast(raw: string): Promise<BroadcastOutcome> {
    try {
      await this.#rpc.call('sendrawtransaction', [raw], hash);
      return { kind: 'accepted' };
    } catch (error) {
      if (error instanceof NodeRefusal) return bitcoinBroadcastOutcome(error);
      if (error instanceof ChainUnavailable) return { kind: 'unknown' };
      throw error;
    }
  }

  /** Satoshi per 1,000 virtual bytes to be mined within `targetBlocks`, between floor and ceiling; the fallback where the node cannot tell. */
  async feeRate(targetBlocks: number): Promise<bigint> {
    const shape = z.object({ feerate: decimal.optional() });
    const [estimate, mempool] = await Promise.all([
      this.#rpc.call('estimatesmartfee', [targetBlocks], shape, ['feerate']),
      this.#rpc.call('getmempoolinfo', [], z.object({ mempoolminfee: decimal.optional() }), ['mempoolminfee']),
    ]);
    const wanted = estimate.feerate === undefined ? FEE_RATE.fallback : parseDecimal(estimate.feerate, 8);
    const least = mempool.mempoolminfee === undefined ? FEE_RATE.floor : parseDecimal(mempool.mempoolminfee, 8);
    const floored = [wanted, least, FEE_RATE.floor].reduce((a, b) => (a > b ? a : b));
    return floored < FEE_RATE.ceiling ? floored : FEE_RATE.ceiling;
  }

  async #unless<T>(code: number, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof NodeRefusal && error.code === code) return undefined;
      throw error;
    }
  }
}

function readBlock(raw: string): Block {
  try {
    return Block.fromHex(raw);
  } catch (error) {
    throw new ChainLied('the bitcoin node gave bytes that are not a block', { cause: error });
  }
}

const reversedHex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');

function present(transaction: Transaction): BitcoinTransaction {
  const coinbase = transaction.isCoinbase();
  return {
    txid: transaction.getId(),
    coinbase,
    inputs: coinbase ? [] : transaction.ins.map((input) => ({ txid: reversedHex(input.hash), vout: input.index })),
    outputs: transaction.outs.map((output, vout) => ({
      vout,
      value: output.value,
      script: Buffer.from(output.script).toString('hex'),
    })),
  };
}
