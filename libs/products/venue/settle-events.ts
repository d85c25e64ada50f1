import { type EngineEvent } from '@core/contracts';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Events } from '@base/events';
import { type Ledger, type Transfer } from '@platform/ledger';
import { EventOrder } from '@platform/venue-link';
import { AccountRates } from './account-rates.js';
import { type Checkpoint, lockCheckpoint, moveCheckpoint, type Position } from './checkpoint.js';
import { ClientNames } from './client-names.js';
import { minorOf } from './engine-asset.js';
import { EngineNames } from './engine-names.js';
import { dateOf, timestampOf } from './engine-time.js';
import { inGap } from './gaps.js';
import { type FillRecord, readOpenOrders, type VariationRecord, writeFills, writeOrders, writeVariations } from './history-tables.js'; // prettier-ignore
import { recordListing } from './instruments.js';
import { moveRefused, moveSettled, moveUnexplained, tradeSettled, transferIdOf, variationSettled } from './journals.js';
import { Markets } from './markets.js';
import { OrderBook, type OrderFill, ordersIn } from './order-history.js';
import { BustAnswers } from './settle-busts.js';
import { SettlementFault } from './settlement-fault.js';
import { type ExchangeTransfer, idOfEngine, nextState } from './transfer.js';
import { advance, lockTransfers } from './transfers.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** What a batch comes to, gathered in the order of its events. */
interface Gathered {
  readonly tx: Tx;
  readonly orders: OrderBook;
  readonly markets: Markets;
  readonly rates: AccountRates;
  readonly clientNames: ClientNames;
  readonly moves: Map<string, ExchangeTransfer>;
  readonly busts: BustAnswers;
  readonly transfers: Transfer[];
  readonly fills: FillRecord[];
  readonly variations: VariationRecord[];
  killSwitch?: boolean;
}

/**
 * Settles a run of the engine's events: money into the ledger, orders and fills into their history, and the checkpoint to the last of them,
 * all in one transaction. Each trade is one transfer, so that a customer's statement shows every fill and every fee.
 */
export class SettleEvents {
  readonly #names = new EngineNames();
  readonly #months = new Set<string>();

