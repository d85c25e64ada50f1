import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callNode } from '@platform/chains/testing';
import { BitcoinDevChain } from './index.js';
import { NOWHERE, RegtestWallet, type Rpc } from './testing/regtest-wallet.js';

describe('mining', () => {
  let chain: BitcoinDevChain;
  let wallet: RegtestWallet;
  const rpc: Rpc = (method, ...params) => callNode(chain.url, method, params);
  const minedIds = async (hash: string): Promise<string[]> =>
    (await rpc<{ tx: string[] }>('getblock', hash)).tx.slice(1);

  beforeAll(async () => {
    chain = await BitcoinDevChain.start();
    wallet = await RegtestWallet.funded(rpc, 12);
  });
  afterAll(() => chain.close());

  it('starts with segwit active and first blocks in the past', async () => {
    const { time } = await rpc<{ time: number }>('getblockheader', await rpc('getblockhash', 100));
    expect(Date.now() / 1000 - time).toBeGreaterThan(86_400);
    expect(await rpc('getblockcount')).toBeGreaterThanOrEqual(450);
  });

  it('lets a child pay for its parent, parents first, best payers before others', async () => {
    // Per byte: the parent less than the single one, both together more, and the child's fee over both sizes less again.
    const modest = wallet.sweep(wallet.take(), 1_100n);
    const poor = wallet.sweep(wallet.take(), 900n);
    const rich = wallet.sweep(poor.coins[0]!, 1_500n);
    for (const { hex } of [modest, poor, rich]) await rpc('sendrawtransaction', hex);
    const [hash] = await rpc<[string]>('sandbox_mine');
    expect(await minedIds(hash)).toEqual([poor.txid, rich.txid, modest.txid]);
  });

  it('gives the miner subsidy and fees', async () => {
    const tx = wallet.sweep(wallet.take(), 12_345n);
    await rpc('sendrawtransaction', tx.hex);
    const [hash] = await rpc<[string]>('generatetoaddress', 1, NOWHERE);
    const block = await rpc<{ height: number; tx: { vout: { value: number }[] }[] }>('getblock', hash, 2);
    const subsidy = Math.floor(50e8 / 2 ** Math.floor(block.height / 150));
    expect(Math.round(block.tx[0]!.vout[0]!.value * 1e8)).toBe(subsidy + 12_345);
  });

  it('clears the mempool of what a block contradicts, with its descendants', async () => {
    const coin = wallet.take();
    const waiting = wallet.sweep(coin, 1_000n);
    const child = wallet.sweep(waiting.coins[0]!, 1_000n);
    for (const { hex } of [waiting, child]) await rpc('sendrawtransaction', hex);
    const mined = wallet.sweep(coin, 500n);
    await rpc('generateblock', NOWHERE, [mined.hex]);
    expect(await rpc('getrawmempool')).toEqual([]);
  });

  it('follows the best branch among several that were condemned and pardoned', async () => {
    const [a1, a2] = await rpc<[string, string]>('generatetoaddress', 2, NOWHERE);
    await rpc('invalidateblock', a1);
    const [b1] = await rpc<[string]>('generatetoaddress', 1, NOWHERE);
    // A pardoned branch with more work wins; condemned again, the chain returns to the other one.
    await rpc('reconsiderblock', a2);
    expect(await rpc('getbestblockhash')).toBe(a2);
    await rpc('invalidateblock', a2);
    expect(await rpc('getbestblockhash')).toBe(a1);
    await rpc('invalidateblock', a1);
    expect(await rpc('getbestblockhash')).toBe(b1);
    const statuses = new Map(
      (await rpc<{ hash: string; status: string }[]>('getchaintips')).map(({ hash, status }) => [hash, status]),
    );
    expect(statuses.get(a2)).toBe('invalid');
    expect(statuses.get(b1)).toBe('active');
    const [b2, b3] = await rpc<[string, string]>('generatetoaddress', 2, NOWHERE);
    await rpc('reconsiderblock', a1);
    expect(await rpc('getbestblockhash')).toBe(b3);
    expect(await rpc('getblockheader', b2)).toMatchObject({ confirmations: 2 });
  });

  it('mines by itself when told an interval', async () => {
    const timed = await BitcoinDevChain.start({ blockIntervalMs: 50 });
    try {
      const start = await callNode<number>(timed.url, 'getblockcount', []);
      for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
        if ((await callNode<number>(timed.url, 'getblockcount', [])) >= start + 2) return;
      }
      throw new Error('no block came');
    } finally {
      await timed.close();
    }
  });
});
