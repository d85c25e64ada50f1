import { type Block, type ChainEntry } from 'bcoin';
import { type Blockchain } from './blockchain.js';
import { type Json } from './exact-json.js';
import { presentTransaction } from './present-transaction.js';
import { reverseHex } from './regtest.js';

type JsonObject = { readonly [key: string]: Json | undefined };

/** A header as `getblockheader` shows it; confirmations are −1 off the active chain. */
export async function presentHeader(blockchain: Blockchain, entry: ChainEntry, txCount: number): Promise<JsonObject> {
  const { chain, height } = blockchain;
  const isActive = await chain.isMainChain(entry);
  const next = isActive ? await chain.getNextHash(entry.hash) : null;
  return {
    hash: reverseHex(entry.hash),
    confirmations: isActive ? height - entry.height + 1 : -1,
    height: entry.height,
    version: entry.version,
    versionHex: (entry.version >>> 0).toString(16).padStart(8, '0'),
    merkleroot: reverseHex(entry.merkleRoot),
    time: entry.time,
    mediantime: await chain.getMedianTime(entry),
    nonce: entry.nonce,
    bits: (entry.bits >>> 0).toString(16).padStart(8, '0'),
    difficulty: difficultyOf(entry.bits),
    chainwork: entry.chainwork.toString('hex', 64),
    nTx: txCount,
    previousblockhash: entry.isGenesis() ? undefined : reverseHex(entry.prevBlock),
    nextblockhash: next === null ? undefined : reverseHex(next),
  };
}

/** A block as `getblock` shows it at verbosity 1, 2 or 3. */
export async function presentBlock(
  blockchain: Blockchain,
  entry: ChainEntry,
  block: Block,
  verbosity: number,
): Promise<JsonObject> {
  const tx =
    verbosity === 1 ? block.txs.map((each) => each.txid()) : await presentBody(blockchain, block, verbosity >= 3);
  return {
    ...(await presentHeader(blockchain, entry, block.txs.length)),
    strippedsize: block.getBaseSize(),
    size: block.getSize(),
    weight: block.getWeight(),
    tx,
  };
}

async function presentBody(blockchain: Blockchain, block: Block, prevouts: boolean): Promise<Json[]> {
  const view = await blockchain.chain.getBlockView(block);
  return block.txs.map((tx) => presentTransaction(tx, { view, prevouts }));
}

/** How many times harder than the easiest main-net target a compact target is. */
export function difficultyOf(bits: number): number {
  const mantissa = bits & 0x00ffffff;
  return (0x0000ffff / mantissa) * 256 ** (29 - (bits >>> 24));
}