  constructor(
    private readonly ledger: Ledger,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /**
   * @param after where whoever read these events believes the checkpoint to be
   * @throws SettlementFault, and nothing was written: `overtaken` when the checkpoint is elsewhere, `gap` when the events do not follow it
   */
  async run(tx: Tx, events: readonly EngineEvent[], after: Position): Promise<Checkpoint> {
    const checkpoint = await lockCheckpoint(tx);
    if (checkpoint.sequence !== after.sequence || checkpoint.index !== after.index)
      throw new SettlementFault('overtaken', `the checkpoint is at ${checkpoint.sequence}.${checkpoint.index}`);
    const last = events.at(-1);
    if (last === undefined) return checkpoint;
    assertFollow(events, after);
    await this.#openMonths(tx, events);
    await this.#names.learn(tx, events);
    const gathered = await this.#begin(tx, events, checkpoint);
    for (const event of events) await this.#gather(gathered, event);
    await this.#write(gathered, last.sequence);
    inGap('posted');
    const { arriving } = gathered.orders;
    const moved = { sequence: last.sequence, index: last.origin, eventAt: dateOf(last.time), arriving };
    await moveCheckpoint(tx, moved, this.clock.now(), gathered.killSwitch);
    inGap('settling');
    return moved;
  }

  /** What the events find. */
  async #begin(tx: Tx, events: readonly EngineEvent[], checkpoint: Checkpoint): Promise<Gathered> {
    const rates = await AccountRates.read(tx, events);
    const clientNames = await ClientNames.read(tx, events);
    const sources = {
      ratesOf: (account: number, instrument: number) => rates.of(account, instrument),
      nameOf: (account: number, clientOrderId: bigint) => clientNames.take(account, clientOrderId),
    };
    return {
      tx,
      rates,
      clientNames,
      orders: new OrderBook(await readOpenOrders(tx, ordersIn(events)), sources, checkpoint),
      markets: await Markets.read(tx, events),
      moves: await lockTransfers(tx, movesIn(events)),
      busts: await BustAnswers.lock(tx, movesIn(events), this.#names),
      transfers: [],
      fills: [],
      variations: [],
    };
  }

  async #gather(gathered: Gathered, event: EngineEvent): Promise<void> {
    gathered.markets.apply(event);
    gathered.orders.follow(event);
    switch (event.kind) {
      case 'trade':
        return this.#trade(gathered, event);
      case 'transfer-settled':
        return this.#moved(gathered, event);
      case 'transfer-rejected':
        return this.#notMoved(gathered, event);
      case 'variation-settled':
      case 'deficit-covered':
        return this.#variation(gathered, event);
      case 'instrument-listed':
        await recordListing(gathered.tx, event, dateOf(event.time));
        this.#names.listed({ ...event, number: event.instrument, listedAt: dateOf(event.time) });
        return;
      case 'fees-set':
        return gathered.rates.setFees(event, this.#names.listedInstruments);
      case 'account-set':
        return gathered.rates.setAccount(event);
      case 'kill-switch-set':
        gathered.killSwitch = event.position === 'engaged';
        return;
      case 'client-order-named':
        return gathered.clientNames.named(event);
      case 'order-rejected':
        return gathered.clientNames.refused(event);
      default:
        gathered.orders.apply(event);
    }
  }

  #trade({ orders, transfers, fills }: Gathered, event: Event<'trade'>): void {
    const transfer = tradeSettled(event, this.#names);
    if (transfer !== undefined) transfers.push(transfer);
    const listing = this.#names.instrument(event.instrument);
    const quote = this.#names.asset(listing.quote);
    const takerBuys = event.takerSide === 'buy';
    const sideOf = (isBuy: boolean, orderId: bigint, fee: bigint): OrderFill => ({
      orderId,
      side: isBuy ? 'buy' : 'sell',
      notional: minorOf(quote, isBuy ? event.buyerPays : event.sellerReceives),
      fee: minorOf(quote, fee),
    });
    const sides = {
      maker: sideOf(!takerBuys, event.makerOrderId, event.makerFee),
      taker: sideOf(takerBuys, event.takerOrderId, event.takerFee),
    };
    orders.trade(event, listing, sides);
    for (const liquidity of ['maker', 'taker'] as const) {
      const { orderId, side, notional, fee } = sides[liquidity];
      fills.push({
        at: timestampOf(event.time),
        sequence: event.sequence,
        event_index: event.origin,
        liquidity,
        account: liquidity === 'taker' ? event.takerAccount : event.makerAccount,
        order_id: orderId,
        instrument: event.instrument,
        side,
        price: event.price,
        quantity: event.quantity,
        notional,
        fee,
        fee_asset: quote.code,
        auction: event.auction === 1,
        transfer_id: transfer?.id ?? null,
      });
    }
  }

  async #moved(gathered: Gathered, event: Event<'transfer-settled'>): Promise<void> {
    // Said again, since it was sent again: the first time has been settled.
    if (event.outcome === 'repeated') return;
    const { tx, moves, busts, transfers } = gathered;
    const move = this.#openMove(moves, event);
    if (move === undefined) {
      const leg = await busts.settle(tx, event, this.clock.now());
      if (leg !== undefined) return void transfers.push(leg);
      transfers.push(moveUnexplained(event, this.#names));
      return this.#recordUnexplained(tx, event);
    }
    transfers.push(moveSettled(event, move));
    const answer = { reason: null, sequence: event.sequence, index: event.origin };
    moves.set(move.id, await advance(tx, move, 'settle', { at: this.clock.now(), answer }));
    await this.#tell(tx, 'venue.transfer-settled', move);
  }

  async #notMoved({ tx, moves, busts, transfers }: Gathered, event: Event<'transfer-rejected'>): Promise<void> {
    const move = this.#openMove(moves, event);
    if (move === undefined) return busts.refuse(tx, event, this.clock.now());
    const back = moveRefused(event, move);
    if (back !== undefined) transfers.push(back);
    const answer = { reason: event.reason, sequence: event.sequence, index: event.origin };
    moves.set(move.id, await advance(tx, move, 'refuse', { at: this.clock.now(), answer }));
    await this.#tell(tx, 'venue.transfer-refused', move);
  }

  /** Our own open move that the engine speaks of, the same in all that it names. */
  #openMove(
    moves: ReadonlyMap<string, ExchangeTransfer>,
    event: Event<'transfer-settled'> | Event<'transfer-rejected'>,
  ): ExchangeTransfer | undefined {
    const move = moves.get(idOfEngine(event));
    if (move === undefined || nextState(move.state, 'settle') === undefined) return undefined;
    const isSame =
      move.account === event.account &&
      move.asset === this.#names.asset(event.asset).code &&
      move.units === event.amount &&
      (move.direction === 'in') === (event.direction === 'credit');
    return isSame ? move : undefined;
  }

