import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { callNode, startBitcoinDevChain, type BitcoinTestNode } from '@platform/chains/testing';
import { BitcoinDevChain } from './index.js';

const REORG_DEPTH = 2;
/** More of them: BITCOIN_KILL_ROUNDS=50. */
const ROUNDS = Number(process.env['BITCOIN_KILL_ROUNDS'] ?? 4);

describe('a chain kept in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bitcoin-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is found again with its blocks, branches and wallets', async () => {
    const first = await BitcoinDevChain.start({ folder });
    const ask = <T>(chain: BitcoinDevChain, method: string, ...params: unknown[]): Promise<T> =>
      callNode(chain.url, method, params);
    const address = await ask<string>(first, 'sandbox_newaddress');
    await ask(first, 'sandbox_faucet', address, '1.5');
    await ask(first, 'sandbox_mine', 2);
    await ask(first, 'sandbox_reorg', 1);
    const [tip, tips, balance] = await Promise.all([
      ask(first, 'getbestblockhash'),
      ask(first, 'getchaintips'),
      ask(first, 'sandbox_balance'),
    ]);
    await first.close();

    const second = await BitcoinDevChain.start({ folder });
    try {
      expect(await ask(second, 'getbestblockhash')).toBe(tip);
      expect(await ask(second, 'getchaintips')).toEqual(tips);
      expect(await ask(second, 'sandbox_balance')).toEqual(balance);
      const txid = await ask<string>(second, 'sandbox_send', address, '0.5');
      await ask(second, 'sandbox_mine');
      expect(await ask(second, 'gettxout', txid, 0)).toMatchObject({ confirmations: 1 });
      expect(await ask(second, 'sandbox_newaddress')).not.toBe(address);
    } finally {
      await second.close();
    }
  });

  it('reopens after kill −9 in the middle of mining and reorganizing, no older than what was answered', async () => {
    let height = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      height = await withNode(async (node) => {
        const reached = await node.rpc<number>('getblockcount');
        // A reorganization that was cut short may leave the fork as the tip; nothing below it may be missing.
        expect(reached).toBeGreaterThanOrEqual(height - REORG_DEPTH);
        const answered = { height: reached };
        const busy = mineUntilItDies(node.rpc, answered);
        await sleep(40 + ((round * 67) % 200));
        await node.kill();
        await busy;
        return answered.height;
      });
    }
    await withNode(async (node) => {
      const address = await node.rpc<string>('sandbox_newaddress');
      await node.faucet(address, '1');
      await node.mine();
      expect(await node.rpc('sandbox_balance', address)).toMatchObject({ confirmed: 1 });
    });
  });

  async function withNode<T>(work: (node: BitcoinTestNode) => Promise<T>): Promise<T> {
    const node = await startBitcoinDevChain({ folder });
    try {
      return await work(node);
    } finally {
      await node.close();
    }
  }
});

type Ask = <T>(method: string, ...params: readonly unknown[]) => Promise<T>;

async function mineUntilItDies(rpc: Ask, answered: { height: number }): Promise<void> {
  try {
    for (let i = 1; ; i += 1) {
      await rpc('sandbox_faucet', await rpc('sandbox_newaddress'), '0.1');
      if (i % 5 === 0) await rpc('sandbox_reorg', REORG_DEPTH);
      else await rpc('sandbox_mine');
      answered.height = await rpc('getblockcount');
    }
  } catch {
    // The process was killed while it answered.
  }
}
