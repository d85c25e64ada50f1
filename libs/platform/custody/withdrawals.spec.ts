import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Wallet } from 'ethers';
import { historyOf } from './intents.js';
import { CustodyBench } from './testing/index.js';

const ETHER = 10n ** 18n;

let bench: CustodyBench;
let customer: string;
beforeAll(async () => {
  bench = await CustodyBench.open({ connections: 20 });
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
