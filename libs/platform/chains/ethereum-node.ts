import { z } from 'zod';
import { type Secret } from '@base/config';
import { type BlockId, type BlockSource, type BroadcastOutcome, ChainLied, ChainUnavailable } from './chain.js';
import {
  blockShape,
  type EthereumBlock,
  headerHash,
  presentBlock,
  receiptShape,
  type TraceFrame,
  traceShape,
} from './ethereum-block.js';
import { ethereumBroadcastOutcome } from './ethereum-broadcast.js';
import { address, hash32, quantity } from './ethereum-shapes.js';
import { JsonRpc, NodeRefusal } from './json-rpc.js';

export interface EthereumFees {
  readonly baseFee: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

const GWEI = 10n ** 9n;
/** Bounds of what we ever offer, in wei per gas. */
export const GAS_PRICE = { tipFloor: GWEI, tipCeiling: 50n * GWEI, ceiling: 1_000n * GWEI } as const;

const METHOD_NOT_FOUND = -32601;
const hexOf = (height: number): string => `0x${height.toString(16)}`;

/** An Ethereum node by JSON-RPC (`ETHEREUM_RPC_URL`). Its chain id is checked before anything is believed, each block against its own hash. */
export class EthereumNode implements BlockSource<EthereumBlock> {
  readonly #rpc: JsonRpc;
  readonly #chainId: number;
  #identified = false;
  #traces = true;

  constructor(options: { url: Secret; chainId: number; timeoutMs?: number; maxBytes?: number }) {
    this.#rpc = new JsonRpc({ ...options, chain: 'ethereum' });
    this.#chainId = options.chainId;
  }

  async tip(): Promise<BlockId> {
    const block = await this.#call(
      'eth_getBlockByNumber',
      ['latest', false],
      z.object({ number: quantity, hash: hash32 }),
    );
    return { height: Number(block.number), hash: block.hash };
  }

