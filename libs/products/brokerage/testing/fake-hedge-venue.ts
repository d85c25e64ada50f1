import { type AssetCode, convert, type Rate, rate } from '@core/money';
import { type Database, type Tx, uuidV7 } from '@base/database';
import { account, credit, debit, type Ledger } from '@platform/ledger';
import { pairOf } from '@platform/pricing';
import { type HedgeFill, type HedgeMove, type HedgeOrder, type HedgeOutcome, type HedgeTerms, type HedgeVenue } from '@products/brokerage'; // prettier-ignore

const FEE_BPS = 10n;

/** A venue on the ledger of the spec: executes each client id once, moves the member's money at once, and answers as the spec wants. */
export class FakeHedgeVenue implements HedgeVenue {
  readonly name = 'a venue of specs';
  readonly executed = new Map<string, readonly HedgeFill[]>();
  readonly asked: string[] = [];
  /** Parts per thousand of each order that are filled. */
  fillsPpt = 1_000n;
  /** How the next orders go: the answer is lost after or before they are executed, or they are refused. */
  answers: ('lost' | 'never_came' | 'refused')[] = [];
  /** Whether money arrives. */
  takesMoney = true;
  /** What settlement makes of the fills. */
  settling: (fills: readonly HedgeFill[]) => readonly HedgeFill[] | undefined = (fills) => fills;
  readonly #deposits = new Map<string, 'under_way' | 'there' | 'refused'>();
  #trades = 0;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly memberId: string,
  ) {}

  terms(asset: AssetCode): Promise<HedgeTerms | undefined> {
    const terms = {
      pair: `${asset}-USD`,
      quote: 'USD',
      lot: asset === 'ETH' ? 10n ** 10n : 1n,
      minimum: 1_000n,
    } as const;
    return Promise.resolve(asset === 'BTC' || asset === 'ETH' ? terms : undefined);
  }

  async deposit(tx: Tx, { memberId, asset, amount, key }: HedgeMove): Promise<void> {
    this.#deposits.set(key, this.takesMoney ? 'there' : 'under_way');
    const to = this.takesMoney ? 'exchange_available' : 'exchange_transit';
    const legs = [
      debit(account('customer_available', asset, memberId), amount),
      credit(account(to, asset, memberId), amount),
    ];
    await this.ledger.post(tx, { id: uuidV7(), kind: 'test.move', legs });
  }

  deposited(_: string, key: string): Promise<'under_way' | 'there' | 'refused'> {
    return Promise.resolve(this.#deposits.get(key) ?? 'under_way');
  }

  async withdraw(tx: Tx, { memberId, asset, amount }: HedgeMove): Promise<void> {
    const legs = [
      debit(account('exchange_available', asset, memberId), amount),
      credit(account('customer_available', asset, memberId), amount),
    ];
    await this.ledger.post(tx, { id: uuidV7(), kind: 'test.move', legs });
  }

  /** What was sent to the venue and did not get there comes back. */
  async giveBack(asset: AssetCode): Promise<void> {
    for (const [key, state] of this.#deposits) if (state === 'under_way') this.#deposits.set(key, 'refused');
    const onTheWay = account('exchange_transit', asset, this.memberId);
    const amount = await this.ledger.balance(onTheWay);
    const legs = [debit(onTheWay, amount), credit(account('customer_available', asset, this.memberId), amount)];
    await this.ledger.submit({ id: uuidV7(), kind: 'test.move', legs });
  }

  async send(order: HedgeOrder): Promise<HedgeOutcome> {
    this.asked.push(order.clientId);
    const answer = this.answers.shift();
    if (answer === 'refused') return { kind: 'refused', reason: 'Insufficient Balance' };
    if (answer === 'never_came') return { kind: 'unknown', reason: 'no answer' };
    const fills = this.executed.get(order.clientId) ?? (await this.#execute(order));
    return answer === 'lost' ? { kind: 'unknown', reason: 'no answer' } : { kind: 'ended', fills };
  }

  find(order: HedgeOrder): Promise<HedgeOutcome | undefined> {
    const fills = this.executed.get(order.clientId);
    if (fills === undefined) return Promise.resolve(undefined);
    this.asked.push(order.clientId);
    const isLost = this.answers.shift() !== undefined;
    return Promise.resolve(isLost ? { kind: 'unknown', reason: 'no answer' } : { kind: 'ended', fills });
  }

  settled(_: string, { clientId }: HedgeOrder): Promise<readonly HedgeFill[] | undefined> {
    const fills = this.executed.get(clientId);
    return Promise.resolve(fills && this.settling(fills));
  }

  async #execute({ clientId, pair, side, amount, limit, asset }: HedgeOrder): Promise<readonly HedgeFill[]> {
    const filled = (amount * this.fillsPpt) / 1_000n;
    const parts = filled === 0n ? [] : filled > 1n ? [filled / 2n, filled - filled / 2n] : [filled];
    const fills = parts.map((part): HedgeFill => {
      this.#trades += 1;
      return { tradeId: String(this.#trades), amount: part, price: limit, fee: (convert(part, limit, 'ceil') * FEE_BPS) / 10_000n }; // prettier-ignore
    });
    this.executed.set(clientId, fills);
    for (const { amount: part, price, fee } of fills) await this.#trade({ side, asset, part, price, fee });
    if (pairOf(pair).base !== asset) throw new Error('a hedge of another asset');
    return fills;
  }

  /** Against an account of everybody else. */
  async #trade(of: { side: 'BUY' | 'SELL'; asset: AssetCode; part: bigint; price: Rate; fee: bigint }): Promise<void> {
    const value = convert(of.part, of.price, 'ceil');
    const [gives, paid, takes, received] =
      of.side === 'SELL'
        ? ([of.asset, of.part, 'USD', value - of.fee] as const)
        : (['USD', value + of.fee, of.asset, of.part] as const);
    const mine = (asset: AssetCode) => account('exchange_available', asset, this.memberId);
    const others = (asset: AssetCode) => account('bank_nostro', asset);
    await this.database.transaction((tx) =>
      this.ledger.post(tx, [
        { id: uuidV7(), kind: 'test.move', legs: [debit(mine(gives), paid), credit(others(gives), paid)] },
        { id: uuidV7(), kind: 'test.move', legs: [debit(others(takes), received), credit(mine(takes), received)] },
      ]),
    );
  }
}

export const spoil = (fills: readonly HedgeFill[]): readonly HedgeFill[] =>
  fills.map((fill) => ({
    ...fill,
    price: rate(fill.price.base, fill.price.quote, fill.price.numerator + 1n, fill.price.denominator),
  }));
