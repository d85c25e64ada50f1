import { systemClock, type Clock } from '@base/clock';
import { Secret } from '@base/config';
import { uuidV7 } from '@base/database';
import { Events } from '@base/events';
import { Outbox } from '@base/jobs';
import { createLogger } from '@base/observability';
import { BitcoinClient, EthereumClient, JsonRpc } from '@platform/chains';
import { type AnvilTestNode, type BitcoinTestNode, type NodeProxy, startAnvil, startBitcoinDevChain, startNodeProxy } from '@platform/chains/testing'; // prettier-ignore
import { createTestIdentity } from '@platform/identity/testing';
import { WatchOnlyAccounts } from '@platform/keys';
import { TestSigner } from '@platform/keys/testing';
import { account, type AccountType, credit, debit } from '@platform/ledger';
import { createTestLedger, fund, type TestLedger } from '@platform/ledger/testing';
import { AllocateAddress, attemptsOf, type Attempt, type ChainAsset, type CustodyParts, custodyRounds, custodySettings, DecideWithdrawal, EndUnsigned, findIntent, type Intent, listDeposits, type Deposit, RequestWithdrawal, type RoundsOptions, type WithdrawableValue } from '../index.js'; // prettier-ignore

export interface BenchOptions {
  readonly clock?: Clock;
  readonly connections?: number;
  /** Without it everything may leave. */
  readonly withdrawable?: WithdrawableValue;
  readonly settings?: (settings: ReturnType<typeof custodySettings>) => ReturnType<typeof custodySettings>;
}

const NODE = { timeoutMs: 3_000, failuresUntilOpen: 1_000 };

/** Custody on real parts: PostgreSQL, a Bitcoin node, an Ethereum node and a signer process, each behind a door that specs can slam. */
export class CustodyBench {
  readonly parts: CustodyParts;
  readonly settings: ReturnType<typeof custodySettings>;
  readonly addresses: AllocateAddress;
  readonly rounds: ReturnType<typeof custodyRounds>;
  readonly request: RequestWithdrawal;
  readonly end: EndUnsigned;
  readonly decide: DecideWithdrawal;
  #customers = 0;

  private constructor(
    readonly books: TestLedger,
    readonly bitcoin: BitcoinTestNode,
    readonly anvil: AnvilTestNode,
    readonly bitcoinDoor: NodeProxy,
    readonly ethereumDoor: NodeProxy,
    readonly signer: TestSigner,
    readonly options: BenchOptions,
  ) {
    const { database, ledger } = books;
    const clock = options.clock ?? systemClock;
    const logger = createLogger('spec', process.env['SPEC_LOG'] ?? 'silent');
    const events = new Events({ database: database.app, clock, logger });
    this.parts = { database: database.app, ledger, events, clock, logger };
    const settings = custodySettings({ network: 'regtest', ethereumChainId: 31337n, sandbox: true });
    this.settings = options.settings?.(settings) ?? settings;
    this.addresses = new AllocateAddress(database.app, new WatchOnlyAccounts(), this.settings, clock);
    this.rounds = this.roundsWith({});
    const withdrawable = options.withdrawable ?? { assert: () => Promise.resolve() };
    const outbox = new Outbox(database.app, clock);
    this.request = new RequestWithdrawal(ledger, withdrawable, outbox, this.settings, clock);
    this.end = new EndUnsigned(this.parts);
    this.decide = new DecideWithdrawal(this.parts);
  }

