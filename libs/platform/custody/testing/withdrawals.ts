import { expect } from '@jest/globals';
import { Transaction as BitcoinTransaction } from 'bitcoinjs-lib';
import { Wallet } from 'ethers';
import { readSignedTransfer } from '@core/wallet';
import { type Attempt, type ChainAsset, type custodyRounds, type Intent } from '../index.js';
import { isFinal } from '../intent.js';
import { type CustodyBench } from './custody-bench.js';

/** A withdrawal that was asked for, and how things stood before. */
export interface Paid {
  readonly id: string;
  readonly asset: ChainAsset;
  readonly customer: string;
  readonly destination: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly before: { readonly available: bigint; readonly hot: bigint };
}

type Rounds = ReturnType<typeof custodyRounds>;

const ROUNDS = 12;

/** What specs about withdrawals do and expect, the same for both chains. */
export class Withdrawals {
  constructor(private readonly bench: CustodyBench) {}

  /** A customer with a balance that the house's coins stand behind. */
  async customer(balances: Partial<Record<ChainAsset, bigint>>): Promise<string> {
    const customer = await this.bench.customer();
    for (const asset of ['BTC', 'ETH'] as const) {
      const amount = balances[asset];
      if (amount !== undefined) await this.bench.giveFromHouse(customer, asset, amount);
    }
    return customer;
  }

  /** An address that nobody has used, outside. */
  async payee(asset: ChainAsset): Promise<string> {
    return asset === 'BTC' ? this.bench.bitcoin.rpc<string>('sandbox_newaddress') : Wallet.createRandom().address;
  }

  async ask(asset: ChainAsset, customer: string, amount: bigint): Promise<Paid> {
    const { bench } = this;
    const before = {
      available: await bench.balance('customer_available', asset, customer),
      hot: await bench.balance('custody_hot', asset),
    };
    const destination = await this.payee(asset);
    const { id, fee } = await bench.withdraw({ customerId: customer, asset, destination, amount });
    return { id, asset, customer, destination, amount, fee, before };
  }

  /** What an address has in blocks, minor units. */
  async arrived(asset: ChainAsset, address: string): Promise<bigint> {
    if (asset === 'ETH') return BigInt(await this.bench.anvil.rpc<string>('eth_getBalance', address, 'latest'));
    const { confirmed } = await this.bench.bitcoin.rpc<{ confirmed: number }>('sandbox_balance', address);
    return BigInt(Math.round(confirmed * 1e8));
  }

  mine(asset: ChainAsset): Promise<unknown> {
    return asset === 'BTC' ? this.bench.bitcoin.mine() : this.bench.anvil.mine();
  }

  /** A block that leaves ours out: an empty one on Bitcoin, one with a base fee of `gwei` on Ethereum. */
  async mineWithout(asset: ChainAsset, gwei = 3n): Promise<void> {
    const { bitcoin, anvil } = this.bench;
    if (asset === 'BTC') return void (await bitcoin.rpc('generateblock', await this.payee('BTC'), []));
    await anvil.rpc('anvil_setNextBlockBaseFeePerGas', `0x${(gwei * 10n ** 9n).toString(16)}`);
    await anvil.mine();
  }

  /** What an attempt uses up, and what every other attempt at the same intent has to use up as well: outpoints, or the nonce. */
  claimsOf({ raw, nonce }: Attempt): string[] {
    if (raw === null) throw new Error('only what is signed claims anything');
    if (nonce !== null) return [`nonce ${readSignedTransfer(raw).transfer.nonce}`];
    return BitcoinTransaction.fromHex(raw).ins.map(
      ({ hash, index }) => `${Buffer.from(hash).toString('hex')}:${index}`,
    );
  }

  /** Lets blocks go by that leave a withdrawal out until it has been replaced and the replacement is out. */
  async untilReplaced(paid: Pick<Paid, 'id' | 'asset'>, rounds: Rounds = this.bench.rounds): Promise<Attempt[]> {
    for (let block = 0; block < ROUNDS; block++) {
      await rounds[paid.asset].run();
      const attempts = await this.bench.attempts(paid.id);
      if (attempts.length > 1 && attempts.every(({ broadcasts }) => broadcasts > 0)) return attempts;
      await this.mineWithout(paid.asset);
    }
    throw new Error('it was not replaced');
  }

