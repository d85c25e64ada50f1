import { type EngineEvent } from '@core/contracts';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Events } from '@base/events';
import { type Ledger, type Transfer } from '@platform/ledger';
import { EventOrder } from '@platform/venue-link';
import { type Checkpoint, lockCheckpoint, moveCheckpoint, type Position } from './checkpoint.js';
import { minorOf } from './engine-asset.js';
import { EngineNames } from './engine-names.js';
import { inGap } from './gaps.js';
import { type FillRecord, readOpenOrders, type VariationRecord, writeFills, writeOrders, writeVariations } from './history-tables.js'; // prettier-ignore
import { recordListing } from './instruments.js';
import { moveRefused, moveSettled, moveUnexplained, tradeSettled, transferIdOf, variationSettled } from './journals.js';
import { OrderBook, ordersIn, timeOf } from './order-history.js';
import { SettlementFault } from './settlement-fault.js';
import { type ExchangeTransfer, idOfEngine, nextState } from './transfer.js';
import { advance, lockTransfers } from './transfers.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** What a batch comes to, gathered in the order of its events. */
interface Gathered {
  readonly tx: Tx;
  readonly orders: OrderBook;
  readonly moves: Map<string, ExchangeTransfer>;
  readonly transfers: Transfer[];
  readonly fills: FillRecord[];
  readonly variations: VariationRecord[];
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
    assertFollow(events, after);
    await this.#openMonths(tx, events);
    await this.#names.learn(tx, events);
    const gathered: Gathered = {
      tx,
      orders: new OrderBook(await readOpenOrders(tx, ordersIn(events))),
      moves: await lockTransfers(tx, movesIn(events)),
      transfers: [],
      fills: [],
      variations: [],
    };
    for (const event of events) await this.#gather(gathered, event);
    await this.#write(gathered);
    inGap('posted');
    const last = events.at(-1);
    if (last === undefined) return checkpoint;
    const moved = { sequence: last.sequence, index: last.origin, eventAt: timeOf(last) };
    await moveCheckpoint(tx, moved, this.clock.now());
    inGap('settling');
    return moved;
  }

  async #gather(gathered: Gathered, event: EngineEvent): Promise<void> {
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
        await recordListing(gathered.tx, event, timeOf(event));
        this.#names.listed({ ...event, number: event.instrument, listedAt: timeOf(event) });
        return;
      default:
        gathered.orders.apply(event);
    }
  }

  #trade({ orders, transfers, fills }: Gathered, event: Event<'trade'>): void {
    const transfer = tradeSettled(event, this.#names);
    if (transfer !== undefined) transfers.push(transfer);
    const quote = this.#names.asset(this.#names.instrument(event.instrument).quote);
    for (const liquidity of ['maker', 'taker'] as const) {
      const isTaker = liquidity === 'taker';
      const isBuy = (event.takerSide === 'buy') === isTaker;
      const orderId = isTaker ? event.takerOrderId : event.makerOrderId;
      const notional = minorOf(quote, isBuy ? event.buyerPays : event.sellerReceives);
      const fee = minorOf(quote, isTaker ? event.takerFee : event.makerFee);
      orders.fill(event, { orderId, quantity: event.quantity, notional, fee });
      fills.push({
        at: timeOf(event),
        sequence: event.sequence,
        event_index: event.origin,
        liquidity,
        account: isTaker ? event.takerAccount : event.makerAccount,
        order_id: orderId,
        instrument: event.instrument,
        side: isBuy ? 'buy' : 'sell',
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
    const { tx, moves, transfers } = gathered;
    const move = this.#openMove(moves, event);
    if (move === undefined) {
      transfers.push(moveUnexplained(event, this.#names));
      return this.#recordUnexplained(tx, event);
    }
    transfers.push(moveSettled(event, move));
    const answer = { reason: null, sequence: event.sequence, index: event.origin };
    moves.set(move.id, await advance(tx, move, 'settle', { at: this.clock.now(), answer }));
    await this.#tell(tx, 'venue.transfer-settled', move);
  }

  async #notMoved({ tx, moves, transfers }: Gathered, event: Event<'transfer-rejected'>): Promise<void> {
    const move = this.#openMove(moves, event);
    if (move === undefined) return;
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
      [event.sequence, event.origin, event.account, asset.code, amount, transferIdOf(event), timeOf(event)],
    );
  }

  #variation({ transfers, variations }: Gathered, event: Event<'variation-settled'> | Event<'deficit-covered'>): void {
    const cash = this.#names.asset(this.#names.instrument(event.instrument).quote);
    const isDeficit = event.kind === 'deficit-covered';
    const transfer = isDeficit ? undefined : variationSettled(event, this.#names);
    if (transfer !== undefined) transfers.push(transfer);
    variations.push({
      at: timeOf(event),
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

  async #write({ tx, orders, transfers, fills, variations }: Gathered): Promise<void> {
    await writeOrders(tx, orders);
    await writeFills(tx, fills);
    await writeVariations(tx, variations);
    // Last, since it locks the accounts of everybody who traded.
    await this.ledger.post(tx, transfers);
  }

  async #openMonths(tx: Tx, events: readonly EngineEvent[]): Promise<void> {
    for (const month of new Set(events.map((event) => timeOf(event).toISOString().slice(0, 7)))) {
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
