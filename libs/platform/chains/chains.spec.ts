import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Secret } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createLogger } from '@base/observability';
import { type AnvilTestNode, type BitcoinTestNode, startAnvil, startBitcoinDevChain } from '@platform/chains/testing';
import {
  type BitcoinBlock,
  BitcoinNode,
  BlockFollower,
  type BlockId,
  type BlockSource,
  type ChainBlock,
  chainHalt,
  ChainLied,
  ChainUnavailable,
  EthereumNode,
  FEE_RATE,
  requiredConfirmations,
  resumeChain,
} from './index.js';
import { presentBlock, type TraceFrame } from './ethereum-block.js';

const logger = createLogger('spec', 'silent');

let database: TestDatabase;
let bitcoin: BitcoinTestNode;
let anvil: AnvilTestNode;

beforeAll(async () => {
  [database, bitcoin, anvil] = await Promise.all([createTestDatabase(), startBitcoinDevChain(), startAnvil()]);
});

afterAll(async () => {
  await Promise.all([bitcoin.close(), anvil.close()]);
  await database.drop();
});

/** Keeps the hashes of what is connected, as a sink of custody would keep deposits. */
const recording = () => {
  const chain: BlockId[] = [];
  return {
    chain,
    sink: {
      connect: (_: unknown, block: ChainBlock) =>
        Promise.resolve(void chain.push({ height: block.height, hash: block.hash })),
      disconnect: (_: unknown, block: BlockId) => {
        expect(chain.pop()).toEqual(block);
        return Promise.resolve();
      },
    },
  };
};

describe('a Bitcoin node', () => {
  const node = (): BitcoinNode => new BitcoinNode({ url: new Secret(bitcoin.url) });

  it('gives blocks that hash to what they claim, amounts exact to the satoshi', async () => {
    const address = await bitcoin.rpc<string>('sandbox_newaddress');
    const txid = await bitcoin.faucet(address, '0.12345678');
    await bitcoin.mine();
    const tip = await node().tip();
    const block = await node().blockAt(tip.height);
    const payment = block.transactions.find((transaction) => transaction.txid === txid);
    expect([block.hash, block.transactions[0]?.coinbase]).toEqual([tip.hash, true]);
    const output = payment?.outputs.find((candidate) => candidate.value === 12_345_678n);
    expect(output).toBeDefined();
    expect((await node().unspent({ txid, vout: output?.vout ?? 0 }))?.value).toBe(12_345_678n);
    expect(await node().transaction(txid, tip.hash)).toMatchObject({ confirmations: 1, blockHash: tip.hash });
    expect(await node().transaction(txid)).toBeUndefined();
  });

  it('says what is not there, and takes the same bytes twice', async () => {
    expect(await node().transaction('00'.repeat(32))).toBeUndefined();
    expect(await node().unspent({ txid: '00'.repeat(32), vout: 0 })).toBeUndefined();
    expect(await node().blockHashAt(10_000_000)).toBeUndefined();
    const txid = await bitcoin.faucet(await bitcoin.rpc<string>('sandbox_newaddress'), '0.1');
    const raw = (await node().transaction(txid))?.raw ?? '';
    expect((await node().broadcast(raw)).kind).toMatch(/accepted|known/);
    await bitcoin.mine();
    expect(await node().broadcast(raw)).toEqual({ kind: 'mined' });
    expect((await node().broadcast('00')).kind).toBe('refused');
  });

  it('estimates fees between floor and ceiling, also where the node cannot tell', async () => {
    const rate = await node().feeRate(2);
    expect(rate >= FEE_RATE.floor && rate <= FEE_RATE.ceiling).toBe(true);
  });
});

