import { z } from 'zod';
import { type AssetCode, parseAmount } from '@core/money';
import { uuidV5 } from '@base/database';
import { isNodeTrouble, JsonRpc } from '@platform/chains';
import { type AllocateAddress } from '@platform/custody';
import { listCustomers } from '@platform/identity';
import { account, type AccountType } from '@platform/ledger';
import { DepositReferences } from '@platform/payments';
import { MoveToExchange } from '@products/venue';
import { SANDBOX_TRADERS, type SandboxTrader } from './sandbox-traders.js';
import { type WorkerParts } from './worker.js';

const EVERY_MS = 1_000;
const ANSWERS_WITHIN_MS = 5_000;
const HELD: readonly AccountType[] = ['customer_available', 'customer_pending_in', 'exchange_transit', 'exchange_available']; // prettier-ignore

/**
 * Gives the sandbox's traders what they trade with, in the ways in which everybody's money comes: a wire from another bank, coins from another wallet.
 * What is credited goes on to the exchange. Each asset comes once: the books say what has arrived, bank and chain what is on its way.
 */
export function registerSandboxTraders(parts: WorkerParts, addresses: AllocateAddress): void {
  const { jobs, database, logger } = parts;
  const outside = new OutsideMoney(parts, addresses);
  const done = new Set<string>();
  jobs.every({
    kind: 'sandbox.fund-traders',
    everyMs: EVERY_MS,
    run: async () => {
      for (const trader of SANDBOX_TRADERS) {
        if (done.has(trader.email)) continue;
        const [customer] = await listCustomers(database, { email: trader.email, limit: 1 });
        if (customer === undefined) continue;
        try {
          if (await fund(parts, outside, trader, customer.id)) done.add(trader.email);
        } catch (error) {
          if (!isNodeTrouble(error) && !(error instanceof BankTrouble)) throw error;
          logger.warn({ trader: trader.email, err: error }, 'the sandbox does not give a trader money yet');
        }
      }
    },
  });
}

/** Whether everything has come to the exchange. */
async function fund(
  parts: WorkerParts,
  outside: OutsideMoney,
  { funds }: SandboxTrader,
  customerId: string,
): Promise<boolean> {
  let isComplete = true;
  for (const [asset, amount] of funds) {
    const balances = await Promise.all(HELD.map((type) => parts.ledger.balance(account(type, asset, customerId))));
    const [available = 0n] = balances;
    const onExchange = balances.at(-1) ?? 0n;
    if (balances.every((balance) => balance === 0n)) await outside.pay({ customerId, asset, amount });
    if (available > 0n) await moveToExchange(parts, { customerId, asset, amount: available });
    if (onExchange === 0n || available > 0n) isComplete = false;
  }
  return isComplete;
}

async function moveToExchange(
  { database, ledger, clock }: WorkerParts,
  { customerId, asset, amount }: { customerId: string; asset: AssetCode; amount: bigint },
): Promise<void> {
  const move = new MoveToExchange(database, ledger, clock);
  // Repeated, it finds nothing available: one transaction takes what there is.
  const idempotencyKey = `sandbox-${asset}-${clock.now().getTime()}`;
  await database.transaction((tx) => move.run(tx, { customerId, idempotencyKey, asset, amount }));
}

class BankTrouble extends Error {
  override readonly name = 'BankTrouble';
}

interface Payment {
  readonly customerId: string;
  readonly asset: AssetCode;
  readonly amount: string;
}

/** Other people's bank and wallets. */
class OutsideMoney {
  readonly #paid = new Set<string>();
  readonly #bitcoin: JsonRpc;
  readonly #ethereum: JsonRpc;
  readonly #references: DepositReferences;

  constructor(
    private readonly parts: WorkerParts,
    private readonly addresses: AllocateAddress,
  ) {
    this.#bitcoin = new JsonRpc({ url: parts.config.BITCOIN_RPC_URL });
    this.#ethereum = new JsonRpc({ url: parts.config.ETHEREUM_RPC_URL });
    this.#references = new DepositReferences(parts.clock);
  }

  async pay(payment: Payment): Promise<void> {
    const name = `${payment.customerId} ${payment.asset}`;
    if (this.#paid.has(name)) return;
    if (payment.asset === 'BTC') await this.#payBitcoin(payment);
    else if (payment.asset === 'ETH') await this.#payEther(payment);
    else await this.#wire(payment);
    this.#paid.add(name);
  }

  /** With the blocks that it waits for, so that a fresh start need not. */
  async #payBitcoin({ customerId, amount }: Payment): Promise<void> {
    const { address } = await this.addresses.forCustomer('BTC', customerId);
    const decimal = z.union([z.string(), z.number()]).transform(Number);
    const balance = z.looseObject({ pending: decimal, confirmed: decimal });
    const { pending, confirmed } = await this.#bitcoin.call('sandbox_balance', [address], balance);
    if (pending + confirmed === 0) await this.#bitcoin.call('sandbox_faucet', [address, amount], z.string());
    await this.#bitcoin.call('sandbox_mine', [2], z.array(z.string()));
  }

  async #payEther({ customerId, amount }: Payment): Promise<void> {
    const { address } = await this.addresses.forCustomer('ETH', customerId);
    const quantity = z.string().transform((hex) => BigInt(hex));
    if ((await this.#ethereum.call('eth_getBalance', [address, 'latest'], quantity)) === 0n) {
      const [from] = await this.#ethereum.call('eth_accounts', [], z.array(z.string()));
      const value = `0x${parseAmount(amount, 'ETH').toString(16)}`;
      await this.#ethereum.call('eth_sendTransaction', [{ from, to: address, value }], z.string());
    }
    await this.#ethereum.call('anvil_mine', ['0x4'], z.unknown());
  }

  async #wire({ customerId, asset, amount }: Payment): Promise<void> {
    const reference = await this.parts.database.transaction((tx) => this.#references.standing(tx, customerId));
    const key = uuidV5('sandbox.fund-trader', customerId, asset);
    const { account: from } = z
      .looseObject({ account: z.string() })
      .parse(await this.#bank('accounts', { holder: 'Outside Trading' }, key));
    await this.#bank('wires', { from, amount, currency: asset, reference }, `${key}-wire`);
  }

  async #bank(path: string, body: object, key: string): Promise<unknown> {
    try {
      const response = await fetch(`${this.parts.config.BANK_URL}/outside/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      });
      if (response.ok) return await response.json();
      throw new BankTrouble(`the bank answered ${response.status}`);
    } catch (error) {
      if (error instanceof BankTrouble) throw error;
      throw new BankTrouble('the bank does not answer', { cause: error });
    }
  }
}
