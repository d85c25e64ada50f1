import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bcoinAddress } from './bcoin-address.js';
import { Blockchain, BlockRejected, type ChainChange } from './blockchain.js';
import { Mempool } from './mempool.js';
import { BlockBuilder } from './mine-block.js';

const PAYOUT = Buffer.concat([Buffer.from([0, 20]), Buffer.alloc(20, 7)]);

describe('moves of the chain', () => {
  let blockchain: Blockchain;
  let builder: BlockBuilder;
  const changes: ChainChange[] = [];

  beforeAll(async () => {
    blockchain = await Blockchain.open();
    builder = new BlockBuilder(blockchain, new Mempool());
    blockchain.onChange((change) => Promise.resolve(void changes.push(change)));
    for (let i = 0; i < 10; i += 1) await blockchain.append(await builder.build(PAYOUT, []));
    changes.length = 0;
  });
  afterAll(() => blockchain.close());

  const grow = async (blocks: number): Promise<void> => {
    for (let i = 0; i < blocks; i += 1) await blockchain.connectNew(await builder.build(PAYOUT, []));
  };

  it('are undone block by block when a branch fails after it has begun, and nobody is told', async () => {
    const before = blockchain.tip;
    const failing = blockchain.reorganize(3, async () => {
      await grow(2);
      throw new Error('the miner gave up');
    });
    await expect(failing).rejects.toThrow('the miner gave up');
    expect(blockchain.tip.hash).toBe(before.hash);
    expect((await blockchain.chain.getEntry(before.height - 1))?.hash).toBe(before.prevBlock);
    expect(changes).toEqual([]);
    // One coinbase per block of the active chain: nothing of the abandoned branch is left to spend.
    const coins = await blockchain.chain.getCoinsByAddress([bcoinAddress(PAYOUT)!]);
    expect(coins).toHaveLength(before.height);
    await blockchain.append(await builder.build(PAYOUT, []));
    expect(blockchain.height).toBe(before.height + 1);
    changes.length = 0;
  });

  it('are undone when the new branch has no more work than the old one', async () => {
    const before = blockchain.tip;
    await expect(blockchain.reorganize(2, () => grow(2))).rejects.toThrow(BlockRejected);
    expect(blockchain.tip.hash).toBe(before.hash);
    expect(changes).toEqual([]);
  });

  it('are told once each, old blocks tip first, new blocks lowest first', async () => {
    const left = [blockchain.tip.hash, blockchain.tip.prevBlock];
    const fork = blockchain.height - 2;
    await blockchain.reorganize(2, () => grow(3));
    expect(changes).toHaveLength(1);
    const [{ disconnected, connected }] = changes as [ChainChange];
    expect(disconnected.map((block) => block.hash('hex'))).toEqual(left);
    const heights = await Promise.all(connected.map((block) => blockchain.chain.getEntry(block.hash('hex'))));
    expect(heights.map((entry) => entry?.height)).toEqual([fork + 1, fork + 2, fork + 3]);
  });

  it('refuse a block that breaks a rule, by its reason', async () => {
    const block = await builder.build(PAYOUT, []);
    await blockchain.append(block);
    await expect(blockchain.append(block)).rejects.toMatchObject({ reason: 'duplicate' });
  });
});
