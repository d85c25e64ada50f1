import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { Transaction } from 'bitcoinjs-lib';
import { Wallet } from 'ethers';
import fc from 'fast-check';
import { dustThreshold } from '@core/wallet';
import { inBatches } from '@platform/chains';
import { halt, resume } from './halts.js';
import { isFinal } from './intent.js';
import { historyOf } from './intents.js';
import { CustodyBench, type Paid, Withdrawals } from './testing/index.js';

const ETHER = 10n ** 18n;

interface Anatomy {
  readonly inputs: readonly { readonly txid: string; readonly vout: number }[];
  readonly outputs: readonly { readonly script: string; readonly value: bigint }[];
  /** Scripts among the outputs that are our change. */
  readonly own: ReadonlySet<string>;
  /** Sum of the coins of ours that it spends. */
  readonly spent: bigint;
  readonly fee: bigint;
}

let bench: CustodyBench;
let withdrawals: Withdrawals;
let customer: string;
beforeAll(async () => {
  bench = await CustodyBench.open({ connections: 20 });
  withdrawals = new Withdrawals(bench);
  await bench.stockHouse();
  customer = await bench.customer();
  // The customer's claim is taken from the house's inventory, so that books and chain stay equal.
  await bench.giveFromHouse(customer, 'BTC', 3n * 10n ** 8n);
  await bench.giveFromHouse(customer, 'ETH', 50n * ETHER);
});
afterEach(async () => {
  bench.bitcoinDoor.interfere = undefined;
  bench.ethereumDoor.interfere = undefined;
  expect(Object.values(await bench.trialBalance()).every((sum) => sum === 0n)).toBe(true);
});
afterAll(() => bench.close());

const bitcoinPayee = (): Promise<string> => bench.bitcoin.rpc<string>('sandbox_newaddress');
const ethereumPayee = (): string => Wallet.createRandom().address;
const received = (address: string): Promise<{ confirmed: number }> => bench.bitcoin.rpc('sandbox_balance', address);
const etherAt = async (address: string): Promise<bigint> =>
  BigInt(await bench.anvil.rpc<string>('eth_getBalance', address, 'latest'));

async function openAmong(asked: readonly Paid[]): Promise<number> {
  const states = await Promise.all(asked.map(async ({ id }) => (await bench.intent(id)).state));
  return states.filter((state) => !isFinal(state)).length;
}

async function expectReconciled(): Promise<void> {
  for (const asset of ['BTC', 'ETH'] as const)
    expect(await bench.rounds[asset].reconcile()).toMatchObject({ difference: 0n });
}

describe('a Bitcoin withdrawal', () => {
  it('goes through every state once, arrives exactly, and is booked exactly', async () => {
    const destination = await bitcoinPayee();
    const before = await bench.balance('customer_available', 'BTC', customer);
    const { id, fee } = await bench.withdraw({ customerId: customer, asset: 'BTC', destination, amount: 12_345_678n });
    expect(await bench.balance('customer_hold', 'BTC', customer)).toBe(12_345_678n + fee);
    await bench.rounds.BTC.drive();
    await bench.rounds.BTC.drive();
    expect(await bench.balance('withdrawal_in_flight', 'BTC')).toBe(12_345_678n);
    await expectReconciled();
    await bench.settle(1);
    await expectReconciled();
    await bench.settle(2);
    const intent = await bench.intent(id);
    expect(intent.state).toBe('settled');
    expect(await received(destination)).toMatchObject({ confirmed: 0.12345678 });
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(before - 12_345_678n - fee);
    expect(await bench.balance('withdrawal_in_flight', 'BTC')).toBe(0n);
    expect(await bench.balance('withdrawals_payable', 'BTC')).toBe(0n);
    expect(await bench.balance('network_fees', 'BTC')).toBe(intent.networkFee);
    expect((await historyOf(bench.parts.database, id)).map(({ to }) => to)).toEqual([
      'requested', 'screened', 'approved', 'reserved', 'signed', 'broadcast', 'seen', 'confirming', 'settled',
    ]); // prettier-ignore
    await expectReconciled();
  });
});

