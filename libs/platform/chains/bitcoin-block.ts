import { Block, type Transaction } from 'bitcoinjs-lib';
import { type BitcoinBlock, type BitcoinTransaction } from './chain.js';
import { NodeLies } from './node-errors.js';

/**
 * Decodes a raw block and proves that it is the one asked for: its header hashes to the name, does the work it claims, and commits to
 * exactly these transactions. Nothing that the node decoded is believed, addresses least of all.
 * @throws NodeLies
 */
export function readBitcoinBlock(raw: string, expected: { hash: string; height: number }): BitcoinBlock {
  const block = parse(raw);
  if (block.getId() !== expected.hash) throw new NodeLies('a block that does not hash to its name');
  if (!block.checkProofOfWork()) throw new NodeLies('a block without the work that it claims');
  const { transactions } = block;
  if (transactions === undefined || transactions.length === 0) throw new NodeLies('a block without transactions');
  if (!block.checkTxRoots()) throw new NodeLies('a block whose header commits to other transactions');
  return {
    height: expected.height,
    hash: expected.hash,
    parentHash: displayed(block.prevHash ?? new Uint8Array(32)),
    time: block.timestamp,
    transactions: transactions.map(readTransaction),
  };
}

function parse(raw: string): Block {
  try {
    return Block.fromHex(raw);
  } catch {
    throw new NodeLies('bytes that are not a block');
  }
}

/** The parts of a transaction that a wallet watches. */
export function readTransaction(transaction: Transaction): BitcoinTransaction {
  const coinbase = transaction.isCoinbase();
  return {
    txid: transaction.getId(),
    inputs: coinbase ? [] : transaction.ins.map(({ hash, index }) => ({ txid: displayed(hash), vout: index })),
    outputs: transaction.outs.map(({ value, script }, vout) => ({
      vout,
      value,
      script: Buffer.from(script).toString('hex'),
    })),
    coinbase,
    raw: transaction.toHex(),
  };
}

/** Hashes are shown byte-reversed. */
function displayed(hash: Uint8Array): string {
  return Buffer.from(hash).reverse().toString('hex');
}
