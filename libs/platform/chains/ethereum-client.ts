import { getAddress, Transaction } from 'ethers';
import { z } from 'zod';
import {
  type BlockRef,
  type BlockSource,
  type BroadcastOutcome,
  type EthereumBlock,
  type EthereumMovement,
} from './chain.js';
import { hash32, headerHash, headerSchema, quantity } from './ethereum-header.js';
import { blockTraceSchema, internalMovements } from './ethereum-trace.js';
import { type JsonRpc } from './json-rpc.js';
import { NodeLies, NodeRefused, NodeUnavailable } from './node-errors.js';

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/).transform((text) => getAddress(text)); // prettier-ignore

const transactionSchema = z.object({
  hash: hash32,
  from: address,
  to: address.nullable(),
  value: quantity,
  nonce: quantity,
  input: z.string().max(2_000_000),
});
const blockSchema = headerSchema.extend({ transactions: z.array(transactionSchema) }).nullable();
const receiptSchema = z.object({
  transactionHash: hash32,
  blockHash: hash32,
  status: z.enum(['0x0', '0x1']),
  gasUsed: quantity,
  effectiveGasPrice: quantity,
});
/** EIP-2681 allows more, but no account gets there. */
const count = quantity.refine((value) => value <= BigInt(Number.MAX_SAFE_INTEGER));
const tipSchema = headerSchema.pick({ hash: true, number: true });

type RawBlock = NonNullable<z.infer<typeof blockSchema>>;

const METHOD_NOT_FOUND = -32601;
/** Internal error (JSON-RPC 2.0), limit exceeded (EIP-1474), and HTTP's word for the latter. */
const NOT_LOOKED_AT: readonly number[] = [-32603, -32005, 429];

/** An Ethereum node behind JSON-RPC. */
export class EthereumClient implements BlockSource<EthereumBlock> {
  #traces = true;

  constructor(
    private readonly rpc: JsonRpc,
    private readonly chainId: bigint,
  ) {}

  /** @throws NodeLies when the node is on another chain */
  async tip(): Promise<BlockRef> {
    const chainId = await this.rpc.call('eth_chainId', [], quantity);
    if (chainId !== this.chainId) throw new NodeLies(`a node of another chain than ${this.chainId}`);
    const { number, hash } = await this.rpc.call('eth_getBlockByNumber', ['latest', false], tipSchema);
    return { height: Number(number), hash };
  }

  async hashAt(height: number): Promise<string | undefined> {
    const block = await this.rpc.call('eth_getBlockByNumber', [hex(BigInt(height)), false], tipSchema.nullable());
    return block?.hash;
  }

  async block(hash: string): Promise<EthereumBlock> {
    const block = await this.rpc.call('eth_getBlockByHash', [hash, true], blockSchema);
    if (block === null) throw new NodeUnavailable('eth_getBlockByHash: the node does not know the block any more');
    if (block.hash !== hash || headerHash(block) !== hash) throw new NodeLies('a block that does not hash to its name');
    const receipts = await this.#receipts(block);
    const succeeded = new Set(
      receipts.filter(({ status }) => status === '0x1').map(({ transactionHash }) => transactionHash),
    );
    const fees = new Map(
      receipts.map((receipt) => [receipt.transactionHash, receipt.gasUsed * receipt.effectiveGasPrice]),
    );
    const direct = block.transactions.flatMap(({ hash: txid, from, to, value }): EthereumMovement[] =>
      to !== null && value > 0n && succeeded.has(txid) ? [{ txid, index: 0, from, to, value }] : [],
    );
    const inside = await this.#internalMovements(block, succeeded);
    return {
      height: Number(block.number),
      hash,
      parentHash: block.parentHash,
      time: Number(block.timestamp),
      baseFee: block.baseFeePerGas ?? 0n,
      transactions: block.transactions.map(({ hash: txid, from, nonce }) => ({
        txid,
        from,
        nonce: Number(nonce),
        succeeded: succeeded.has(txid),
        fee: fees.get(txid) ?? 0n,
      })),
      movements: [...direct, ...(inside ?? [])],
      traced: inside !== undefined,
    };
  }