  /** One that pays too little and has been replaced by one that pays more. Both are good for a block. */
  async replaced(asset: ChainAsset, customer: string, amount: bigint): Promise<{ paid: Paid; attempts: Attempt[] }> {
    const { bitcoin, rounds } = this.bench;
    if (asset === 'BTC') await bitcoin.rpc('sandbox_setfeeestimate', '0.00002');
    const paid = await this.ask(asset, customer, amount);
    await rounds[asset].run();
    if (asset === 'BTC') await bitcoin.rpc('sandbox_setfeeestimate', '0.00006');
    const attempts = await this.untilReplaced(paid);
    await bitcoin.rpc('sandbox_setfeeestimate');
    return { paid, attempts };
  }

  cancel(intentId: string): Promise<Intent> {
    const { parts, decide } = this.bench;
    return parts.database.transaction((tx) => decide.cancelOnChain(tx, { operatorId: crypto.randomUUID(), intentId }));
  }

  /** Signed, sent, passed over by a block, and told to be cancelled; the cancellation is out too. */
  async cancelled(asset: ChainAsset, customer: string, amount: bigint): Promise<{ paid: Paid; attempts: Attempt[] }> {
    const paid = await this.ask(asset, customer, amount);
    await this.bench.rounds[asset].run();
    await this.mineWithout(asset);
    await this.cancel(paid.id);
    return { paid, attempts: await this.untilReplaced(paid) };
  }

  /** A Bitcoin block of exactly these transactions. */
  mineOnly(...raw: (string | null | undefined)[]): Promise<unknown> {
    return this.payee('BTC').then((payee) => this.bench.bitcoin.rpc('generateblock', payee, raw));
  }

  /** Lets a worker go on, with a block after each round. */
  async live(asset: ChainAsset, rounds: Rounds, count = ROUNDS): Promise<void> {
    for (let at = 0; at < count; at++) {
      await rounds[asset].run();
      await this.mine(asset);
    }
  }

  /** As `live`, until the intent is over; answers how it ended. */
  async untilOver(id: string, rounds: Rounds = this.bench.rounds): Promise<Intent> {
    for (let at = 0; at < ROUNDS; at++) {
      const intent = await this.bench.intent(id);
      if (isFinal(intent.state)) return intent;
      await rounds[intent.asset].run();
      await this.mine(intent.asset);
    }
    return this.bench.intent(id);
  }

  /** Lets what was put off be tried now. */
  async dueNow(): Promise<void> {
    await this.bench.parts.database.query('UPDATE custody.intent SET not_before = created_at');
  }

  /**
   * That it was paid once, whatever has happened: exactly the amount at the destination, exactly the debit in the books, coins and books
   * equal, and nothing left under way. `others` is what else has left the hot wallet since it was asked for.
   */
  async expectPaidOnce(paid: Paid, { others = 0n }: { others?: bigint } = {}): Promise<void> {
    const { bench } = this;
    const { asset, amount, fee, before } = paid;
    const intent = await bench.intent(paid.id);
    expect(intent.state).toBe('settled');
    expect(await this.arrived(asset, paid.destination)).toBe(amount);
    const mined = (await bench.attempts(paid.id)).filter(({ height }) => height !== null);
    expect(mined).toHaveLength(1);
    expect(await bench.balance('customer_available', asset, paid.customer)).toBe(before.available - amount - fee);
    expect(await bench.balance('customer_hold', asset, paid.customer)).toBe(0n);
    expect(await bench.balance('custody_hot', asset)).toBe(before.hot - amount - (intent.networkFee ?? 0n) - others);
    await this.expectAtRest(asset);
  }

  /** Nothing in flight, every sum zero, chain and books equal. */
  async expectAtRest(asset: ChainAsset): Promise<void> {
    const { bench } = this;
    expect(await bench.balance('withdrawal_in_flight', asset)).toBe(0n);
    expect(await bench.balance('withdrawals_payable', asset)).toBe(0n);
    expect(Object.values(await bench.trialBalance()).every((sum) => sum === 0n)).toBe(true);
    await bench.rounds[asset].run();
    expect(await bench.rounds[asset].reconcile()).toMatchObject({ difference: 0n });
  }
}
