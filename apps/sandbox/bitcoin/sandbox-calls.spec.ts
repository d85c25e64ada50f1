import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callNode } from '@platform/chains/testing';
import { BitcoinDevChain } from './index.js';
import { NOWHERE, RegtestWallet, type Rpc } from './testing/regtest-wallet.js';

interface Reorganized {
  readonly disconnected: string[];
  readonly connected: string[];
  readonly returned: string[];
  readonly gone: string[];
}

describe('the sandbox’s own calls', () => {
  let chain: BitcoinDevChain;
  let wallet: RegtestWallet;
  const rpc: Rpc = (method, ...params) => callNode(chain.url, method, params);
  const tip = (): Promise<string> => rpc('getbestblockhash');

  beforeAll(async () => {
    chain = await BitcoinDevChain.start();
    wallet = await RegtestWallet.funded(rpc, 12);
  });
  afterAll(() => chain.close());

  describe('the faucet', () => {
    it('pays exactly what was asked, in any spelling, to any kind of address', async () => {
      const addresses = [
        NOWHERE,
        'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn',
        '2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc',
        'bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6',
      ];
      for (const [address, amount, value] of [
        [addresses[0], '0.1', 0.1],
        [addresses[1], 0.00000546, 0.00000546],
        [addresses[2], '1.00000001', 1.00000001],
        [addresses[3], 3, 3],
      ] as const) {
        const txid = await rpc<string>('sandbox_faucet', address, amount);
        const { vout } = await rpc<{ vout: { value: number; scriptPubKey: object }[] }>(
          'getrawtransaction',
          txid,
          true,
        );
        expect(vout).toContainEqual(
          expect.objectContaining({ value, scriptPubKey: expect.objectContaining({ address }) }),
        );
      }
    });

    it('serves many before the next block', async () => {
      const address = await rpc<string>('sandbox_newaddress');
      for (let i = 0; i < 30; i += 1) await rpc('sandbox_faucet', address, '0.001');
      expect(await rpc('sandbox_balance', address)).toEqual({ confirmed: 0, pending: 0.03 });
      await rpc('sandbox_mine');
      expect(await rpc('sandbox_balance', address)).toEqual({ confirmed: 0.03, pending: 0 });
    });

    it('refuses other networks’ addresses, dust, and amounts that are none', async () => {
      const refused = (address: unknown, amount: unknown, code: number): Promise<void> =>
        expect(rpc('sandbox_faucet', address, amount)).rejects.toMatchObject({ code });
      await refused('bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', '1', -5);
      await refused(`${NOWHERE.slice(0, -1)}q`, '1', -5);
      await refused(NOWHERE, '0.00000293', -26);
      for (const amount of ['-1', '0.000000001', '1e3', 'NaN', '', '21000001']) await refused(NOWHERE, amount, -3);
      await refused(NOWHERE, '20000000', -6);
    });
  });

  describe('the outside wallet', () => {
    it('receives, sends, and knows what is on its way', async () => {
      const address = await rpc<string>('sandbox_newaddress');
      expect(await rpc('sandbox_newaddress')).not.toBe(address);
      const before = await rpc<{ confirmed: number }>('sandbox_balance');
      await rpc('sandbox_faucet', address, '2');
      expect(await rpc('sandbox_balance')).toMatchObject({ confirmed: before.confirmed, pending: 2 });
      await rpc('sandbox_mine');
      const txid = await rpc<string>('sandbox_send', NOWHERE, '0.5', '0.0002');
      const { vsize, fees } = await rpc<{ vsize: number; fees: { base: number } }>('getmempoolentry', txid);
      expect(Math.abs((fees.base * 1e8) / vsize - 20)).toBeLessThan(1);
      await rpc('sandbox_mine');
      const after = await rpc<{ confirmed: number; pending: number }>('sandbox_balance');
      expect(after.confirmed).toBeCloseTo(before.confirmed + 1.5 - fees.base, 8);
      expect(after.pending).toBe(0);
    });

    it('has its coins back after a reorganization', async () => {
      const address = await rpc<string>('sandbox_newaddress');
      await rpc('sandbox_faucet', address, '0.7');
      await rpc('sandbox_mine');
      await rpc('sandbox_reorg', 1);
      expect(await rpc('sandbox_balance', address)).toEqual({ confirmed: 0, pending: 0.7 });
      await rpc('sandbox_mine');
      expect(await rpc('sandbox_balance', address)).toEqual({ confirmed: 0.7, pending: 0 });
    });
  });

  describe('a reorganization on request', () => {
    it('replaces the last blocks by a longer branch, and their transactions wait again', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      await rpc('sendrawtransaction', tx.hex);
      const [mined] = await rpc<[string]>('sandbox_mine');
      const [second] = await rpc<[string]>('sandbox_mine');
      const height = await rpc<number>('getblockcount');
      const { disconnected, connected, returned, gone } = await rpc<Reorganized>('sandbox_reorg', 2);
      expect(disconnected).toEqual([second, mined]);
      expect(connected).toHaveLength(3);
      expect([returned, gone]).toEqual([[tx.txid], []]);
      expect(await tip()).toBe(connected.at(-1));
      expect(await rpc('getblockcount')).toBe(height + 1);
      expect(await rpc('getblockheader', mined)).toMatchObject({ confirmations: -1 });
      const tips = await rpc<object[]>('getchaintips');
      expect(tips).toContainEqual({ height, hash: second, branchlen: 2, status: 'valid-fork' });
      await rpc('sandbox_mine');
      expect(await rpc('gettxout', tx.txid, 0)).toMatchObject({ confirmations: 1 });
    });

    it('mines a double spend into the branch, and the payment is gone for good', async () => {
      const coin = wallet.take();
      const paid = wallet.sweep(coin, 1_000n);
      const child = wallet.sweep(paid.coins[0]!, 1_000n);
      const stolen = wallet.sweep(coin, 900n);
      await rpc('sendrawtransaction', paid.hex);
      await rpc('sandbox_mine');
      await rpc('sendrawtransaction', child.hex);
      const result = await rpc<Reorganized>('sandbox_reorg', 1, { include: [stolen.hex] });
      expect(result).toMatchObject({ returned: [], gone: [paid.txid] });
      expect(await rpc('getrawmempool')).toEqual([]);
      expect(await rpc('gettxout', stolen.txid, 0)).toMatchObject({ confirmations: 2 });
    });

    it('forgets what it is told to drop, with its descendants', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      const child = wallet.sweep(tx.coins[0]!, 1_000n);
      await rpc('sendrawtransaction', tx.hex);
      await rpc('sandbox_mine');
      await rpc('sendrawtransaction', child.hex);
      expect(await rpc('sandbox_reorg', 1, { drop: [tx.txid] })).toMatchObject({ gone: [tx.txid] });
      expect(await rpc('getrawmempool')).toEqual([]);
      expect(await rpc('sendrawtransaction', tx.hex)).toBe(tx.txid);
    });

    it('keeps the order of chained transactions when they return', async () => {
      const parent = wallet.sweep(wallet.take(), 1_000n);
      const child = wallet.sweep(parent.coins[0]!, 1_000n);
      const grandchild = wallet.sweep(child.coins[0]!, 1_000n);
      for (const { hex } of [parent, child]) {
        await rpc('sendrawtransaction', hex);
        await rpc('sandbox_mine');
      }
      await rpc('sendrawtransaction', grandchild.hex);
      await rpc('sandbox_reorg', 2);
      expect(await rpc('getmempoolentry', grandchild.txid)).toMatchObject({ ancestorcount: 3 });
    });

    it('leaves everything as it was when the branch is invalid', async () => {
      const coin = wallet.take();
      const spent = wallet.sweep(coin, 1_000n);
      await rpc('sendrawtransaction', spent.hex);
      await rpc('sandbox_mine', 2);
      const before = await tip();
      const twice = wallet.sweep(coin, 5_000n);
      // The coin was spent below the fork, so the branch may not spend it again.
      const invalid = rpc('sandbox_reorg', 1, { include: [twice.hex] });
      await expect(invalid).rejects.toMatchObject({ code: -25, message: 'bad-txns-inputs-missingorspent' });
      expect(await tip()).toBe(before);
      expect(await rpc('gettxout', spent.txid, 0)).toMatchObject({ confirmations: 2 });
      await rpc('sandbox_mine');
      expect(await rpc('getblockcount')).toEqual(expect.any(Number));
    });

    it('refuses a depth beyond the chain and a branch that is no longer', async () => {
      await expect(rpc('sandbox_reorg', 0)).rejects.toMatchObject({ code: -8 });
      await expect(rpc('sandbox_reorg', 1_000_000)).rejects.toMatchObject({ code: -8 });
      await expect(rpc('sandbox_reorg', 2, { blocks: 2 })).rejects.toMatchObject({ code: -8 });
    });
  });

  it('lets a test set the fee estimate, and take it away', async () => {
    await rpc('sandbox_setfeeestimate', '0.00025');
    expect(await rpc('estimatesmartfee', 3)).toEqual({ feerate: 0.00025, blocks: 3 });
    await rpc('sandbox_setfeeestimate');
    expect(await rpc('estimatesmartfee', 3)).toMatchObject({ errors: [expect.any(String)] });
  });
});