  async blockHashAt(height: number): Promise<string | undefined> {
    const shape = z.object({ hash: hash32 }).nullable();
    return (await this.#call('eth_getBlockByNumber', [hexOf(height), false], shape))?.hash;
  }

  /**
   * The block at this height with the value that moved in it, calls inside contracts included (where the node can trace; an ancestor that reverted takes
   * its whole subtree with it). @throws ChainLied when the header does not hash to the block's hash
   */
  async blockAt(height: number): Promise<EthereumBlock> {
    const block = await this.#call('eth_getBlockByNumber', [hexOf(height), true], blockShape.nullable());
    if (!block) throw new ChainUnavailable(`the ethereum node has no block ${height}`);
    if (headerHash(block) !== block.hash || Number(block.number) !== height) {
      throw new ChainLied(`ethereum block ${height} does not hash to ${block.hash}`);
    }
    const receipts = block.transactions.length > 0 ? await this.#receipts(block.hash) : [];
    const traces = new Map<string, TraceFrame>();
    for (const transaction of block.transactions) {
      const runsCode = transaction.to === null || transaction.input !== '0x';
      const trace = runsCode ? await this.#trace(transaction.hash) : undefined;
      if (trace) traces.set(transaction.hash, trace);
    }
    return presentBlock(block, receipts, traces);
  }

  /** Wei at an address after block `height`, or at the tip. */
  balance(of: string, height?: number): Promise<bigint> {
    return this.#call('eth_getBalance', [of, height === undefined ? 'latest' : hexOf(height)], quantity);
  }

  /** The next nonce: by mined transactions, or by those waiting too. */
  async nonce(of: string, at: 'latest' | 'pending'): Promise<number> {
    return Number(await this.#call('eth_getTransactionCount', [of, at], quantity));
  }

  code(at: string): Promise<string> {
    return this.#call('eth_getCode', [at, 'latest'], z.string());
  }

  estimateGas(call: { from: string; to: string; value: bigint; data?: string }): Promise<bigint> {
    const { from, to, value, data } = call;
    return this.#call(
      'eth_estimateGas',
      [{ from, to, value: `0x${value.toString(16)}`, ...(data ? { data } : {}) }],
      quantity,
    );
  }

  /** Twice the present base fee plus a tip, so that the transaction stays valid through six full blocks; within our bounds (EIP-1559). */
  async fees(): Promise<EthereumFees> {
    const [block, suggested] = await Promise.all([
      this.#call('eth_getBlockByNumber', ['latest', false], z.object({ baseFeePerGas: quantity })),
      this.#call('eth_maxPriorityFeePerGas', [], quantity).catch((error: unknown) => {
        if (error instanceof NodeRefusal) return GAS_PRICE.tipFloor;
        throw error;
      }),
    ]);
    const tip = bounded(suggested, GAS_PRICE.tipFloor, GAS_PRICE.tipCeiling);
    const most = bounded(block.baseFeePerGas * 2n + tip, tip, GAS_PRICE.ceiling);
    return { baseFee: block.baseFeePerGas, maxFeePerGas: most, maxPriorityFeePerGas: tip };
  }

  async receipt(
    hash: string,
  ): Promise<
    { status: 0 | 1; blockHash: string; height: number; gasUsed: bigint; effectiveGasPrice: bigint } | undefined
  > {
    const found = await this.#call('eth_getTransactionReceipt', [hash], receiptShape.nullable());
    if (!found) return undefined;
    const { blockHash, blockNumber, status, gasUsed, effectiveGasPrice } = found;
    return { status: status === 1n ? 1 : 0, blockHash, height: Number(blockNumber), gasUsed, effectiveGasPrice };
  }

  async transaction(
    hash: string,
  ): Promise<{ hash: string; nonce: number; from: string; blockHash?: string } | undefined> {
    const shape = z.object({ hash: hash32, nonce: quantity, from: address, blockHash: hash32.nullish() }).nullable();
    const found = await this.#call('eth_getTransactionByHash', [hash], shape);
    if (!found) return undefined;
    return {
      hash: found.hash,
      nonce: Number(found.nonce),
      from: found.from,
      ...(found.blockHash ? { blockHash: found.blockHash } : {}),
    };
  }

  /** Hands signed bytes to the node. Handing them over again is harmless. */
  async broadcast(raw: string): Promise<BroadcastOutcome> {
    try {
      await this.#call('eth_sendRawTransaction', [raw], hash32);
      return { kind: 'accepted' };
    } catch (error) {
      if (error instanceof NodeRefusal) return ethereumBroadcastOutcome(error);
      if (error instanceof ChainUnavailable) return { kind: 'unknown' };
      throw error;
    }
  }

  async #receipts(blockHash: string): Promise<z.infer<typeof receiptShape>[]> {
    const receipts = await this.#call('eth_getBlockReceipts', [blockHash], z.array(receiptShape));
    if (receipts.some((receipt) => receipt.blockHash !== blockHash))
      throw new ChainLied(`receipts of ${blockHash} are another block's`);
    return receipts;
  }

  async #trace(hash: string): Promise<TraceFrame | undefined> {
    if (!this.#traces) return undefined;
    try {
      return await this.#call('debug_traceTransaction', [hash, { tracer: 'callTracer' }], traceShape);
    } catch (error) {
      if (!(error instanceof NodeRefusal) || error.code !== METHOD_NOT_FOUND) throw error;
      this.#traces = false;
      return undefined;
    }
  }

  async #call<Schema extends z.ZodType>(
    method: string,
    params: readonly unknown[],
    schema: Schema,
  ): Promise<z.infer<Schema>> {
    if (!this.#identified) {
      const id = await this.#rpc.call('eth_chainId', [], quantity);
      if (Number(id) !== this.#chainId) throw new ChainLied(`the node is on chain ${id}, not on ${this.#chainId}`);
      this.#identified = true;
    }
    return this.#rpc.call(method, params, schema);
  }
}

const bounded = (value: bigint, floor: bigint, ceiling: bigint): bigint =>
  value < floor ? floor : value > ceiling ? ceiling : value;
