import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isNodeTrouble } from '@platform/chains';
import { type Interference } from '@platform/chains/testing';
import { findHalt, resume } from './halts.js';
import { CustodyBench, Withdrawals } from './testing/index.js';

let bench: CustodyBench;
let withdrawals: Withdrawals;
beforeAll(async () => {
  bench = await CustodyBench.open();
  withdrawals = new Withdrawals(bench);
  await bench.stockHouse(['1']);
});
afterEach(async () => {
  bench.bitcoinDoor.interfere = undefined;
  bench.ethereumDoor.interfere = undefined;
  expect(Object.values(await bench.trialBalance()).every((sum) => sum === 0n)).toBe(true);
});
afterAll(() => bench.close());

async function expectReconciled(): Promise<void> {
  for (const asset of ['BTC', 'ETH'] as const)
    expect(await bench.rounds[asset].reconcile()).toMatchObject({ difference: 0n });
}

describe('addresses', () => {
  it('are one per customer and chain, made on first request, also when asked for many times at once', async () => {
    const customers = await Promise.all([bench.customer(), bench.customer()]);
    const asked = await Promise.all(
      customers.flatMap((id) => Array.from({ length: 10 }, () => bench.addresses.forCustomer('BTC', id))),
    );
    expect(new Set(asked.map(({ address }) => address)).size).toBe(2);
    const [ether] = await Promise.all(customers.map((id) => bench.addresses.forCustomer('ETH', id)));
    expect(ether?.address).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect(asked[0]?.address).toMatch(/^bcrt1q/);
  });
});

describe('house inventory', () => {
  it('comes from the house’s own address, against its equity', async () => {
    expect(await bench.balance('house_inventory', 'BTC')).toBe(100_000_000n);
    expect(await bench.balance('custody_hot', 'BTC')).toBe(100_000_000n);
    expect(await bench.balance('house_inventory', 'ETH')).toBe(90n * 10n ** 18n);
    await expectReconciled();
  });

  it('on Ethereum is swept to the hot address, and the gas is an expense', async () => {
    const hot = await bench.parts.database.transaction((tx) => bench.addresses.ethereumHot(tx));
    const held = BigInt(await bench.anvil.rpc<string>('eth_getBalance', hot.address, 'latest'));
    expect(held).toBeGreaterThan(89n * 10n ** 18n);
    expect(await bench.balance('network_fees', 'ETH')).toBeGreaterThan(0n);
    expect(await bench.balance('custody_hot', 'ETH')).toBe(
      90n * 10n ** 18n - (await bench.balance('network_fees', 'ETH')),
    );
  });
});

describe('D1: a Bitcoin deposit', () => {
  it('is pending in its first block and credited at its depth', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('BTC', customer);
    await bench.bitcoin.faucet(address, '1.5');
    await bench.run();
    expect(await bench.deposits(customer)).toEqual([]);
    await bench.bitcoin.mine();
    await bench.run();
    expect(await bench.deposits(customer)).toMatchObject([
      { state: 'pending', amount: 150_000_000n, requiredDepth: 2 },
    ]);
    expect(await bench.balance('customer_pending_in', 'BTC', customer)).toBe(150_000_000n);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(0n);
    await expectReconciled();
    await bench.bitcoin.mine();
    await bench.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'credited' }]);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(150_000_000n);
    expect(await bench.balance('customer_pending_in', 'BTC', customer)).toBe(0n);
    await expectReconciled();
  });

  it('that a reorganisation takes out vanishes, and is credited once when it is mined again', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('BTC', customer);
    const txid = await bench.bitcoin.faucet(address, '1.5');
    const raw = await bench.bitcoin.rpc<string>('getrawtransaction', txid);
    await bench.bitcoin.mine();
    await bench.run();
    await bench.bitcoin.rpc('sandbox_reorg', 1, { drop: [txid] });
    await bench.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'reversed', height: null }]);
    expect(await bench.balance('customer_pending_in', 'BTC', customer)).toBe(0n);
    await expectReconciled();
    await bench.bitcoin.mine();
    await bench.run();
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(0n);
    expect(await bench.bitcoin.rpc('sendrawtransaction', raw)).toBe(txid);
    await bench.settle(3);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(150_000_000n);
  });

  it('D12: two outputs of one transaction are two deposits; a transaction to two customers pays both', async () => {
    const [one, two] = await Promise.all([bench.customer(), bench.customer()]);
    const [a, b] = await Promise.all([
      bench.addresses.forCustomer('BTC', one),
      bench.addresses.forCustomer('BTC', two),
    ]);
    await bench.bitcoin.faucet(a.address, '0.5');
    await bench.bitcoin.faucet(a.address, '0.25');
    await bench.bitcoin.faucet(b.address, '0.125');
    await bench.settle(2);
    expect((await bench.deposits(one)).map(({ amount }) => amount).sort()).toEqual([25_000_000n, 50_000_000n]);
    expect(await bench.balance('customer_available', 'BTC', two)).toBe(12_500_000n);
    await expectReconciled();
  });

  it('D13: below the minimum is written down and not credited, and its coin is never chosen', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('BTC', customer);
    await bench.bitcoin.faucet(address, '0.00000999');
    await bench.settle(3);
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'ignored', amount: 999n }]);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(0n);
    const [coin] = await bench.parts.database.query<{ frozen: string }>(
      'SELECT frozen FROM custody.coin WHERE value = 999',
    );
    expect(coin?.frozen).toBe('dust');
    await expectReconciled();
  });

  it('D11: replayed blocks and a second worker credit nothing twice', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('BTC', customer);
    await bench.bitcoin.faucet(address, '0.3');
    await bench.bitcoin.mine();
    const others = [bench.roundsWith({}), bench.roundsWith({}), bench.rounds];
    await Promise.all(others.map((rounds) => rounds.BTC.run()));
    await bench.bitcoin.mine();
    await Promise.all(others.map((rounds) => rounds.BTC.run()));
    await Promise.all(others.map((rounds) => rounds.BTC.run()));
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(30_000_000n);
    expect(await bench.deposits(customer)).toHaveLength(1);
  });
});

