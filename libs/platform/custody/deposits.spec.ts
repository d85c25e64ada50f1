import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { accountPath, extendedKeyVersions, masterKey } from '@core/wallet';
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { Events } from '@base/events';
import { createLogger } from '@base/observability';
import {
  type BitcoinBlock,
  BitcoinClient,
  type BlockHeader,
  type BlockSource,
  ChainFollower,
  EthereumClient,
  type EthereumBlock,
  JsonRpc,
} from '@platform/chains';
import { type AnvilTestNode, type BitcoinTestNode, startAnvil, startBitcoinDevChain } from '@platform/chains/testing';
import { WatchOnlyAccounts } from '@platform/keys';
import { account, Ledger } from '@platform/ledger';
import { AllocateAddress, assetHalt, type BitcoinCustody, countBitcoin, countEthereum, CreditDueDeposits, type CustodyChain, listDeposits, ReconcileCustody, RecordDeposit, resumeAsset, spendableCoins, TakeInBitcoinBlocks, TakeInEthereumBlocks } from './index.js'; // prettier-ignore

const logger = createLogger('spec', 'silent');
const bitcoinChain: BitcoinCustody = { chainId: 'bitcoin:regtest', asset: 'BTC', network: 'regtest', policy: { steps: [{ from: 100_000_000n, depth: 3 }, { from: 0n, depth: 2 }], maxReorg: 50 } }; // prettier-ignore
const ethereumChain: CustodyChain = {
  chainId: 'eip155:31337',
  asset: 'ETH',
  policy: { steps: [{ from: 0n, depth: 3 }], maxReorg: 50 },
};
const nobody = { connected: () => Promise.resolve(), disconnected: () => Promise.resolve() };

let database: TestDatabase;
let bitcoin: BitcoinTestNode;
let anvil: AnvilTestNode;
let bitcoinNode: BitcoinClient;
let ethereumNode: EthereumClient;
let ledger: Ledger;
let addresses: AllocateAddress;

beforeAll(async () => {
  [database, bitcoin, anvil] = await Promise.all([createTestDatabase(), startBitcoinDevChain(), startAnvil()]);
  bitcoinNode = new BitcoinClient(new JsonRpc({ url: new Secret(bitcoin.url) }), 'regtest');
  ethereumNode = new EthereumClient(new JsonRpc({ url: new Secret(anvil.url) }), 31337n);
  ledger = new Ledger(database.app, systemClock);
  const master = masterKey(randomBytes(32), extendedKeyVersions('regtest'));
  const ethereumMaster = masterKey(randomBytes(32));
  const describeAccount = (chainId: string, root: typeof master, path: string) => {
    const key = root.derive(path);
    return { chainId, path, fingerprint: root.fingerprint.toString(16).padStart(8, '0'), xpub: key.publicExtendedKey };
  };
  const accounts = new WatchOnlyAccounts();
  await accounts.register(database.app, [
    describeAccount(bitcoinChain.chainId, master, accountPath({ purpose: 84, coinType: 1, account: 0 })),
    describeAccount(ethereumChain.chainId, ethereumMaster, accountPath({ purpose: 44, coinType: 60, account: 0 })),
  ]);
  addresses = new AllocateAddress(accounts, { bitcoin: bitcoinChain, ethereum: ethereumChain }, systemClock);
});

afterAll(async () => {
  await ledger.close();
  await Promise.all([bitcoin.close(), anvil.close(), database.drop()]);
});

const recorder = (): RecordDeposit =>
  new RecordDeposit(ledger, new Events({ database: database.app, clock: systemClock, logger }), systemClock);

const credits = <Block extends BlockHeader>(chain: CustodyChain, witnesses: BlockSource<Block>[] = []) =>
  new CreditDueDeposits<Block>({
    database: database.app,
    chain,
    deposits: recorder(),
    witnesses,
    logger,
    now: () => new Date(),
  });

const followBitcoin = () => {
  const consumer = new TakeInBitcoinBlocks({ chain: bitcoinChain, deposits: recorder(), listener: nobody });
  return new ChainFollower<BitcoinBlock>({
    ...bitcoinChain,
    maxReorg: 50,
    database: database.app,
    clock: systemClock,
    source: bitcoinNode,
    consumer,
  });
};

const followEthereum = () => {
  const consumer = new TakeInEthereumBlocks({ chain: ethereumChain, deposits: recorder(), listener: nobody });
  return new ChainFollower<EthereumBlock>({
    ...ethereumChain,
    maxReorg: 50,
    database: database.app,
    clock: systemClock,
    source: ethereumNode,
    consumer,
  });
};

