import { keccak_256 } from '@noble/hashes/sha3.js';
import { z } from 'zod';
import { type Rlp, rlpEncode } from '@core/wallet';
import { type ChainBlock, ChainLied } from './chain.js';
import { address, data, hash32, quantity } from './ethereum-shapes.js';

/** Value that an account received; `index` 0 is the transaction itself, n its n-th call inside a contract. Addresses are lower case. */
export interface EthereumValueTransfer {
  readonly txHash: string;
  readonly index: number;
  readonly from: string;
  readonly to: string;
  readonly value: bigint;
}

export interface EthereumBlockTransaction {
  readonly hash: string;
  readonly from: string;
  readonly to: string | null;
  readonly nonce: number;
  readonly value: bigint;
  readonly status: 0 | 1;
  readonly gasUsed: bigint;
  readonly effectiveGasPrice: bigint;
}

export interface EthereumBlock extends ChainBlock {
  readonly chain: 'ethereum';
  readonly transactions: readonly EthereumBlockTransaction[];
  /** Only value that arrived: transfers of failed transactions and of reverted calls are not here. */
  readonly transfers: readonly EthereumValueTransfer[];
}

const transactionShape = z.object({
  hash: hash32,
  from: address,
  to: address.nullable(),
  nonce: quantity,
  value: quantity,
  input: data,
});

const bloom = z.string().regex(/^0x[0-9a-f]{512}$/);

export const blockShape = z.object({
  hash: hash32,
  number: quantity,
  parentHash: hash32,
  timestamp: quantity,
  sha3Uncles: hash32,
  miner: address,
  stateRoot: hash32,
  transactionsRoot: hash32,
  receiptsRoot: hash32,
  logsBloom: bloom,
  difficulty: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  extraData: data,
  mixHash: hash32,
  nonce: data,
  baseFeePerGas: quantity.optional(),
  withdrawalsRoot: hash32.optional(),
  blobGasUsed: quantity.optional(),
  excessBlobGas: quantity.optional(),
  parentBeaconBlockRoot: hash32.optional(),
  requestsHash: hash32.optional(),
  transactions: z.array(transactionShape),
});

export const receiptShape = z.object({
  transactionHash: hash32,
  blockHash: hash32,
  blockNumber: quantity,
  status: quantity,
  gasUsed: quantity,
  effectiveGasPrice: quantity,
});

export interface TraceFrame {
  readonly type: string;
  readonly from: string;
  readonly to?: string | undefined;
  readonly value?: bigint | undefined;
  readonly error?: string | undefined;
  readonly calls?: readonly TraceFrame[] | undefined;
}

export const traceShape: z.ZodType<TraceFrame> = z.lazy(() =>
  z.object({
    type: z.string(),
    from: address,
    to: address.optional(),
    value: quantity.optional(),
    error: z.string().optional(),
    calls: z.array(traceShape).optional(),
  }),
);

const bytes = (hex: string): Uint8Array => Buffer.from(hex.slice(2), 'hex');

/** A number as RLP wants it: big-endian without leading zeros. */
const integer = (value: bigint): Uint8Array => {
  if (value === 0n) return new Uint8Array();
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
};

/** Keccak-256 of the RLP of the header; the fields of later forks follow in the order in which the forks added them (EIP-1559, 4895, 4844, 4788, 7685). */
export function headerHash(block: z.infer<typeof blockShape>): string {
  const optional = [
    block.baseFeePerGas === undefined ? undefined : integer(block.baseFeePerGas),
    block.withdrawalsRoot === undefined ? undefined : bytes(block.withdrawalsRoot),
    block.blobGasUsed === undefined ? undefined : integer(block.blobGasUsed),
    block.excessBlobGas === undefined ? undefined : integer(block.excessBlobGas),
    block.parentBeaconBlockRoot === undefined ? undefined : bytes(block.parentBeaconBlockRoot),
    block.requestsHash === undefined ? undefined : bytes(block.requestsHash),
  ].filter((field): field is Uint8Array => field !== undefined);
  const header: Rlp = [
    ...[
      block.parentHash,
      block.sha3Uncles,
      block.miner,
      block.stateRoot,
      block.transactionsRoot,
      block.receiptsRoot,
      block.logsBloom,
    ].map(bytes),
    ...[block.difficulty, block.number, block.gasLimit, block.gasUsed, block.timestamp].map(integer),
    ...[block.extraData, block.mixHash, block.nonce].map(bytes),
    ...optional,
  ];
  return `0x${Buffer.from(keccak_256(rlpEncode(header))).toString('hex')}`;
}

/** @throws ChainLied when a transaction has no receipt */
export function presentBlock(
  block: z.infer<typeof blockShape>,
  receipts: readonly z.infer<typeof receiptShape>[],
  traces: ReadonlyMap<string, TraceFrame>,
): EthereumBlock {
  const receiptOf = new Map(receipts.map((receipt) => [receipt.transactionHash, receipt]));
  const transactions = block.transactions.map((transaction): EthereumBlockTransaction => {
    const receipt = receiptOf.get(transaction.hash);
    if (!receipt) throw new ChainLied(`transaction ${transaction.hash} has no receipt`);
    const { hash, from, to, value } = transaction;
    const { gasUsed, effectiveGasPrice } = receipt;
    return {
      hash,
      from,
      to,
      value,
      nonce: Number(transaction.nonce),
      status: receipt.status === 1n ? 1 : 0,
      gasUsed,
      effectiveGasPrice,
    };
  });
  return {
    chain: 'ethereum',
    height: Number(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    time: new Date(Number(block.timestamp) * 1000),
    transactions,
    transfers: transactions
      .filter((transaction) => transaction.status === 1)
      .flatMap((transaction) => transfersOf(transaction, traces.get(transaction.hash))),
  };
}

function transfersOf(transaction: EthereumBlockTransaction, trace: TraceFrame | undefined): EthereumValueTransfer[] {
  const { hash: txHash, from, to, value } = transaction;
  const outer = to !== null && value > 0n ? [{ txHash, index: 0, from, to, value }] : [];
  return [...outer, ...innerTransfers(txHash, trace?.calls ?? [])];
}

/** Calls that carry value of their own; a DELEGATECALL or STATICCALL shows its caller's value but moves none. */
const MOVES_VALUE = new Set(['CALL', 'CREATE', 'CREATE2', 'SELFDESTRUCT']);

function innerTransfers(txHash: string, calls: readonly TraceFrame[]): EthereumValueTransfer[] {
  const found: EthereumValueTransfer[] = [];
  let index = 0;
  const visit = (frame: TraceFrame, reverted: boolean): void => {
    index += 1;
    const lost = reverted || frame.error !== undefined;
    if (!lost && MOVES_VALUE.has(frame.type) && frame.to !== undefined && (frame.value ?? 0n) > 0n) {
      found.push({ txHash, index, from: frame.from, to: frame.to, value: frame.value ?? 0n });
    }
    for (const call of frame.calls ?? []) visit(call, lost);
  };
  for (const call of calls) visit(call, false);
  return found;
}