describe('an Ethereum withdrawal', () => {
  it('arrives exactly, and its gas is our expense', async () => {
    const destination = ethereumPayee();
    const { id, fee } = await bench.withdraw({ customerId: customer, asset: 'ETH', destination, amount: 2n * ETHER });
    const spent = await bench.balance('network_fees', 'ETH');
    await bench.rounds.ETH.drive();
    await bench.settle(3);
    const intent = await bench.intent(id);
    expect(intent.state).toBe('settled');
    expect(await etherAt(destination)).toBe(2n * ETHER);
    expect(await bench.balance('network_fees', 'ETH')).toBe(spent + (intent.networkFee ?? 0n));
    expect(await bench.balance('network_fee_revenue', 'ETH')).toBe(fee);
    await expectReconciled();
  });
});

describe('what is refused, and leaves nothing behind', () => {
  const refused: [string, 'BTC' | 'ETH', string, string][] = [
    ['an address of another network', 'BTC', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'address_wrong_network'],
    ['a mainnet base58 address', 'BTC', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'address_wrong_network'],
    ['a bech32 slip', 'BTC', 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081', 'address_checksum'],
    ['an Ethereum address for bitcoin', 'BTC', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 'address_malformed'],
    ['a future witness version', 'BTC', 'bcrt1zw508d6qejxtdg4y5r3zarvaryv2wuatf', 'address_unsupported'],
    ['an EIP-55 slip', 'ETH', '0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 'address_checksum'],
    ['the zero address', 'ETH', `0x${'0'.repeat(40)}`, 'address_unsupported'],
    ['a Bitcoin address for ether', 'ETH', 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080', 'address_malformed'],
  ];

  it.each(refused)('W6, D15: %s', async (_, asset, destination, code) => {
    const held = await bench.balance('customer_hold', asset, customer);
    await expect(bench.withdraw({ customerId: customer, asset, destination, amount: ETHER })).rejects.toMatchObject({
      code,
    });
    expect(await bench.balance('customer_hold', asset, customer)).toBe(held);
  });

  it('W6: our own deposit addresses, of this customer, of another, and of the house', async () => {
    for (const own of [
      await bench.addresses.forCustomer('BTC', customer),
      await bench.addresses.forCustomer('BTC', await bench.customer()),
      await bench.addresses.forHouse('BTC'),
    ]) {
      const given = { customerId: customer, asset: 'BTC' as const, destination: own.address, amount: 100_000n };
      await expect(bench.withdraw(given)).rejects.toMatchObject({ code: 'destination_is_ours' });
    }
  });

  it('too little, too much, above the daily limit, above the agreed fee, while halted, and by a customer on hold', async () => {
    const destination = await bitcoinPayee();
    const given = { customerId: customer, asset: 'BTC' as const, destination };
    await expect(bench.withdraw({ ...given, amount: 1_999n })).rejects.toMatchObject({ code: 'amount_too_small' });
    await expect(bench.withdraw({ ...given, amount: 4n * 10n ** 8n })).rejects.toMatchObject({
      code: 'insufficient_funds',
    });
    await expect(bench.withdraw({ ...given, amount: 11n * 10n ** 8n })).rejects.toMatchObject({
      code: 'withdrawal_limit_exceeded',
    });
    await expect(bench.withdraw({ ...given, amount: 10_000n, maxFee: 1n })).rejects.toMatchObject({
      code: 'network_fee_too_high',
    });
    const stop = { asset: 'BTC', scope: 'withdrawals', reason: 'drill', actor: 'spec', at: new Date() } as const;
    await bench.parts.database.transaction((tx) => halt(tx, stop));
    await expect(bench.withdraw({ ...given, amount: 10_000n })).rejects.toMatchObject({ code: 'asset_halted' });
    await bench.parts.database.transaction((tx) => resume(tx, 'BTC'));
    const held = await bench.customer();
    await bench.books.database.owner.query(
      `UPDATE identity.customer SET withdrawals_held_until = now() + interval '1 day' WHERE id = $1`,
      [held],
    );
    await expect(bench.withdraw({ ...given, customerId: held, amount: 10_000n })).rejects.toMatchObject({
      code: 'withdrawals_held',
    });
    await expect(bench.withdraw({ ...given, customerId: crypto.randomUUID(), amount: 10_000n })).rejects.toMatchObject({
      code: 'account_frozen',
    });
  });

  it('W3: one key is one withdrawal, also when 30 requests carry it at once', async () => {
    const destination = await bitcoinPayee();
    const key = crypto.randomUUID();
    const held = await bench.balance('customer_hold', 'BTC', customer);
    const given = { customerId: customer, asset: 'BTC' as const, destination, amount: 50_000n };
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => bench.withdraw(given, key)));
    const done = answers.filter((answer) => answer.status === 'fulfilled');
    expect(done).toHaveLength(1);
    const [intent] = done.map(({ value }) => value);
    expect(await bench.balance('customer_hold', 'BTC', customer)).toBe(held + 50_000n + (intent?.fee ?? 0n));
    await bench.parts.database.transaction((tx) =>
      bench.end.cancel(tx, { customerId: customer, intentId: intent?.id ?? '' }),
    );
  });
});

describe('before anything is signed', () => {
  const ask = async (amount: bigint) =>
    bench.withdraw({ customerId: customer, asset: 'BTC', destination: await bitcoinPayee(), amount });

  it('the customer may cancel, and has everything back; nobody else may, and not twice', async () => {
    const before = await bench.balance('customer_available', 'BTC', customer);
    const { id } = await ask(70_000n);
    const cancel = (customerId: string) =>
      bench.parts.database.transaction((tx) => bench.end.cancel(tx, { customerId, intentId: id }));
    await expect(cancel(await bench.customer())).rejects.toMatchObject({ code: 'withdrawal_unknown' });
    await cancel(customer);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(before);
    await expect(cancel(customer)).rejects.toMatchObject({ code: 'withdrawal_not_possible' });
    await bench.rounds.BTC.drive();
    expect((await bench.intent(id)).state).toBe('cancelled');
    expect(await bench.attempts(id)).toEqual([]);
  });

  it('above the limit an operator decides: approved it goes on, rejected it comes back', async () => {
    const operatorId = crypto.randomUUID();
    const before = await bench.balance('customer_available', 'BTC', customer);
    const [yes, no] = [await ask(100_000_001n), await ask(100_000_002n)];
    await bench.rounds.BTC.drive();
    expect((await bench.intent(yes.id)).state).toBe('await_approval');
    const decide = (work: Parameters<typeof bench.parts.database.transaction>[0]) =>
      bench.parts.database.transaction(work);
    await decide((tx) => bench.decide.approve(tx, { operatorId, intentId: yes.id }));
    await decide((tx) => bench.end.reject(tx, { operatorId, intentId: no.id, reason: 'not him' }));
    await bench.rounds.BTC.drive();
    expect((await bench.intent(yes.id)).state).toBe('broadcast');
    expect((await bench.intent(no.id)).state).toBe('rejected');
    await bench.settle(3);
    expect((await bench.intent(yes.id)).state).toBe('settled');
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(before - 100_000_001n - yes.fee);
    await expectReconciled();
  });

  it('W18: what the hot wallet cannot pay waits in line, and is paid when coins have come', async () => {
    const rich = await bench.customer();
    await bench.endow(rich, 'ETH', 200n * ETHER);
    const destination = ethereumPayee();
    const { id } = await bench.withdraw({ customerId: rich, asset: 'ETH', destination, amount: 100n * ETHER });
    await bench.rounds.ETH.drive();
    await bench.parts.database.transaction((tx) => bench.decide.approve(tx, { operatorId: rich, intentId: id }));
    await bench.rounds.ETH.drive();
    expect(await bench.intent(id)).toMatchObject({ state: 'approved', waitingFor: 'hot_wallet_short' });
    const small = await bench.withdraw({
      customerId: customer,
      asset: 'ETH',
      destination: ethereumPayee(),
      amount: ETHER,
    });
    await bench.rounds.ETH.drive();
    expect((await bench.intent(small.id)).state).toBe('broadcast');
    const house = await bench.addresses.forHouse('ETH');
    await bench.payEther(house.address, 80n * ETHER);
    await bench.settle(6);
    await bench.parts.database.query('UPDATE custody.intent SET not_before = created_at WHERE id = $1', [id]);
    await bench.rounds.ETH.drive();
    await bench.settle(5);
    expect((await bench.intent(id)).state).toBe('settled');
    expect(await etherAt(destination)).toBe(100n * ETHER);
  });
});

describe('D12: many withdrawals at once', () => {
  const COUNT = process.env['TORTURE'] ? 500 : 24;
  const LARGEST = 3_000_000n / (process.env['TORTURE'] ? 8n : 1n);

  /** What a mined transaction of ours spends and pays, with the words of our own tables for whose each output is. */
  async function anatomyOf(id: string): Promise<Anatomy> {
    const mined = (await bench.attempts(id)).filter(({ height }) => height !== null);
    expect(mined).toHaveLength(1);
    const [{ raw, paidFee } = {}] = mined;
    const { ins, outs } = Transaction.fromHex(raw ?? '');
    const inputs = ins.map(({ hash, index }) => ({ txid: Buffer.from(hash).reverse().toString('hex'), vout: index }));
    const outputs = outs.map(({ script, value }) => ({ script: Buffer.from(script).toString('hex'), value }));
    const { spent } = await bench.parts.database.one<{ spent: bigint }>(
      `SELECT sum(c.value) AS spent FROM custody.coin c JOIN unnest($1::text[], $2::int[]) s (txid, vout) USING (txid, vout)`,
      [inputs.map(({ txid }) => txid), inputs.map(({ vout }) => vout)],
    );
    const own = await bench.parts.database.query<{ destination: string }>(
      `SELECT destination FROM custody.address WHERE branch = 1 AND owner_kind = 'internal' AND destination = ANY ($1)`,
      [outputs.map(({ script }) => script)],
    );
    return { inputs, outputs, own: new Set(own.map(({ destination }) => destination)), spent, fee: paidFee ?? -1n };
  }

  it(
    'no coin is used twice, sums are exact, change is ours, nothing is dust, and each destination is paid once',
    async () => {
      const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
      console.log(`D12: SEED=${seed}`);
      const amounts = fc.sample(fc.bigInt({ min: 2_000n, max: LARGEST }), { seed, numRuns: COUNT });
      const customers = await Promise.all([1, 2, 3, 4].map(() => withdrawals.customer({ BTC: 50_000_000n })));
      const turns = amounts.map((amount, at) => ({ amount, by: customers[at % customers.length] ?? customer }));
      const asked = await inBatches(turns, 16, ({ amount, by }) => withdrawals.ask('BTC', by, amount));
      const workers = [bench.rounds, bench.roundsWith({})];
      for (let round = 0; round < COUNT && (await openAmong(asked)) > 0; round++) {
        await Promise.all(workers.map(({ BTC }) => BTC.run()));
        await bench.bitcoin.mine();
        await withdrawals.dueNow();
      }
      const used = new Set<string>();
      for (const { id, destination, amount } of asked) {
        expect(await bench.intent(id)).toMatchObject({ state: 'settled', amount });
        expect(await withdrawals.arrived('BTC', destination)).toBe(amount);
        const { inputs, outputs, own, spent, fee } = await anatomyOf(id);
        for (const { txid, vout } of inputs) {
          expect(used.has(`${txid}:${vout}`)).toBe(false);
          used.add(`${txid}:${vout}`);
        }
        expect(spent).toBe(outputs.reduce((sum, { value }) => sum + value, fee));
        expect(outputs.filter(({ script }) => !own.has(script)).map(({ value }) => value)).toEqual([amount]);
        for (const { script, value } of outputs)
          expect(value).toBeGreaterThanOrEqual(dustThreshold(Buffer.from(script, 'hex')));
      }
      await bench.rounds.BTC.run();
      expect(await bench.rounds.BTC.reconcile()).toMatchObject({ difference: 0n });
    },
    COUNT * 5_000,
  );
});

describe('one balance', () => {
  it('H7: 200 withdrawals at once: exactly what fits is taken, the rest is refused, and nothing else happens', async () => {
    const rich = await bench.customer();
    const { fee } = await bench.withdraw({
      customerId: customer,
      asset: 'BTC',
      destination: await bitcoinPayee(),
      amount: 50_000n,
    });
    await bench.giveFromHouse(rich, 'BTC', 10n * (50_000n + fee) + 49_999n);
    const destination = await bitcoinPayee();
    const asked = await Promise.allSettled(
      Array.from({ length: 200 }, () =>
        bench.withdraw({ customerId: rich, asset: 'BTC', destination, amount: 50_000n }),
      ),
    );
    const refusals = asked.flatMap((each) =>
      each.status === 'rejected' ? [(each.reason as { code?: string }).code] : [],
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(new Set(refusals)).toEqual(new Set(['insufficient_funds']));
    expect(await bench.balance('customer_available', 'BTC', rich)).toBe(49_999n);
    expect(await bench.balance('customer_hold', 'BTC', rich)).toBe(10n * (50_000n + fee));
  });
});