const catchUp = async (): Promise<void> => {
  await followBitcoin().catchUp();
  await credits(bitcoinChain).run();
};

const catchUpEthereum = async (): Promise<void> => {
  await followEthereum().catchUp();
  await credits(ethereumChain).run();
};

const addressOf = async (asset: 'BTC' | 'ETH', customerId: string): Promise<string> =>
  (await database.app.transaction((tx) => addresses.current(tx, asset, customerId))).address;

const balances = async (asset: 'BTC' | 'ETH', customerId: string): Promise<{ available: bigint; pending: bigint }> => ({
  available: await ledger.balance(account('customer_available', asset, customerId)),
  pending: await ledger.balance(account('customer_pending_in', asset, customerId)),
});

const reconcile = (chain: CustodyChain) =>
  new ReconcileCustody({
    database: database.app,
    ledger,
    clock: systemClock,
    chain,
    count:
      chain.asset === 'BTC'
        ? countBitcoin(database.app, bitcoinNode, chain.chainId)
        : countEthereum(database.app, ethereumNode, chain.chainId),
    leftButUnsettled: () => Promise.resolve(0n),
  }).run();

beforeEach(async () => {
  await catchUp();
  await catchUpEthereum();
});

describe('deposit addresses', () => {
  it('one customer has one, however many ask at once; two customers never share', async () => {
    const [alice, bob] = [randomUUID(), randomUUID()];
    const asked = await Promise.all(Array.from({ length: 12 }, (_, n) => addressOf('BTC', n % 2 ? alice : bob)));
    expect(new Set(asked).size).toBe(2);
    expect(await addressOf('ETH', alice)).not.toBe(await addressOf('ETH', bob));
    expect(asked[0]).toMatch(/^bcrt1q/);
  });

  it('a renewed Bitcoin address is another one, and the old one still credits its customer', async () => {
    const alice = randomUUID();
    const old = await addressOf('BTC', alice);
    const fresh = await database.app.transaction((tx) => addresses.renew(tx, 'BTC', alice));
    expect(fresh.address).not.toBe(old);
    await bitcoin.faucet(old, '0.01');
    await bitcoin.mine(2);
    await catchUp();
    expect((await balances('BTC', alice)).available).toBe(1_000_000n);
  });
});

describe('bitcoin deposits', () => {
  it('D7: nothing for the mempool, pending in a block, available at depth; more depth for more', async () => {
    const alice = randomUUID();
    const address = await addressOf('BTC', alice);
    await bitcoin.faucet(address, '0.5');
    await bitcoin.faucet(address, '1.5');
    await catchUp();
    expect(await balances('BTC', alice)).toEqual({ available: 0n, pending: 0n });
    await bitcoin.mine();
    await catchUp();
    expect(await balances('BTC', alice)).toEqual({ available: 0n, pending: 200_000_000n });
    await bitcoin.mine();
    await catchUp();
    expect(await balances('BTC', alice)).toEqual({ available: 50_000_000n, pending: 150_000_000n });
    await bitcoin.mine();
    await catchUp();
    expect(await balances('BTC', alice)).toEqual({ available: 200_000_000n, pending: 0n });
  });

  it('D11: the same blocks taken in again, or by two at once, credit once', async () => {
    const alice = randomUUID();
    await bitcoin.faucet(await addressOf('BTC', alice), '0.3');
    await bitcoin.mine(2);
    await Promise.all([catchUp(), catchUp(), catchUp()]);
    await catchUp();
    expect((await balances('BTC', alice)).available).toBe(30_000_000n);
  });

  it('D1, D8: a reorganisation takes a pending deposit back; mined again it credits once', async () => {
    const alice = randomUUID();
    const txid = await bitcoin.faucet(await addressOf('BTC', alice), '0.4');
    await bitcoin.mine();
    await catchUp();
    expect((await balances('BTC', alice)).pending).toBe(40_000_000n);
    await bitcoin.rpc('sandbox_reorg', 1, { drop: [txid] });
    await catchUp();
    expect(await balances('BTC', alice)).toEqual({ available: 0n, pending: 0n });
    expect((await listDeposits(database.app, { customerId: alice, limit: 5 })).map((deposit) => deposit.state)).toEqual(
      ['orphaned'],
    );
  });

  it('D2, D9: a reorganisation below a credited deposit halts the asset, on a named account, the customer untouched', async () => {
    const alice = randomUUID();
    const txid = await bitcoin.faucet(await addressOf('BTC', alice), '0.2');
    await bitcoin.mine(2);
    await catchUp();
    await bitcoin.rpc('sandbox_reorg', 2, { drop: [txid] });
    await catchUp();
    expect((await balances('BTC', alice)).available).toBe(20_000_000n);
    expect(await ledger.balance(account('suspense_debit', 'BTC'))).toBe(20_000_000n);
    expect((await assetHalt(database.app, 'BTC'))?.reason).toContain('reorganised away');
    await database.app.transaction((tx) => resumeAsset(tx, 'BTC'));
  });

  it('D13: dust is shown, not credited, and never selected for spending', async () => {
    const alice = randomUUID();
    await bitcoin.faucet(await addressOf('BTC', alice), '0.00001000');
    await bitcoin.mine(2);
    await catchUp();
    expect(await balances('BTC', alice)).toEqual({ available: 0n, pending: 0n });
    const tip = await bitcoinNode.tip();
    expect(
      (await spendableCoins(database.app, bitcoinChain.chainId, tip.height)).every((coin) => coin.value > 1_000n),
    ).toBe(true);
  });

  it('the house’s own deposit becomes its inventory', async () => {
    const before = await ledger.balance(account('house_inventory', 'BTC'));
    const { address } = await database.app.transaction((tx) => addresses.house(tx, 'BTC'));
    await bitcoin.faucet(address, '0.7');
    await bitcoin.mine(2);
    await catchUp();
    expect((await ledger.balance(account('house_inventory', 'BTC'))) - before).toBe(70_000_000n);
  });

  it('custody equals the chain to the satoshi, and a planted difference halts the asset', async () => {
    const found = await reconcile(bitcoinChain);
    expect(found?.difference).toBe(0n);
    await database.owner.query(`ALTER TABLE custody.coin DISABLE TRIGGER ALL`);
    const { txid } = await database.owner.one<{ txid: string }>(
      'SELECT txid FROM custody.coin WHERE spent_by IS NULL AND NOT is_dust LIMIT 1',
    );
    await database.owner.query('DELETE FROM custody.coin WHERE txid = $1', [txid]);
    expect((await reconcile(bitcoinChain))?.difference).not.toBe(0n);
    expect((await assetHalt(database.app, 'BTC'))?.reason).toContain('differs from the chain');
  });
});

