/** A view that follows the engine through random commands, and what the engine and the reference exchange say that it must show. */
import { engineEvents, type EngineEvent, FIRST_CUSTOMER } from '@core/contracts';
import { balancesInUse } from '@core/matching';
import { Agreement, type Dice, openingCommands, randomCommand } from '@core/matching/testing';
import { type CommandEffects } from '../view-listener.js';
import { VenueView } from '../venue-view.js';
import { emptyVenue } from './empty-venue.js';

export const ASSETS = Array.from({ length: 128 }, (_, number) => ({ number, code: `A${number}`, scale: 2 }));
const INSTRUMENTS = [0, 1, 2, 3, 5];

/** The engine, the reference exchange, and the events of the last command. */
export class FollowedExchange {
  readonly agreement = new Agreement();
  events: readonly EngineEvent[] = [];

  get exchange(): Agreement['exchange'] {
    return this.agreement.exchange;
  }

  /** Opens the venue; each command's events go to `take`. */
  open(take: (events: readonly EngineEvent[]) => void): void {
    for (const draft of openingCommands()) this.#send(draft, take);
  }

  /** One random command. */
  step(dice: Dice, take: (events: readonly EngineEvent[]) => void): void {
    this.#send(randomCommand(dice, this.exchange), take);
  }

  #send(draft: Parameters<Agreement['send']>[0], take: (events: readonly EngineEvent[]) => void): void {
    const difference = this.agreement.send(draft);
    if (difference !== null) throw new Error(difference);
    this.events = this.exchange.events.map((event) => throughTheWire(event));
    take(this.events);
  }
}

const bytes = new Uint8Array(engineEvents.longest);
const wire = new DataView(bytes.buffer);

function throughTheWire(event: EngineEvent): EngineEvent {
  engineEvents.encode(event, wire);
  return engineEvents.decode(wire);
}

/** What a view shows, as values that can be compared. */
export function shownBy(view: VenueView) {
  const accounts = Array.from({ length: FIRST_CUSTOMER + 8 }, (_, account) => account);
  return {
    books: INSTRUMENTS.map((number) => ({ number, ...view.bookOrders(number), levels: view.levels(number) })),
    orders: accounts.flatMap((account) => view.openOrders(account)).sort(byId),
    balances: accounts.flatMap((account) =>
      view
        .balances(account)
        .filter(({ total, held }) => total !== 0n || held !== 0n)
        .map(({ asset, total, held }) => ({ account, asset, total, held }))
        .sort((one, other) => one.asset - other.asset),
    ),
    instruments: view.instruments(),
    rates: accounts.flatMap((account) => INSTRUMENTS.map((number) => view.feeRates(account, number))),
    isKillSwitchEngaged: view.isKillSwitchEngaged,
  };
}

/** The same of the exchange: books and orders as the reference has them, balances as the engine's memory holds them, without margins. */
export function shownByExchange({ exchange }: FollowedExchange) {
  const shownOf = (order: (typeof exchange.orders)[number]) =>
    order.dormant || order.priority === 0 ? 0n : order.open;
  const queues = INSTRUMENTS.map((number) => {
    const instrument = exchange.instruments.get(number);
    const of = (side: 'buy' | 'sell') =>
      (instrument === undefined ? [] : exchange.queue(instrument, side)).map((order) => ({
        ...{ instrument: number, side, orderId: order.id, price: order.price, quantity: order.open },
      }));
    return { number, bids: of('buy'), asks: of('sell') };
  });
  const marginOf = (account: number, asset: number): bigint =>
    [...exchange.instruments.values()]
      .filter(({ settlement, quote }) => settlement === 'margined' && quote === asset)
      .reduce((sum, { positions }) => sum + (positions.get(account)?.margin ?? 0n), 0n);
  return {
    queues,
    orders: exchange.orders
      .map((order) => ({
        ...{ orderId: order.id, account: order.account, instrument: order.instrument.instrument, side: order.side },
        ...{ clientOrderId: order.clientOrderId, type: order.type, timeInForce: order.timeInForce, price: order.price },
        ...{ instructions: order.instructions, open: order.open + order.hidden, filled: order.filled },
        ...{ isDormant: order.dormant, displayQuantity: order.display, expiresAt: order.expiresAt },
        ...{ quantity: order.open + order.hidden + order.filled, shown: shownOf(order) },
      }))
      .sort(byId),
    balances: balancesInUse()
      .map(({ account, asset, total, held }) => ({ account, asset, total, held: held - marginOf(account, asset) }))
      .sort((one, other) => one.account - other.account || one.asset - other.asset),
  };
}