describe('an Ethereum deposit', () => {
  it('is credited at its depth, then swept, and the customer’s balance does not feel it', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('ETH', customer);
    await bench.payEther(address, 3n * 10n ** 18n);
    await bench.anvil.mine();
    await bench.run();
    expect(await bench.balance('customer_pending_in', 'ETH', customer)).toBe(3n * 10n ** 18n);
    await expectReconciled();
    await bench.settle(6);
    expect(await bench.balance('customer_available', 'ETH', customer)).toBe(3n * 10n ** 18n);
    const left = BigInt(await bench.anvil.rpc<string>('eth_getBalance', address, 'latest'));
    expect(left).toBeLessThan(10n ** 15n);
    await expectReconciled();
  });

  it('D5: ether that appears without a transaction is credited to nobody, reported, and stops nothing', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('ETH', customer);
    await bench.payEther(address, 10n ** 17n);
    await bench.settle(6);
    const before = BigInt(await bench.anvil.rpc<string>('eth_getBalance', address, 'latest'));
    await bench.anvil.setBalance(address, before + 5n);
    await bench.settle(1);
    expect(await bench.rounds.ETH.reconcile()).toMatchObject({ difference: 5n });
    expect(await findHalt(bench.parts.database, 'ETH')).toBeUndefined();
    await bench.anvil.setBalance(address, before);
    await bench.settle(1);
    await expectReconciled();
  });
});

describe('D2: a reorganisation deeper than the policy', () => {
  it('halts the asset and gives the loss a name; when the coins come back, so does the balance of the books', async () => {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('BTC', customer);
    const txid = await bench.bitcoin.faucet(address, '0.4');
    await bench.settle(1);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(40_000_000n);
    await bench.bitcoin.rpc('sandbox_reorg', 1, { drop: [txid] });
    await bench.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'lost' }]);
    expect(await bench.balance('suspense_debit', 'BTC')).toBe(40_000_000n);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(40_000_000n);
    expect(await findHalt(bench.parts.database, 'BTC')).toMatchObject({ scope: 'all', actor: 'deep-reorganisation' });
    await expectReconciled();
    await bench.parts.database.transaction((tx) => resume(tx, 'BTC'));
  });
});

describe('D1, D2: an Ethereum deposit that a reorganisation takes out', () => {
  /** Sends what a reorganisation of this node has dropped, as a network that kept it would. */
  const sendAgain = async (raw: string): Promise<void> => void (await bench.anvil.rpc('eth_sendRawTransaction', raw));

  async function deposited(blocks: number): Promise<{ customer: string; raw: string }> {
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('ETH', customer);
    const txid = await bench.payEther(address, 4n * 10n ** 17n);
    await bench.anvil.mine();
    const raw = await bench.anvil.rpc<string>('eth_getRawTransactionByHash', txid);
    await bench.anvil.mine(blocks - 1);
    await bench.rounds.ETH.run();
    return { customer, raw };
  }

  it('before it counts, vanishes, and is credited once when it is mined again', async () => {
    const { customer, raw } = await deposited(1);
    expect(await bench.balance('customer_pending_in', 'ETH', customer)).toBe(4n * 10n ** 17n);
    await bench.anvil.reorg(1);
    await bench.rounds.ETH.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'reversed', height: null }]);
    expect(await bench.balance('customer_pending_in', 'ETH', customer)).toBe(0n);
    await expectReconciled();
    await sendAgain(raw);
    await bench.settle(3);
    expect(await bench.balance('customer_available', 'ETH', customer)).toBe(4n * 10n ** 17n);
    expect(await bench.deposits(customer)).toHaveLength(1);
  });

  it('after it counted, halts the asset and gives the loss a name until it is mined again', async () => {
    const { customer, raw } = await deposited(2);
    expect(await bench.balance('customer_available', 'ETH', customer)).toBe(4n * 10n ** 17n);
    await bench.anvil.reorg(2);
    await bench.rounds.ETH.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'lost' }]);
    expect(await bench.balance('suspense_debit', 'ETH')).toBe(4n * 10n ** 17n);
    expect(await findHalt(bench.parts.database, 'ETH')).toMatchObject({ scope: 'all', actor: 'deep-reorganisation' });
    await expectReconciled();
    await sendAgain(raw);
    await bench.settle(2);
    expect(await bench.balance('suspense_debit', 'ETH')).toBe(0n);
    expect(await bench.balance('customer_available', 'ETH', customer)).toBe(4n * 10n ** 17n);
    await bench.parts.database.transaction((tx) => resume(tx, 'ETH'));
    await expectReconciled();
  });
});