describe('ethereum deposits', () => {
  const send = async (to: string, value: bigint): Promise<string> => {
    const [from] = await anvil.rpc<string[]>('eth_accounts');
    const hash = await anvil.rpc<string>('eth_sendTransaction', { from, to, value: `0x${value.toString(16)}` });
    while ((await anvil.rpc('eth_getTransactionReceipt', hash)) === null);
    return hash;
  };

  it('is pending in a block and available at depth, exact to the wei', async () => {
    const alice = randomUUID();
    await send(await addressOf('ETH', alice), 10n ** 18n + 1n);
    await catchUpEthereum();
    expect(await balances('ETH', alice)).toEqual({ available: 0n, pending: 10n ** 18n + 1n });
    await anvil.mine(2);
    await catchUpEthereum();
    expect(await balances('ETH', alice)).toEqual({ available: 10n ** 18n + 1n, pending: 0n });
    expect((await reconcile(ethereumChain))?.difference).toBe(0n);
  });

  it('D3: a witness on another branch means no credit and a halt; one that is behind means not yet', async () => {
    const alice = randomUUID();
    await send(await addressOf('ETH', alice), 10n ** 17n);
    await anvil.mine(3);
    await followEthereum().catchUp();
    const block = (): Promise<EthereumBlock> => Promise.reject(new Error('not asked for'));
    const behind: BlockSource<EthereumBlock> = {
      block,
      tip: () => Promise.resolve({ height: 0, hash: '' }),
      hashAt: () => Promise.resolve(undefined),
    };
    const lying: BlockSource<EthereumBlock> = {
      block,
      tip: () => ethereumNode.tip(),
      hashAt: () => Promise.resolve(`0x${'0'.repeat(64)}`),
    };
    expect(await credits<EthereumBlock>(ethereumChain, [behind]).run()).toBe(0);
    expect(await assetHalt(database.app, 'ETH')).toBeUndefined();
    expect(await credits<EthereumBlock>(ethereumChain, [lying]).run()).toBe(0);
    expect((await assetHalt(database.app, 'ETH'))?.reason).toContain('nodes disagree');
    await database.app.transaction((tx) => resumeAsset(tx, 'ETH'));
    await catchUpEthereum();
    expect((await balances('ETH', alice)).available).toBe(10n ** 17n);
  });
});

it('conservation: every asset of the ledger sums to zero after all of this', async () => {
  const sums = await database.owner.query<{ sum: bigint }>(
    'SELECT sum(amount) AS sum FROM ledger.entries GROUP BY asset_id',
  );
  expect(sums.every(({ sum }) => sum === 0n)).toBe(true);
});
