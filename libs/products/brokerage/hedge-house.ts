import { type AssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { type Database, uuidV7 } from '@base/database';
import { Refusal } from '@base/http';
import { type Logger } from '@base/observability';
import { type Ledger, LedgerRefusal } from '@platform/ledger';
import { pairOf, type Prices } from '@platform/pricing';
import { hedgeHome, type HedgeMember, hedgeOut, memberAccounts, readHedgeMember } from './hedge-books.js';
import { clientIdOf, endingOf, type Hedge, orderOf, sameFills } from './hedge-order.js';
import { advanceHedge, insertHedge, insertHedgeFills, listUnreconciledHedges, markMismatched, readHedgeFills } from './hedge-orders.js'; // prettier-ignore
import { type HedgeOutcome, type HedgeVenue } from './hedge-venue.js';
import { type House, type HousePosition } from './house.js';
import { isExposed, planHedge } from './plan-hedge.js';

/** After this the money of a planned hedge will not come: the order is given up, and what has come goes home. */
const FUNDS_WITHIN_MS = 60_000;
/** An order of which settlement knows nothing after this never was one of the venue's; one that the venue does not know by then is not sent again. */
const NEVER_AFTER_MS = 60_000;
/** Between attempts that are not answered: at once, and then ever longer. */
const MOST_PAUSE_MS = 60_000;

export interface HedgeHouseParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly prices: Prices;
}

const UNDER_WAY: ReadonlySet<string> = new Set(['planned', 'sent', 'unknown']);

/**
 * Keeps the house's exposure within its soft limits by trading on a venue as one of its members. Each asset has one order at a time; it is stored, with
 * its money taken from the inventory, before the venue hears of it, and carries the same client id however often it is sent, so that the venue executes it
 * once. Its fills are the member's trades, which settlement books; when they agree with what the venue answered, the order is reconciled and all money goes
 * home into the inventory.
 */
export class HedgeHouse {
  constructor(
    private readonly parts: HedgeHouseParts,
    private readonly house: House,
    private readonly venue: HedgeVenue,
  ) {}

  /** Takes everything one step further. One runner at a time. */
  async run(): Promise<void> {
    const { database, logger } = this.parts;
    const member = await readHedgeMember(database);
    if (member === undefined) return;
    for (const hedge of await listUnreconciledHedges(database)) {
      // One that cannot go on must not keep the others, and the house's money, where they are.
      await this.#advance(member, hedge).catch((error: unknown) => logger.error({ hedge: hedge.id, err: error }, 'a hedge does not go on')); // prettier-ignore
    }
    const open = await listUnreconciledHedges(database);
    const positions = await this.house.positions(database);
    const needed = new Set<AssetCode>(open.map(({ pair }) => pairOf(pair)).flatMap(({ base, quote }) => [base, quote]));
    for (const { asset } of positions) if (!needed.has(asset)) await this.#leaveVenue(member, asset);
    for (const { asset } of positions) await this.#bringHome(member, asset);
    for (const position of positions) {
      // One at a time: until the last one's fills are in the books, and agreed with, nobody knows what is still to be hedged.
      if (!open.some(({ asset }) => asset === position.asset)) await this.#plan(member, position);
    }
  }