  /** Receipts of all transactions, each belonging to exactly this block. */
  async #receipts(block: RawBlock): Promise<z.infer<typeof receiptSchema>[]> {
    if (block.transactions.length === 0) return [];
    const receipts = await this.rpc.call('eth_getBlockReceipts', [block.hash], z.array(receiptSchema));
    const named = new Set(receipts.map(({ transactionHash }) => transactionHash));
    const complete =
      block.transactions.every(({ hash }) => named.has(hash)) && receipts.length === block.transactions.length;
    if (!complete || receipts.some(({ blockHash }) => blockHash !== block.hash)) {
      throw new NodeLies('receipts that do not belong to their block');
    }
    return receipts;
  }

  /** Only transactions that called something can have moved ether inside; `undefined` when the node cannot trace. */
  async #internalMovements(block: RawBlock, succeeded: ReadonlySet<string>): Promise<EthereumMovement[] | undefined> {
    const called = new Set(
      block.transactions.filter((tx) => tx.input !== '0x' && succeeded.has(tx.hash)).map((tx) => tx.hash),
    );
    if (called.size === 0) return [];
    if (!this.#traces) return undefined;
    try {
      const traces = await this.rpc.call(
        'debug_traceBlockByHash',
        [block.hash, { tracer: 'callTracer' }],
        blockTraceSchema,
      );
      return traces
        .filter(({ txHash }) => called.has(txHash))
        .flatMap(({ txHash, result }) => internalMovements(txHash, result));
    } catch (error) {
      if (!(error instanceof NodeRefused) || error.rpcCode !== METHOD_NOT_FOUND) throw error;
      this.#traces = false;
      return undefined;
    }
  }

  async broadcast(raw: string): Promise<BroadcastOutcome> {
    try {
      const txid = await this.rpc.call('eth_sendRawTransaction', [raw], hash32);
      return txid === Transaction.from(raw).hash ? 'accepted' : 'unknown';
    } catch (error) {
      if (error instanceof NodeUnavailable) return 'unknown';
      if (error instanceof NodeRefused) return ethereumRefusal(error);
      throw error;
    }
  }

  /** Whether the node knows the transaction, in its pool or in a block. */
  async isKnown(txid: string): Promise<boolean> {
    return (
      (await this.rpc.call('eth_getTransactionByHash', [txid], z.looseObject({ hash: hash32 }).nullable())) !== null
    );
  }

  /** Wei at an address after exactly this block, or as the pool would leave it. */
  balanceAt(account: string, at: { blockHash: string } | 'latest'): Promise<bigint> {
    return this.rpc.call('eth_getBalance', [account, at], quantity);
  }

  /** The next unused nonce: confirmed, or counting the node's pool. */
  async nonceOf(account: string, at: 'latest' | 'pending'): Promise<number> {
    return Number(await this.rpc.call('eth_getTransactionCount', [account, at], count));
  }

  /** Whether an address carries code (a contract, or an account that EIP-7702 delegated). */
  async hasCode(account: string): Promise<boolean> {
    return (await this.rpc.call('eth_getCode', [account, 'latest'], z.string().regex(/^0x([0-9a-f]{2})*$/))) !== '0x';
  }

  /** Gas that the transfer would take now. @throws NodeRefused when it would fail. */
  estimateGas(transfer: { from: string; to: string; value: bigint }): Promise<bigint> {
    return this.rpc.call('eth_estimateGas', [{ ...transfer, value: hex(transfer.value) }], quantity);
  }

  /** Base fee of the newest block and the tip that the node suggests, wei per gas. */
  async feeHints(): Promise<{ baseFee: bigint; tip: bigint }> {
    const latest = await this.rpc.call(
      'eth_getBlockByNumber',
      ['latest', false],
      headerSchema.pick({ baseFeePerGas: true }),
    );
    const tip = await this.rpc.call('eth_maxPriorityFeePerGas', [], quantity);
    return { baseFee: latest.baseFeePerGas ?? 0n, tip };
  }
}

/** What a refusal by a node means for a transaction: codes differ between clients, so known words decide. */
export function ethereumRefusal({ rpcCode, nodeText }: NodeRefused): BroadcastOutcome {
  if (/already known|already imported|known transaction/i.test(nodeText)) return 'known';
  if (/nonce (is )?too low|nonce has already been used/i.test(nodeText)) return 'spent';
  if (/replacement transaction underpriced|replacement fee too low/i.test(nodeText)) return 'conflict';
  if (/max fee per gas less than block base fee|fee cap less than|transaction underpriced|max fee.*below.*base fee/i.test(nodeText)) return 'fee_too_low';
  if (/insufficient funds/i.test(nodeText)) return 'insufficient_funds';
  return NOT_LOOKED_AT.includes(rpcCode) ? 'unknown' : 'rejected';
} // prettier-ignore

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