describe('an Ethereum node', () => {
  const node = (): EthereumNode => new EthereumNode({ url: new Secret(anvil.url), chainId: 31337 });
  const rpc = <T>(method: string, ...params: unknown[]): Promise<T> => anvil.rpc<T>(method, ...params);

  it('gives blocks whose headers hash to what they claim, with the value that arrived', async () => {
    const [from, to] = await rpc<string[]>('eth_accounts');
    const hash = await rpc<string>('eth_sendTransaction', { from, to, value: '0xde0b6b3a7640001' });
    await rpc('evm_mine');
    const receipt = await node().receipt(hash);
    const block = await node().blockAt(receipt?.height ?? 0);
    expect(block.hash).toBe(receipt?.blockHash);
    expect(block.transfers).toContainEqual({
      txHash: hash,
      index: 0,
      from: from?.toLowerCase(),
      to: to?.toLowerCase(),
      value: 10n ** 18n + 1n,
    });
  });

  it('D4, D5: sees value that a contract passes on, not value of a call that reverted', async () => {
    const [from] = await rpc<string[]>('eth_accounts');
    // Passes its call value on to the address in calldata and then stops, or reverts when the value is odd.
    const runtime = '5f5f5f5f345f355af15060013416601457005b5f5ffd'.replace('6014', '6012');
    const creation = `60${(runtime.length / 2).toString(16).padStart(2, '0')}600c60003960${(runtime.length / 2).toString(16).padStart(2, '0')}6000f3${runtime}`;
    const deployed = await rpc<string>('eth_sendTransaction', { from, data: `0x${creation}`, gas: '0x100000' });
    await rpc('evm_mine');
    const { contractAddress } = await rpc<{ contractAddress: string }>('eth_getTransactionReceipt', deployed);
    const target = '0x00000000000000000000000000000000deadbeef';
    const send = async (value: string) => {
      const hash = await rpc<string>('eth_sendTransaction', { from, to: contractAddress, value, data: `0x${target.slice(2).padStart(64, '0')}`, gas: '0x100000' }); // prettier-ignore
      await rpc('evm_mine');
      const receipt = await node().receipt(hash);
      const block = await node().blockAt(receipt?.height ?? 0);
      return {
        status: receipt?.status,
        arrived: block.transfers.filter((transfer) => transfer.to === target && transfer.txHash === hash),
      };
    };
    expect(await send('0x2')).toMatchObject({ status: 1, arrived: [{ value: 2n, index: 1 }] });
    expect(await send('0x3')).toEqual({ status: 0, arrived: [] });
  });

  it('D4: a call whose ancestor reverted moved nothing, although the transaction succeeded', () => {
    const party = (n: number): string => `0x${String(n).repeat(40)}`;
    const [hash, blockHash] = [`0x${'a'.repeat(64)}`, `0x${'b'.repeat(64)}`];
    const inner = { type: 'CALL', from: party(2), to: party(3), value: 7n };
    const trace: TraceFrame = {
      type: 'CALL',
      from: party(1),
      to: party(2),
      calls: [
        { type: 'CALL', from: party(2), to: party(4), value: 5n },
        { type: 'CALL', from: party(2), to: party(2), error: 'execution reverted', calls: [inner] },
        { type: 'DELEGATECALL', from: party(2), to: party(5), value: 9n },
      ],
    };
    const header = { hash: blockHash, number: 1n, parentHash: blockHash, timestamp: 0n, transactions: [{ hash, from: party(1), to: party(2), nonce: 0n, value: 0n, input: '0x01' }] }; // prettier-ignore
    const receipt = {
      transactionHash: hash,
      blockHash,
      blockNumber: 1n,
      status: 1n,
      gasUsed: 1n,
      effectiveGasPrice: 1n,
    };
    const { transfers } = presentBlock(
      header as Parameters<typeof presentBlock>[0],
      [receipt],
      new Map([[hash, trace]]),
    );
    expect(transfers).toEqual([{ txHash: hash, index: 1, from: party(2), to: party(4), value: 5n }]);
  });

  it('D3: a node of another chain is not believed', async () => {
    const elsewhere = new EthereumNode({ url: new Secret(anvil.url), chainId: 1 });
    await expect(elsewhere.tip()).rejects.toBeInstanceOf(ChainLied);
  });
});

