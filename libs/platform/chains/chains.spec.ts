import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '@base/config';
import { systemClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { BitcoinClient, type BitcoinBlock, bitcoinFeeRate, ChainFollower, depthFor, BITCOIN_CONFIRMATIONS, EthereumClient, type EthereumBlock, ethereumFees, ethereumReplacementFees, JsonRpc, NodeLies, NodeUnavailable, ReorganisationTooDeep, witnessed } from './index.js'; // prettier-ignore
import { type AnvilTestNode, type BitcoinTestNode, type NodeProxy, startAnvil, startBitcoinDevChain, startNodeProxy } from './testing/index.js'; // prettier-ignore

let bitcoin: BitcoinTestNode;
let anvil: AnvilTestNode;
let bitcoinProxy: NodeProxy;
let ethereumProxy: NodeProxy;
let database: TestDatabase;

beforeAll(async () => {
  [bitcoin, anvil, database] = await Promise.all([startBitcoinDevChain(), startAnvil(), createTestDatabase()]);
  [bitcoinProxy, ethereumProxy] = await Promise.all([startNodeProxy(bitcoin.url), startNodeProxy(anvil.url)]);
});
afterEach(() => {
  bitcoinProxy.interfere = undefined;
  ethereumProxy.interfere = undefined;
});
afterAll(async () => {
  await Promise.all([bitcoinProxy.close(), ethereumProxy.close(), bitcoin.close(), anvil.close(), database.drop()]);
});

const patient = { timeoutMs: 3_000, failuresUntilOpen: 1_000 };
const bitcoinClient = (url = bitcoin.url, options: object = patient): BitcoinClient =>
  new BitcoinClient(new JsonRpc({ url: new Secret(url), ...options }), 'regtest');
const ethereumClient = (url = anvil.url, options: object = patient): EthereumClient =>
  new EthereumClient(new JsonRpc({ url: new Secret(url), ...options }), 31337n);

describe('a Bitcoin block', () => {
  it('is read from its bytes: amounts exact, scripts and inputs as mined', async () => {
    const address = await bitcoin.rpc<string>('sandbox_newaddress');
    const txid = await bitcoin.faucet(address, '0.12345678');
    const [hash = ''] = await bitcoin.mine();
    const block = await bitcoinClient().block(hash);
    const paid = block.transactions.find((transaction) => transaction.txid === txid);
    expect(paid?.outputs.map(({ value }) => value)).toContain(12_345_678n);
    expect(block.transactions[0]).toMatchObject({ coinbase: true, inputs: [] });
    expect(await bitcoinClient().tip()).toEqual({ height: block.height, hash });
    expect(await bitcoinClient().hashAt(block.height + 1)).toBeUndefined();
  });

  it('D3: from a node that lies is refused: another block, another transaction inside, another network', async () => {
    const [first = '', second = ''] = await bitcoin.mine(2);
    const raw = await bitcoin.rpc<string>('getblock', second, 0);
    const proxied = bitcoinClient(bitcoinProxy.url);
    bitcoinProxy.interfere = ({ method }) => (method === 'getblock' ? { result: raw } : undefined);
    await expect(proxied.block(first)).rejects.toThrow(NodeLies);
    await expect(proxied.block(second)).resolves.toMatchObject({ hash: second });
    // One more satoshi in the coinbase: the header commits to other transactions.
    const tampered = raw.replace(/(ffffffff02)([0-9a-f]{2})/, (_, head: string, byte: string) => head + (parseInt(byte, 16) ^ 1).toString(16).padStart(2, '0'));
    const altered = tampered === raw ? `${raw.slice(0, -10)}${raw.at(-10) === '0' ? '1' : '0'}${raw.slice(-9)}` : tampered;
    bitcoinProxy.interfere = ({ method }) => (method === 'getblock' ? { result: altered } : undefined);
    await expect(proxied.block(second)).rejects.toThrow(NodeLies);
    bitcoinProxy.interfere = ({ method }) =>
      method === 'getblockchaininfo' ? { result: { chain: 'main', blocks: 1, bestblockhash: first } } : undefined;
    await expect(proxied.tip()).rejects.toThrow(/another network/);
  });
}); // prettier-ignore

describe('an Ethereum block', () => {
  /** Sends and waits for the block: anvil answers a moment before it has mined. */
  const send = async (fields: object): Promise<{ blockHash: string; contractAddress: string }> => {
    const [from] = await anvil.rpc<string[]>('eth_accounts');
    const txid = await anvil.rpc<string>('eth_sendTransaction', { from, ...fields });
    for (;;) {
      const receipt = await anvil.rpc<{ blockHash: string; contractAddress: string } | null>(
        'eth_getTransactionReceipt',
        txid,
      );
      if (receipt !== null) return receipt;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const deploy = async (runtime: string): Promise<string> => {
    const size = (runtime.length / 2).toString(16).padStart(2, '0');
    return (await send({ data: `0x60${size}600a5f3960${size}5ff3${runtime}` })).contractAddress;
  };
  /** CALL(to = calldata[0], value = callvalue); then revert if calldata[32] is not zero. */
  const FORWARDER = '5f5f5f5f345f355af15060203560115700' + '5b5f5ffd';
  const REVERTER = '5f5ffd';

  it('hashes to its name by its own fields, on every fork that anvil speaks', async () => {
    await anvil.mine(1);
    const client = ethereumClient();
    const tip = await client.tip();
    expect(await client.block(tip.hash)).toMatchObject({
      height: tip.height,
      hash: tip.hash,
      transactions: [],
      traced: true,
    });
  });

  it('D3: that does not hash to its name, or brings foreign receipts, is refused; so is another chain', async () => {
    const [, to] = await anvil.rpc<string[]>('eth_accounts');
    const { blockHash: hash } = await send({ to, value: '0x1' });
    const proxied = ethereumClient(ethereumProxy.url);
    for (const lie of [{ gasUsed: '0x1' }, { stateRoot: `0x${'11'.repeat(32)}` }, { hash: `0x${'22'.repeat(32)}` }]) {
      ethereumProxy.interfere = async ({ method, forward }) =>
        method === 'eth_getBlockByHash' ? { result: { ...((await forward()).result as object), ...lie } } : undefined;
      await expect(proxied.block(hash)).rejects.toThrow(NodeLies);
    }
    ethereumProxy.interfere = async ({ method, forward }) => {
      if (method !== 'eth_getBlockReceipts') return undefined;
      const receipts = (await forward()).result as object[];
      return { result: receipts.map((receipt) => ({ ...receipt, blockHash: `0x${'33'.repeat(32)}` })) };
    };
    await expect(proxied.block(hash)).rejects.toThrow(/receipts/);
    ethereumProxy.interfere = ({ method }) => (method === 'eth_chainId' ? { result: '0x1' } : undefined);
    await expect(proxied.tip()).rejects.toThrow(/another chain/);
  });

  it('D4, D5: value inside a transaction counts unless a call around it reverted; a failed transaction moves nothing', async () => {
    const [, to = ''] = await anvil.rpc<string[]>('eth_accounts');
    const forwarder = await deploy(FORWARDER);
    const forward = async (target: string, fail: boolean): Promise<EthereumBlock> => {
      const data = `0x${target.slice(2).padStart(64, '0')}${(fail ? '01' : '').padStart(64, '0')}`;
      return ethereumClient().block((await send({ to: forwarder, value: '0x64', data, gas: '0x30d40' })).blockHash);
    };
    const forwarded = await forward(to, false);
    expect(forwarded.movements.map(({ index, to: payee, value }) => [index, payee.toLowerCase(), value])).toEqual([
      [0, forwarder, 100n],
      [1, to, 100n],
    ]);
    const reverted = await forward(to, true);
    expect(reverted.movements).toEqual([]);
    expect(reverted.transactions).toMatchObject([{ succeeded: false }]);
    expect(reverted.transactions[0]?.fee).toBeGreaterThan(0n);
    // The inner call reverts, the transaction does not: only what the transaction itself paid has moved.
    const swallowed = await forward(await deploy(REVERTER), false);
    expect(swallowed.transactions).toMatchObject([{ succeeded: true }]);
    expect(swallowed.movements.map(({ index }) => index)).toEqual([0]);
  });

  it('says so when the node cannot trace, and then counts what transactions themselves pay', async () => {
    const [, to] = await anvil.rpc<string[]>('eth_accounts');
    const { blockHash: hash } = await send({ to, value: '0x1', data: '0x01' });
    ethereumProxy.interfere = ({ method }) =>
      method === 'debug_traceBlockByHash'
        ? { error: { code: -32601, message: 'the method does not exist' } }
        : undefined;
    const block = await ethereumClient(ethereumProxy.url).block(hash);
    expect(block.traced).toBe(false);
    expect(block.movements).toHaveLength(1);
  });
});

describe('D4: a hostile node', () => {
  const misbehaviours: [string, Parameters<typeof Object.is>[0]][] = [
    ['HTML', { text: '<html><body>502 Bad Gateway</body></html>', status: 502 }],
    ['429', { text: 'slow down', status: 429 }],
    ['truncated JSON', { text: '{"jsonrpc":"2.0","id":1,"result":{"chain":"reg' }],
    ['an empty body', { text: '' }],
    ['null', { text: 'null' }],
    ['a null result', { result: null }],
    ['an array', { text: '[]' }],
    ['huge integers', { result: { chain: 'regtest', blocks: 1e308, bestblockhash: 'f'.repeat(64) } }],
    ['negative heights', { result: { chain: 'regtest', blocks: -1, bestblockhash: 'f'.repeat(64) } }],
    ['deep nesting', { text: '['.repeat(200_000) }],
    ['a body without end', { flood: 300 * 1024 * 1024 }],
    ['a redirect', { text: '', status: 301 }],
    ['a cut connection', 'cut'],
    ['silence', 'silence'],
  ];

  it.each(misbehaviours)('that answers with %s is unavailable, quickly, and nothing else happens', async (_, instead) => {
    bitcoinProxy.interfere = () => instead as never;
    const client = bitcoinClient(bitcoinProxy.url, { timeoutMs: 400, maxBytes: 1024 * 1024, failuresUntilOpen: 1_000 });
    const before = process.memoryUsage().rss;
    const started = performance.now();
    await expect(client.tip()).rejects.toThrow(NodeUnavailable);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    await expect(client.broadcast('0200')).resolves.toBe('unknown');
  });

  it('that keeps failing is left alone for a while, and asked again later', async () => {
    bitcoinProxy.interfere = () => ({ text: 'no' });
    const client = bitcoinClient(bitcoinProxy.url, { failuresUntilOpen: 3, coolDownMs: 200 });
    for (let at = 0; at < 3; at++) await expect(client.tip()).rejects.toThrow(/not JSON/);
    const asked = bitcoinProxy.calls.length;
    await expect(client.tip()).rejects.toThrow(/left alone/);
    expect(bitcoinProxy.calls.length).toBe(asked);
    bitcoinProxy.interfere = undefined;
    await new Promise((resolve) => setTimeout(resolve, 250));
    await expect(client.tip()).resolves.toBeDefined();
  });

  it('cannot make us pay its fee: estimates stay between floor and ceiling', async () => {
    bitcoinProxy.interfere = ({ method }) => (method === 'estimatesmartfee' ? { result: { feerate: 0.9 } } : undefined);
    expect(await bitcoinFeeRate(bitcoinClient(bitcoinProxy.url))).toBe(500_000n);
    bitcoinProxy.interfere = ({ method }) => (method === 'estimatesmartfee' ? { result: { errors: ['none'], blocks: 0 } } : undefined);
    expect(await bitcoinFeeRate(bitcoinClient(bitcoinProxy.url))).toBe(10_000n);
    bitcoinProxy.interfere = () => ({ text: 'no' });
    expect(await bitcoinFeeRate(bitcoinClient(bitcoinProxy.url))).toBe(10_000n);
    ethereumProxy.interfere = ({ method }) =>
      method === 'eth_maxPriorityFeePerGas'
        ? { result: '0xde0b6b3a7640000' }
        : method === 'eth_getBlockByNumber' ? { result: { baseFeePerGas: '0xde0b6b3a7640000' } } : undefined;
    expect(await ethereumFees(ethereumClient(ethereumProxy.url))).toEqual({
      maxFeePerGas: 1_000_000_000_000n,
      maxPriorityFeePerGas: 50_000_000_000n,
    });
  });
}); // prettier-ignore

describe('fees', () => {
  it('a replacement raises both prices by at least an eighth, and not below the market', () => {
    const previous = { maxFeePerGas: 8_000n, maxPriorityFeePerGas: 801n };
    expect(ethereumReplacementFees(previous, { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n })).toEqual({
      maxFeePerGas: 9_000n,
      maxPriorityFeePerGas: 902n,
    });
    expect(ethereumReplacementFees(previous, { maxFeePerGas: 20_000n, maxPriorityFeePerGas: 2_000n })).toEqual({
      maxFeePerGas: 20_000n,
      maxPriorityFeePerGas: 2_000n,
    });
  });

  it('confirmations grow with the amount', () => {
    expect([0n, 999_999n, 1_000_000n, 99_999_999n, 100_000_000n, 1_000_000_000n].map((amount) => depthFor(BITCOIN_CONFIRMATIONS, amount))).toEqual([1, 1, 2, 2, 3, 6]);
  }); // prettier-ignore
});

describe('witnesses', () => {
  it('D3: two nodes must show the same block; one that is behind means not yet, one that contradicts is a lie', async () => {
    const [hash = ''] = await bitcoin.mine();
    const tip = await bitcoinClient().tip();
    const witness = bitcoinClient(bitcoinProxy.url);
    expect(await witnessed([witness], tip)).toBe(true);
    bitcoinProxy.interfere = ({ method }) =>
      method === 'getblockchaininfo'
        ? { result: { chain: 'regtest', blocks: tip.height - 1, bestblockhash: hash } }
        : undefined;
    expect(await witnessed([witness], tip)).toBe(false);
    bitcoinProxy.interfere = ({ method }) => (method === 'getblockhash' ? { result: 'ab'.repeat(32) } : undefined);
    await expect(witnessed([witness], tip)).rejects.toThrow(NodeLies);
  });
});

describe('following a chain', () => {
  let next = 0;
  const follow = (source = bitcoinClient(), options: { maxReorg?: number; startHeight?: number } = {}) => {
    const events: string[] = [];
    const follower = new ChainFollower<BitcoinBlock>({
      chainId: `bitcoin:spec-${next++}`,
      database: database.app,
      clock: systemClock,
      source,
      consumer: {
        connect: (_, { height }) => Promise.resolve(void events.push(`+${height}`)),
        disconnect: (_, { height }) => Promise.resolve(void events.push(`-${height}`)),
      },
      maxReorg: options.maxReorg ?? 100,
      ...(options.startHeight === undefined ? {} : { startHeight: options.startHeight }),
    });
    return { follower, events };
  };

  it('takes in each block once and in order, whatever was missed (D16)', async () => {
    const { height } = await bitcoinClient().tip();
    const { follower, events } = follow();
    await follower.catchUp();
    await bitcoin.mine(3);
    await follower.catchUp(2);
    await follower.catchUp();
    expect(await follower.catchUp()).toBe(0);
    expect(events).toEqual([`+${height}`, `+${height + 1}`, `+${height + 2}`, `+${height + 3}`]);
  });

  it('takes blocks back one by one when the chain forks, and takes in the other branch', async () => {
    const { follower, events } = follow();
    await follower.catchUp();
    const { height } = await bitcoinClient().tip();
    await bitcoin.mine(2);
    await follower.catchUp();
    await bitcoin.rpc('sandbox_reorg', 2);
    await follower.catchUp();
    const { height: newHeight, hash } = await bitcoinClient().tip();
    expect(events.slice(3, 5)).toEqual([`-${height + 2}`, `-${height + 1}`]);
    expect(events.slice(5)).toEqual(Array.from({ length: newHeight - height }, (_, at) => `+${height + 1 + at}`));
    expect(await follower.log.tip(database.app)).toEqual({ height: newHeight, hash });
  });

  it('stops at a reorganisation that is too deep, and says so', async () => {
    const { follower } = follow(bitcoinClient(), { maxReorg: 2 });
    await follower.catchUp();
    await bitcoin.mine(4);
    await follower.catchUp();
    await bitcoin.rpc('sandbox_reorg', 4);
    await expect(follower.catchUp()).rejects.toThrow(ReorganisationTooDeep);
  });

  it('waits for a node that is behind instead of taking blocks back', async () => {
    const { follower, events } = follow(bitcoinClient(bitcoinProxy.url));
    await bitcoin.mine(2);
    await follower.catchUp();
    const { height } = await bitcoinClient().tip();
    const ancestor = await bitcoin.rpc<string>('getblockhash', height - 1);
    bitcoinProxy.interfere = ({ method, params }) => {
      if (method === 'getblockchaininfo') return { result: { chain: 'regtest', blocks: height - 1, bestblockhash: ancestor } };
      return method === 'getblockhash' && Number(params[0]) > height - 1 ? { error: { code: -8, message: 'Block height out of range' } } : undefined;
    };
    expect(await follower.catchUp()).toBe(0);
    expect(events.filter((event) => event.startsWith('-'))).toEqual([]);
  });

  it('two followers of the same chain, racing, take each block in once', async () => {
    const events: number[] = [];
    const one = () =>
      new ChainFollower<BitcoinBlock>({
        chainId: 'bitcoin:race',
        database: database.app,
        clock: systemClock,
        source: bitcoinClient(),
        consumer: { connect: (_, { height }) => Promise.resolve(void events.push(height)), disconnect: () => Promise.resolve() },
        maxReorg: 100,
      });
    await one().catchUp();
    await bitcoin.mine(10);
    await Promise.all([one().catchUp(), one().catchUp(), one().catchUp()]);
    const distinct = [...new Set(events)];
    expect(events.filter((height) => height > (distinct[0] ?? 0)).sort((a, b) => a - b)).toEqual(distinct.slice(1).sort((a, b) => a - b));
    expect(distinct).toHaveLength(11);
  });

  it('the database itself refuses a block that does not follow', async () => {
    const insert = (height: number, hash: string, parent: string) =>
      database.app.query('INSERT INTO chains.block VALUES ($1, $2, $3, $4, now(), now())', ['bitcoin:sql', height, hash, parent]);
    await insert(5, 'e', 'd');
    await expect(insert(7, 'g', 'f')).rejects.toThrow(/does not follow/);
    await expect(insert(6, 'f', 'x')).rejects.toThrow(/does not follow/);
    await insert(6, 'f', 'e');
    await expect(insert(6, 'f2', 'e')).rejects.toThrow(/does not follow|duplicate/);
  });
}); // prettier-ignore