  static async open(options: BenchOptions = {}): Promise<CustodyBench> {
    const opened: (() => Promise<void>)[] = [];
    const open = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
      const started = await starting;
      opened.push(() => started.close());
      return started;
    };
    try {
      // One after the other: each wants a whole core for its start, and has a deadline for it.
      const bitcoin = await open(startBitcoinDevChain());
      const anvil = await open(startAnvil({ automine: false }));
      const signer = await open(TestSigner.start());
      const clock = options.clock === undefined ? {} : { clock: options.clock };
      const books = await open(createTestLedger({ ...clock, max: options.connections ?? 10 }));
      const doors = [await open(startNodeProxy(bitcoin.url)), await open(startNodeProxy(anvil.url))] as const;
      const bench = new CustodyBench(books, bitcoin, anvil, doors[0], doors[1], signer, options);
      await bench.prepare();
      return bench;
    } catch (error) {
      await Promise.allSettled(opened.map((close) => close()));
      throw error;
    }
  }

  /** Another worker over the same database, nodes and signer. */
  roundsWith(changes: Partial<RoundsOptions>, parts: Partial<CustodyParts> = {}): ReturnType<typeof custodyRounds> {
    return custodyRounds(
      { ...this.parts, ...parts },
      {
        settings: this.settings,
        addresses: this.addresses,
        signer: this.signer.client,
        authority: this.signer.authority,
        bitcoin: [new BitcoinClient(new JsonRpc({ url: new Secret(this.bitcoinDoor.url), ...NODE }), 'regtest')],
        ethereum: [new EthereumClient(new JsonRpc({ url: new Secret(this.ethereumDoor.url), ...NODE }), 31337n)],
        ...changes,
      },
    );
  }

  async prepare(): Promise<void> {
    const { accounts } = await this.signer.client.describe();
    await new WatchOnlyAccounts().register(this.parts.database, accounts);
    await this.anvil.mine();
    for (const asset of ['BTC', 'ETH'] as const) {
      await this.addresses.forHouse(asset);
      await this.rounds[asset].refreshFee();
      await this.rounds[asset].run();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.bitcoinDoor.close(), this.ethereumDoor.close()]);
    await Promise.all([this.bitcoin.close(), this.anvil.close(), this.signer.close()]);
    await this.books.close();
  }

  /** A customer who may withdraw. */
  async customer(): Promise<string> {
    return createTestIdentity(this.parts.database, this.parts.clock).signUp(
      `customer-${++this.#customers}@example.com`,
    );
  }

  /** Puts a balance in the books without coins behind it: for specs of the books alone. */
  async endow(customerId: string, asset: ChainAsset, amount: bigint): Promise<void> {
    await fund(this.books.ledger, account('customer_available', asset, customerId), amount);
  }

  /** Moves a part of the house's inventory to a customer: books and chain stay equal. */
  async giveFromHouse(customerId: string, asset: ChainAsset, amount: bigint): Promise<void> {
    const legs = [
      debit(account('house_inventory', asset), amount),
      credit(account('customer_available', asset, customerId), amount),
    ];
    await this.books.ledger.submit({ id: uuidV7(), kind: 'test.move', legs });
  }

  balance(type: AccountType, asset: ChainAsset, owner?: string): Promise<bigint> {
    return this.books.ledger.balance(account(type, asset, owner));
  }

  /** Mines on both chains and takes in what there is, a few times over. */
  async settle(blocks = 3): Promise<void> {
    for (let at = 0; at < blocks; at++) {
      await this.bitcoin.mine();
      await this.anvil.mine();
      await this.run();
    }
  }

  async run(): Promise<void> {
    await this.rounds.BTC.run();
    await this.rounds.ETH.run();
  }

  /** Sends ether from an outside account; nothing is mined. */
  async payEther(to: string, wei: bigint, data?: string): Promise<string> {
    const [from] = await this.anvil.rpc<string[]>('eth_accounts');
    return this.anvil.rpc<string>('eth_sendTransaction', {
      from,
      to,
      value: `0x${wei.toString(16)}`,
      ...(data === undefined ? {} : { data }),
    });
  }

  /** Fills the hot wallet with the house's own coins, confirmed, credited and swept. */
  async stockHouse(bitcoins: readonly string[] = ['2', '2', '2'], wei = 90n * 10n ** 18n): Promise<void> {
    const [btc, eth] = [await this.addresses.forHouse('BTC'), await this.addresses.forHouse('ETH')];
    for (const amount of bitcoins) await this.bitcoin.faucet(btc.address, amount);
    if (wei > 0n) await this.payEther(eth.address, wei);
    await this.settle(6);
  }

  async withdraw(
    given: { customerId: string; asset: ChainAsset; destination: string; amount: bigint; maxFee?: bigint },
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<Intent> {
    return this.parts.database.transaction((tx) => this.request.run(tx, { ...given, idempotencyKey }));
  }

  async intent(id: string): Promise<Intent> {
    const intent = await findIntent(this.parts.database, id);
    if (intent === undefined) throw new Error('no such intent');
    return intent;
  }

  attempts(id: string): Promise<Attempt[]> {
    return attemptsOf(this.parts.database, id);
  }

  deposits(ownerId?: string): Promise<Deposit[]> {
    return listDeposits(this.parts.database, { ownerId, limit: 100 });
  }

  /** Sum over every account of an asset, debits less credits: zero, or the books are broken. */
  async trialBalance(): Promise<Record<string, bigint>> {
    const rows = await this.parts.database.query<{ code: string; sum: bigint }>(
      `SELECT s.code, coalesce(sum(b.balance * b.normal_sign), 0) AS sum FROM ledger.balances b JOIN ledger.assets s ON s.id = b.asset_id
        GROUP BY s.code`,
    );
    return Object.fromEntries(rows.map(({ code, sum }) => [code, sum]));
  }
}
