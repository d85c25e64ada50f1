import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startAnvil, startBitcoinDevChain } from './index.js';

describe('nodes for specs', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'nodes-'));
    cleanups.push(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  it('starts a Bitcoin dev chain that pays, mines and stops', async () => {
    const node = await startBitcoinDevChain();
    cleanups.push(() => node.close());
    const address = await node.rpc<string>('sandbox_newaddress');
    const txid = await node.faucet(address, '0.5');
    const [hash] = await node.mine();
    const block = await node.rpc<{ tx: string[] }>('getblock', hash);
    expect(block.tx).toContain(txid);
    await node.close();
    await expect(node.rpc('getblockcount')).rejects.toThrow();
  });

  it('finds the Bitcoin chain again after a kill', async () => {
    const settings = { folder: await folder() };
    const first = await startBitcoinDevChain(settings);
    const hashes = await first.mine(3);
    await first.kill();
    const second = await startBitcoinDevChain(settings);
    cleanups.push(() => second.close());
    expect(await second.rpc('getbestblockhash')).toBe(hashes.at(-1));
  });

  it('reports the Bitcoin node’s refusals with their code', async () => {
    const node = await startBitcoinDevChain();
    cleanups.push(() => node.close());
    await expect(node.faucet('1BoatSLRHtKNngkdXEeobR76b53LETtpyT', '1')).rejects.toMatchObject({ code: -5 });
  });

  it('starts anvil, sets balances, mines and reorganizes', async () => {
    const anvil = await startAnvil();
    cleanups.push(() => anvil.close());
    const address = '0x00000000000000000000000000000000000000ff';
    await anvil.setBalance(address, 10n ** 30n);
    expect(BigInt(await anvil.rpc<string>('eth_getBalance', address, 'latest'))).toBe(10n ** 30n);
    await anvil.mine(5);
    const before = await anvil.rpc<{ hash: string }>('eth_getBlockByNumber', '0x5', false);
    await anvil.reorg(2);
    const after = await anvil.rpc<{ hash: string }>('eth_getBlockByNumber', '0x5', false);
    expect(await anvil.rpc('eth_blockNumber')).toBe('0x5');
    expect(after.hash).not.toBe(before.hash);
    expect(await anvil.rpc('eth_chainId')).toBe('0x7a69');
  });

  it('keeps anvil’s state in a file: after a stop all of it, after a kill what was written', async () => {
    const stateFile = join(await folder(), 'state.json');
    const first = await startAnvil({ stateFile });
    await first.mine(4);
    await first.close();
    const second = await startAnvil({ stateFile });
    expect(await second.rpc('eth_blockNumber')).toBe('0x4');
    await second.mine(2);
    await sleep(2_500);
    await second.kill();
    await expect(second.rpc('eth_blockNumber')).rejects.toThrow();
    const third = await startAnvil({ stateFile });
    cleanups.push(() => third.close());
    expect(await third.rpc('eth_blockNumber')).toBe('0x6');
  });
});
