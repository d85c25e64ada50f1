import bcoin, { type Block, type Hash, type Miner, type TX } from 'bcoin';
import { chooseTransactions } from './assemble-block.js';
import { bcoinAddress } from './bcoin-address.js';
import { type Blockchain } from './blockchain.js';
import { gatherCoins } from './coins.js';
import { type Mempool } from './mempool.js';
import { regtest } from './regtest.js';

/** Builds blocks on the tip. On regtest every second hash is a proof of work, so finding one takes no time. */
export class BlockBuilder {
  private readonly miner: Miner;

  constructor(
    private readonly blockchain: Blockchain,
    private readonly pool: Mempool,
  ) {
    this.miner = new bcoin.Miner({ network: regtest, chain: blockchain.chain });
  }

  /** A block with the best of the pool. `time`, in Unix seconds, is now unless given. */
  fromPool(payout: Buffer, time?: number): Promise<Block> {
    return this.build(
      payout,
      chooseTransactions(this.pool).map(({ tx }) => tx),
      time,
    );
  }

  /** A block with exactly these transactions, in this order; nothing is checked until it is connected. */
  async build(payout: Buffer, txs: readonly TX[], time?: number): Promise<Block> {
    const { chain, tip } = this.blockchain;
    const address = bcoinAddress(payout);
    if (!address) throw new Error('a coinbase can pay to an address only');
    const template = await this.miner.createBlock(tip, address);
    const earlier = new Map<Hash, TX>();
    for (const tx of txs) {
      const { view } = await gatherCoins(chain, tx, (hash) => earlier.get(hash) ?? this.pool.get(hash)?.tx);
      if (!template.addTX(tx, view))
        throw new Error(`transaction ${tx.txid()} does not fit into the block or is not final`);
      earlier.set(tx.hash('hex'), tx);
    }
    template.refresh();
    const stamp = Math.max(time ?? template.time, template.mtp + 1);
    for (let nonce = 0; ; nonce += 1) {
      const proof = template.getProof(0, 0, stamp, nonce);
      if (proof.verify(template.target)) return template.commit(proof);
    }
  }
}