  #advance(member: HedgeMember, hedge: Hedge): Promise<void> {
    if (!UNDER_WAY.has(hedge.state)) return this.#reconcile(member, hedge);
    if (hedge.state === 'planned') return this.#begin(member, hedge);
    const waited = this.parts.clock.now().getTime() - hedge.updatedAt.getTime();
    return waited < pauseAfter(hedge.sends) ? Promise.resolve() : this.#send(hedge);
  }

  async #plan(member: HedgeMember, position: HousePosition): Promise<void> {
    if (!isExposed(position)) return;
    const { database, ledger, clock, prices, logger } = this.parts;
    const terms = await this.venue.terms(position.asset);
    const last = terms && prices.last(terms.pair);
    // On a price that is not firm, nobody would quote to a customer either.
    if (terms === undefined || !last?.firm) return;
    const { inventory: quoteInventory } = await this.house.position(database, terms.quote);
    // Whoever moves the venue's own book must not move what the house pays there at most.
    const plan = planHedge({ position, terms, last: last.external, quoteInventory });
    if (plan === undefined) return;
    const at = clock.now();
    const id = uuidV7(at.getTime());
    const { limit, spentAsset, spent, side, amount } = plan;
    try {
      await database.transaction(async (tx) => {
        await insertHedge(tx, {
          id,
          clientId: clientIdOf(id),
          asset: position.asset,
          pair: terms.pair,
          side,
          amount,
          limitNum: limit.numerator,
          limitDen: limit.denominator,
          spentAsset,
          spent,
          position: position.position,
          createdAt: at,
        });
        await ledger.post(tx, hedgeOut(id, member.customerId, spentAsset, spent));
        const { customerId: memberId } = member;
        await this.venue.deposit(tx, { memberId, asset: spentAsset, amount: spent, key: depositKeyOf(id) });
      });
      logger.info({ hedge: id, side, asset: position.asset, amount: amount.toString() }, 'the house hedges');
    } catch (error) {
      // A customer was quicker with the inventory, or the venue takes no money now: the position is looked at again.
      if (!(error instanceof LedgerRefusal) && !(error instanceof Refusal)) throw error;
      logger.warn({ asset: position.asset, err: error }, 'a hedge could not be paid for');
    }
  }

  /** Sent as soon as its own money is at the venue: other money that stands there may be on its way home. */
  async #begin(member: HedgeMember, hedge: Hedge): Promise<void> {
    const { database, clock } = this.parts;
    const deposit = await this.venue.deposited(member.customerId, depositKeyOf(hedge.id));
    if (deposit === 'there') return this.#send(hedge);
    const at = clock.now();
    if (deposit === 'under_way' && at.getTime() - hedge.createdAt.getTime() < FUNDS_WITHIN_MS) return;
    await database.transaction((tx) => advanceHedge(tx, hedge, 'give_up', { at, reason: 'its money did not arrive' }));
  }

  async #send(hedge: Hedge): Promise<void> {
    const { database, clock } = this.parts;
    // Written down before the venue hears of it: whoever finds it so asks the venue, and does not make another.
    const sent = await database.transaction((tx) => advanceHedge(tx, hedge, 'send', { at: clock.now() }));
    await this.#note(sent, await this.#outcomeOf(sent));
  }

  /**
   * A venue refuses a name only as long as it remembers it, and nobody wants yesterday's order: what an earlier attempt came to is looked for
   * first, and what the venue does not know after a while is not sent again.
   */
  async #outcomeOf(hedge: Hedge): Promise<HedgeOutcome> {
    const order = orderOf(hedge);
    if (hedge.sends === 1) return this.venue.send(order);
    const found = await this.venue.find(order);
    if (found !== undefined) return found;
    const age = this.parts.clock.now().getTime() - hedge.createdAt.getTime();
    if (age < FUNDS_WITHIN_MS + NEVER_AFTER_MS) return this.venue.send(order);
    return { kind: 'refused', reason: 'the venue never took it, and its time is over' };
  }

  async #note(hedge: Hedge, outcome: HedgeOutcome): Promise<void> {
    const at = this.parts.clock.now();
    await this.parts.database.transaction(async (tx) => {
      if (outcome.kind !== 'ended') {
        const event = outcome.kind === 'unknown' ? 'lose' : 'miss';
        return void (await advanceHedge(tx, hedge, event, { at, reason: outcome.reason }));
      }
      await insertHedgeFills(tx, hedge, outcome.fills);
      await advanceHedge(tx, hedge, endingOf(hedge.amount, outcome.fills), { at });
    });
  }

  async #reconcile({ customerId }: HedgeMember, hedge: Hedge): Promise<void> {
    const { database, clock, logger } = this.parts;
    const answered = await readHedgeFills(database, hedge);
    const settled = await this.venue.settled(customerId, orderOf(hedge));
    const at = clock.now();
    const isLate = at.getTime() - hedge.updatedAt.getTime() >= NEVER_AFTER_MS;
    // Nothing settled means that settlement is behind, or that there never was an order.
    if (settled === undefined && !isLate) return;
    if (sameFills(answered, settled ?? [])) {
      await database.transaction((tx) => advanceHedge(tx, hedge, 'reconcile', { at, reason: hedge.reason }));
      return;
    }
    // Fills of one order are settled together or in order: a part of them may be all there is for a moment.
    if (!isLate) return;
    if (await database.transaction((tx) => markMismatched(tx, hedge)))
      logger.error({ hedge: hedge.id, answered: answered.length, settled: settled?.length ?? 0 }, 'a hedge was settled otherwise than the venue answered'); // prettier-ignore
  }

  /** No order needs it: what is left at the venue is asked back. The key is of the account's last entry, so that asking again while it is on its way is the same move. */
  async #leaveVenue({ customerId }: HedgeMember, asset: AssetCode): Promise<void> {
    const { database, ledger, logger } = this.parts;
    const { atVenue } = memberAccounts(customerId, asset);
    const row = await ledger.account(atVenue);
    if (row === undefined || row.balance <= 0n) return;
    const move = { memberId: customerId, asset, amount: row.balance, key: `hedge-home-${asset}-${row.version}` };
    try {
      await database.transaction((tx) => this.venue.withdraw(tx, move));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      logger.warn({ asset, err: error }, 'the venue does not give the house its money now');
    }
  }

  /** Into the inventory, from which the desk sells. */
  async #bringHome({ customerId }: HedgeMember, asset: AssetCode): Promise<void> {
    const { database, ledger } = this.parts;
    const { available } = memberAccounts(customerId, asset);
    const amount = await ledger.balance(available);
    if (amount > 0n) await database.transaction((tx) => ledger.post(tx, hedgeHome(customerId, asset, amount)));
  }
}

const depositKeyOf = (hedgeId: string): string => `hedge-${hedgeId}`;

/** How long an order that was sent so often rests before it is asked about again. */
const pauseAfter = (sends: number): number => (sends < 5 ? 0 : Math.min(2 ** (sends - 5) * 2_000, MOST_PAUSE_MS));

/**
 * Appoints the member, once for good. From then on all that stands on its accounts is the house's, so nothing may stand there yet.
 * @throws Error when another one is appointed, or it has money of its own
 */
export async function appointHedgeMember(
  database: Database,
  ledger: Ledger,
  { customerId, venue, at }: { readonly customerId: string; readonly venue: string; readonly at: Date },
): Promise<void> {
  await database.transaction(async (tx) => {
    const appointed = await tx.query(
      'INSERT INTO brokerage.hedge_member (customer_id, venue, appointed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING venue',
      [customerId, venue, at],
    );
    if (appointed.length === 0) return;
    if ((await ledger.accountsOf(customerId, tx)).some(({ balance }) => balance !== 0n))
      throw new Error(
        'the house cannot trade in the name of a customer who has money: it would be taken for the house’s',
      );
  });
  const member = await readHedgeMember(database);
  if (member?.customerId !== customerId)
    throw new Error('the house trades in the name of another customer: its money there would be forgotten');
}