describe('following a chain', () => {
  const follow = <Block extends ChainBlock>(source: BlockSource<Block>, maxReorgDepth = 10) => {
    const { chain, sink } = recording();
    const name = 'bitcoin' as const;
    return {
      chain,
      follower: new BlockFollower<Block>({ database: database.app, chain: name, source, sink, maxReorgDepth, logger }),
    };
  };

  afterEach(() => database.owner.query('TRUNCATE chains.block, chains.halt'));

  it('D1: takes in every block once, in order, and takes back what a reorganisation removed', async () => {
    const node = new BitcoinNode({ url: new Secret(bitcoin.url) });
    const { chain, follower } = follow<BitcoinBlock>(node);
    expect(await follower.catchUp()).toBe('caught-up');
    const tip = await node.tip();
    expect(chain.map((block) => block.height)).toEqual(Array.from({ length: tip.height + 1 }, (_, height) => height));
    await bitcoin.mine(3);
    await follower.catchUp();
    const before = chain.slice();
    await bitcoin.rpc('sandbox_reorg', 3);
    await follower.catchUp();
    expect(chain.at(-1)?.hash).toBe((await node.tip()).hash);
    expect(chain.slice(0, -4).map((block) => block.hash)).toEqual(
      before.slice(0, chain.length - 4).map((block) => block.hash),
    );
    expect(chain.at(-1)?.hash).not.toBe(before.at(-1)?.hash);
  });

  /** A chain that a test writes by hand: names of blocks, each on the one before. */
  const scripted = (names: string[]) => {
    const state = { names };
    const at = (height: number) => state.names[height];
    const source: BlockSource<ChainBlock> = {
      tip: () => Promise.resolve({ height: state.names.length - 1, hash: at(state.names.length - 1) ?? '' }),
      blockHashAt: (height) => Promise.resolve(at(height)),
      blockAt: (height) =>
        Promise.resolve({
          chain: 'bitcoin',
          height,
          hash: at(height) ?? '',
          parentHash: at(height - 1) ?? '',
          time: new Date(0),
        }),
    };
    return { state, source };
  };

  it('D2, D9: a reorganisation deeper than the limit halts the chain and changes nothing until people resume it', async () => {
    const { state, source } = scripted(['a', 'b', 'c', 'd', 'e']);
    const { chain, follower } = follow(source, 2);
    await follower.catchUp();
    state.names = ['a', 'b2', 'c2', 'd2', 'e2', 'f2'];
    expect(await follower.catchUp()).toBe('halted');
    expect(chain.map((block) => block.hash)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await chainHalt(database.app, 'bitcoin'))?.reason).toContain('deeper than 2');
    state.names = ['a', 'b', 'c', 'd2', 'e2', 'f2'];
    await database.app.transaction((tx) => resumeChain(tx, 'bitcoin'));
    await follower.catchUp();
    expect(chain.map((block) => block.hash)).toEqual(['a', 'b', 'c', 'd2', 'e2', 'f2']);
  });

  it('D16: a node that is behind changes nothing; one that is behind on a fork does', async () => {
    const { state, source } = scripted(['a', 'b', 'c', 'd']);
    const { chain, follower } = follow(source, 3);
    await follower.catchUp();
    state.names = ['a', 'b'];
    expect(await follower.catchUp()).toBe('caught-up');
    expect(chain).toHaveLength(4);
    state.names = ['a', 'b2'];
    await follower.catchUp();
    expect(chain.map((block) => block.hash)).toEqual(['a', 'b2']);
  });

  it('D11: two followers at once take each block in once', async () => {
    const { source } = scripted(Array.from({ length: 40 }, (_, n) => `n${n}`));
    const { chain, sink } = recording();
    const make = () =>
      new BlockFollower({ database: database.app, chain: 'bitcoin', source, sink, maxReorgDepth: 3, logger });
    await Promise.all([make().catchUp(), make().catchUp(), make().catchUp()]);
    expect(chain.map((block) => block.height)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });
});

describe('D4: a hostile node', () => {
  let server: Server;
  let answer: (request: string) => { status?: number; body: string | Buffer; hang?: boolean };

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        const { status = 200, body, hang } = answer('');
        if (hang) return;
        response.writeHead(status).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const node = () =>
    new BitcoinNode({
      url: new Secret(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      timeoutMs: 250,
      maxBytes: 100_000,
    });
  const result = (value: unknown) => ({ body: JSON.stringify({ result: value, error: null, id: 1 }) });

  it.each([
    ['HTML', { body: '<html>busy</html>' }],
    ['429', { status: 429, body: 'slow down' }],
    ['truncated JSON', { body: '{"result": {"blocks": 1' }],
    ['null', { body: 'null' }],
    ['too much', { body: Buffer.alloc(200_000, 0x20) }],
    ['silence', { body: '', hang: true }],
    ['a height beyond all numbers', result({ blocks: 1e300, bestblockhash: 'ab' })],
    ['a shape of its own', result([1, 2, 3])],
  ])('%s is unavailability, never a crash and never a value', async (_, hostile) => {
    answer = () => hostile;
    await expect(node().tip()).rejects.toBeInstanceOf(ChainUnavailable);
  });

  it('D3: bytes that are not the block they were asked for are a lie', async () => {
    const real = new BitcoinNode({ url: new Secret(bitcoin.url) });
    const { hash } = await real.blockAt(5);
    const other = await bitcoin.rpc<string>('getblock', (await real.blockAt(6)).hash, 0);
    let call = 0;
    answer = () => result((call += 1) === 1 ? hash : other);
    await expect(node().blockAt(5)).rejects.toBeInstanceOf(ChainLied);
    answer = () => result((call += 1) % 2 ? hash : '00');
    await expect(node().blockAt(5)).rejects.toBeInstanceOf(ChainLied);
  });

  it('D7: no answer to a broadcast is an unknown outcome, not a failure', async () => {
    answer = () => ({ body: '', hang: true });
    expect(await node().broadcast('00')).toEqual({ kind: 'unknown' });
  });
});

describe('confirmations', () => {
  it('grow with the amount', async () => {
    const depths = await Promise.all(
      [1n, 10_000_000n, 10_000_001n, 10n ** 12n].map((amount) => requiredConfirmations(database.app, 'BTC', amount)),
    );
    expect(depths).toEqual([2, 2, 3, 6]);
    await expect(requiredConfirmations(database.app, 'EUR', 1n)).rejects.toThrow('no confirmation policy');
  });
});