  async #recordUnexplained(tx: Tx, event: Event<'transfer-settled'>): Promise<void> {
    const asset = this.#names.asset(event.asset);
    const amount = minorOf(asset, event.direction === 'credit' ? event.amount : -event.amount);
    await tx.query(
      `INSERT INTO venue.unexplained (sequence, event_index, account, asset, amount, transfer_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [event.sequence, event.origin, event.account, asset.code, amount, transferIdOf(event), timestampOf(event.time)],
    );
  }

  #variation({ transfers, variations }: Gathered, event: Event<'variation-settled'> | Event<'deficit-covered'>): void {
    const cash = this.#names.asset(this.#names.instrument(event.instrument).quote);
    const isDeficit = event.kind === 'deficit-covered';
    const transfer = isDeficit ? undefined : variationSettled(event, this.#names);
    if (transfer !== undefined) transfers.push(transfer);
    variations.push({
      at: timestampOf(event.time),
      sequence: event.sequence,
      event_index: event.origin,
      account: event.account,
      instrument: event.instrument,
      position: isDeficit ? 0n : event.position,
      amount: minorOf(cash, isDeficit ? -event.amount : event.amount),
      insured: isDeficit ? minorOf(cash, event.byInsurance) : null,
      asset: cash.code,
    });
  }

  async #tell(tx: Tx, type: string, { id, customerId, direction, asset, amount }: ExchangeTransfer): Promise<void> {
    const payload = { customerId, direction, asset, amount: amount.toString() };
    await this.events.append(tx, { type, aggregate: 'venue-transfer', aggregateId: id, payload });
  }

  async #write(gathered: Gathered, last: bigint): Promise<void> {
    const { tx, orders, markets, rates, clientNames, busts, transfers, fills, variations } = gathered;
    await writeOrders(tx, orders);
    await markets.write(tx);
    await rates.write(tx);
    await clientNames.write(tx, last);
    await writeFills(tx, fills);
    await writeVariations(tx, variations);
    await busts.drive(tx, this.events, this.clock.now());
    // Last, since it locks the accounts of everybody who traded.
    await this.ledger.post(tx, transfers);
  }

  async #openMonths(tx: Tx, events: readonly EngineEvent[]): Promise<void> {
    for (const month of new Set(events.map(({ time }) => timestampOf(time).slice(0, 7)))) {
      if (this.#months.has(month)) continue;
      await tx.query('SELECT venue.open_month($1)', [`${month}-01T00:00:00Z`]);
      tx.afterCommit(() => this.#months.add(month));
    }
  }
}

/** @throws SettlementFault `gap` */
function assertFollow(events: readonly EngineEvent[], after: Position): void {
  const order = new EventOrder(Number(after.sequence), after.index);
  for (const { sequence, origin } of events) {
    const isFirst = order.sequence === 0;
    if (order.place(Number(sequence), origin) === 'next' && !(isFirst && sequence !== 1n)) continue;
    throw new SettlementFault('gap', `${sequence}.${origin} does not follow ${order.sequence}.${order.index}`);
  }
}

const movesIn = (events: readonly EngineEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === 'transfer-settled' || event.kind === 'transfer-rejected' ? [idOfEngine(event)] : [],
  );