/** Keeps books and balances from effects alone, as a subscriber does. */
export class Subscriber {
  readonly #levels = new Map<string, unknown>();
  readonly #orders = new Map<bigint, unknown>();
  readonly #queues = new Map<string, bigint[]>();
  readonly #balances = new Map<string, unknown>();

  take(effects: CommandEffects, view: VenueView): void {
    for (const { instrument, side, price, quantity, count } of effects.levels) {
      const key = `${instrument}/${side}/${price}`;
      if (count === 0 && quantity === 0n) this.#levels.delete(key);
      else this.#levels.set(key, { instrument, side, price, quantity, count });
    }
    for (const change of effects.bookOrders) this.#takeOrder(change);
    for (const { account, asset } of effects.balances) {
      this.#balances.set(
        `${account}/${asset}`,
        view.balances(account).find((balance) => balance.asset === asset),
      );
    }
  }

  /** What it has come to differs from what the view shows. */
  differsFrom(view: VenueView): string | null {
    const books = INSTRUMENTS.map((number) => ({ levels: view.levels(number), orders: view.bookOrders(number) }));
    const levels = books.flatMap((book) => [...book.levels.bids, ...book.levels.asks]);
    const orders = books.flatMap((book) => [...book.orders.bids, ...book.orders.asks]);
    const hasAll =
      levels.length === this.#levels.size &&
      orders.length === this.#orders.size &&
      levels.every(
        (level) => show(this.#levels.get(`${level.instrument}/${level.side}/${level.price}`)) === show(level),
      ) &&
      orders.every((order) => show(this.#orders.get(order.orderId)) === show(order));
    if (!hasAll) return `subscribers have ${show([...this.#orders.values()])} instead of ${show(orders)}`;
    const queues = new Map<string, bigint[]>();
    for (const { instrument, side, price, orderId } of orders) {
      const key = `${instrument}/${side}/${price}`;
      queues.set(key, [...(queues.get(key) ?? []), orderId]);
    }
    for (const [key, queue] of queues) {
      if (show(this.#queues.get(key)) !== show(queue)) return `the queue at ${key} is ${show(this.#queues.get(key))}`;
    }
    for (let account = 0; account < FIRST_CUSTOMER + 8; account += 1) {
      for (const balance of view.balances(account)) {
        // Whoever was told nothing takes it for nothing, as one that a fee of zero opened.
        const told = this.#balances.get(`${account}/${balance.asset}`) ?? { asset: balance.asset, total: 0n, held: 0n };
        if (show(told) !== show(balance))
          return `account ${account} was told ${show(told)} instead of ${show(balance)}`;
      }
    }
    return null;
  }

  #takeOrder(change: CommandEffects['bookOrders'][number]): void {
    const { instrument, side, price, orderId, quantity } = change;
    const key = `${instrument}/${side}/${price}`;
    const queue = this.#queues.get(key) ?? [];
    if (quantity === 0n) {
      if (!this.#orders.delete(orderId)) throw new Error(`order ${orderId} left, and was never there`);
      this.#queues.set(key, queue.filter((id) => id !== orderId)); // prettier-ignore
      return;
    }
    if (!this.#orders.has(orderId)) this.#queues.set(key, [...queue, orderId]);
    this.#orders.set(orderId, change);
  }
}

export const show = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? `${field}n` : field));

const byId = (one: { readonly orderId: bigint }, other: { readonly orderId: bigint }): number =>
  one.orderId < other.orderId ? -1 : 1;

/** A view of a venue before its first command. */
export const viewFromTheBeginning = (onEffects?: (effects: CommandEffects) => void): VenueView =>
  new VenueView(emptyVenue(ASSETS), onEffects === undefined ? {} : { onEffects });