describe('D3: witnesses', () => {
  it('nothing is credited that a second node does not show, and a contradiction halts the asset', async () => {
    const { BitcoinClient, JsonRpc } = await import('@platform/chains');
    const { Secret } = await import('@base/config');
    const node = (url: string) =>
      new BitcoinClient(new JsonRpc({ url: new Secret(url), failuresUntilOpen: 1_000 }), 'regtest');
    const rounds = bench.roundsWith({ bitcoin: [node(bench.bitcoin.url), node(bench.bitcoinDoor.url)] });
    const customer = await bench.customer();
    const { address } = await bench.addresses.forCustomer('BTC', customer);
    await bench.bitcoin.faucet(address, '0.2');
    await bench.bitcoin.mine();
    bench.bitcoinDoor.interfere = () => 'cut';
    await rounds.BTC.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'pending' }]);
    bench.bitcoinDoor.interfere = ({ method }) => (method === 'getblockhash' ? { result: 'ab'.repeat(32) } : undefined);
    await rounds.BTC.run();
    expect(await bench.deposits(customer)).toMatchObject([{ state: 'pending' }]);
    expect(await findHalt(bench.parts.database, 'BTC')).toMatchObject({ actor: 'nodes-disagree' });
    await bench.parts.database.transaction((tx) => resume(tx, 'BTC'));
    bench.bitcoinDoor.interfere = undefined;
    await rounds.BTC.run();
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(20_000_000n);
  });
});

describe('D4: a hostile node', () => {
  const HUGE = `0x${'f'.repeat(5_000)}`;
  const answers: Interference[] = [
    { status: 502, text: '<html><body>Bad Gateway</body></html>' },
    { status: 429, text: 'slow down' },
    { text: '{"jsonrpc":"2.0","id":1,"result":{"num' },
    { flood: 40 * 1024 * 1024 },
    'cut',
  ];
  const results: Interference[] = [
    { result: null },
    { result: 1e308 },
    { result: HUGE },
    { result: { blocks: 1e308, height: -1, number: HUGE, feerate: 1e300, baseFeePerGas: HUGE } },
    { error: { code: -28, message: 'Loading block index…'.repeat(5_000) } },
  ];

  it.each(['BTC', 'ETH'] as const)(
    '%s: whatever it answers to whatever it is asked, nothing happens, and the work goes on later',
    async (asset) => {
      const door = asset === 'BTC' ? bench.bitcoinDoor : bench.ethereumDoor;
      const amount = asset === 'BTC' ? 1_000_000n : 10n ** 17n;
      const rich = await withdrawals.customer({ [asset]: 20n * amount });
      await withdrawals.untilOver((await withdrawals.ask(asset, rich, amount)).id);
      const methods = [...new Set(door.calls)];
      const customer = await bench.customer();
      const { address } = await bench.addresses.forCustomer(asset, customer);
      if (asset === 'BTC') await bench.bitcoin.faucet(address, '0.15');
      else await bench.payEther(address, 15n * amount);
      await withdrawals.mine(asset);
      const paid = await withdrawals.ask(asset, rich, amount);
      const everywhere = [...answers, ...results].map((answer) => ({ answer, to: methods }));
      const oneByOne = methods.flatMap((method) => results.slice(-2).map((answer) => ({ answer, to: [method] })));
      for (const { answer, to } of [...everywhere, ...oneByOne]) {
        door.interfere = ({ method }) => (to.includes(method) ? answer : undefined);
        await bench.rounds[asset].run();
        await bench.rounds[asset].refreshFee().catch((error: unknown) => expect(isNodeTrouble(error)).toBe(true));
        await withdrawals.dueNow();
      }
      door.interfere = undefined;
      expect(await findHalt(bench.parts.database, asset)).toBeUndefined();
      await withdrawals.untilOver(paid.id);
      await withdrawals.live(asset, bench.rounds, 5);
      await withdrawals.dueNow();
      expect(await bench.intent(paid.id)).toMatchObject({ state: 'settled' });
      expect(await withdrawals.arrived(asset, paid.destination)).toBe(amount);
      expect(await bench.deposits(customer)).toMatchObject([{ state: 'credited', amount: 15n * amount }]);
      await withdrawals.expectAtRest(asset);
    },
  );
});
