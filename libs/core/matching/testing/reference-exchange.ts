/** The reference exchange's commands: who may do what, in the order in which it is checked. */
import {
  ANY,
  CANCEL_ON_DISCONNECT,
  engineCommands,
  FIRST_CUSTOMER,
  INSURANCE_ACCOUNT,
  POST_ONLY,
  REDUCE_ONLY,
  type EngineCommand,
  type EngineEvent,
  type RejectReason,
} from '@core/contracts';
import { ReferenceBook } from './reference-book.js';
import {
  absolute,
  floorDivide,
  isMargined,
  isMarket,
  least,
  lotsOf,
  opposite,
  PPM,
  type Command,
  type Instrument,
  type Order,
} from './reference-state.js';

const MAX_PRICE = 2 ** 25 - 2;
const MAX_AMOUNT = 1n << 62n;
const MAX_ACCOUNTS = 1 << 18;
const MAX_ASSETS = 128;
const YEARS = 1n << 55n;

export class ReferenceExchange extends ReferenceBook {
  /** Events of one command. */
  apply(command: EngineCommand): EngineEvent[] {
    this.events = [];
    this.sequence = command.sequence;
    if (command.time > this.now) this.now = command.time;
    this.passTime();
    this.dispatch(command);
    return this.events;
  }

  private dispatch(command: EngineCommand): void {
    switch (command.kind) {
      case 'place':
        return this.place(command);
      case 'replace':
        return this.replace(command);
      case 'cancel': {
        const order = this.orders.find((o) => o.id === command.orderId && o.account === command.account);
        if (order === undefined) return this.rejectOrder(command, 'unknown_order');
        return this.cancel(order, 'requested');
      }
      case 'cancel-by-client-id': {
        const { account, clientOrderId } = command;
        const order = this.orders.find((o) => o.clientOrderId === clientOrderId && o.account === account);
        if (order === undefined || clientOrderId === 0n) return this.rejectOrder(command, 'unknown_order');
        return this.cancel(order, 'requested');
      }
      case 'cancel-all':
        return this.cancelAll(command);
      case 'name-client-order':
        if (!this.isCustomer(command.account)) return this.rejectOrder(command, 'unknown_account');
        return this.done(command, 'client-order-named');
      case 'credit':
      case 'debit':
        return this.transfer(command);
      case 'list-instrument':
        return this.list(command);
      case 'set-state':
        return this.setState(command);
      case 'set-fees':
        return this.setFees(command);
      case 'set-bands':
        return this.setBands(command);
      case 'set-account':
        return this.setAccount(command);
      case 'kill-switch':
        this.killed = command.position === 'engaged';
        this.done(command, 'kill-switch-set');
        if (this.killed) this.cancelEach(this.byRecord(), 'kill_switch', ANY, ANY, 0);
        return;
      case 'mark-price':
        return this.mark(command);
      case 'audit': {
        const assets = [...this.supply.values()].filter((supply) => supply !== 0n).length;
        const accounts = Math.max(-1, ...this.people.keys()) + 1;
        return this.emit({ kind: 'audited', outcome: 'sound', accounts, assets, openOrders: this.orders.length });
      }
      case 'tick':
        return this.emit({ kind: 'ticked' });
    }
  }

  private passTime(): void {
    for (;;) {
      const auctions = [...this.instruments.values()].filter((i) => i.auctionEnd !== null);
      const next = auctions.sort((a, b) =>
        a.auctionEnd! < b.auctionEnd! ? -1 : a.auctionEnd! > b.auctionEnd! ? 1 : a.instrument - b.instrument,
      )[0];
      const end = next?.auctionEnd ?? this.now;
      const due = this.orders
        .filter((o) => o.timeInForce === 'gtd' && o.expiresAt <= this.now && o.expiresAt <= end)
        .sort((a, b) => (a.expiresAt < b.expiresAt ? -1 : a.expiresAt > b.expiresAt ? 1 : a.id < b.id ? -1 : 1));
      for (const order of due) this.cancel(order, 'expired');
      if (next === undefined || end > this.now) return;
      this.enterState(next, 'open', 'scheduled');
    }
  }

  private rejectOrder(
    command: Command<'place' | 'replace' | 'cancel' | 'cancel-by-client-id' | 'name-client-order'>,
    reason: RejectReason,
  ): void {
    this.emit({
      kind: 'order-rejected',
      session: command.origin,
      account: command.account,
      instrument: command.kind === 'place' ? command.instrument : ANY,
      command: engineCommands.messages[command.kind].code,
      reason,
      orderId: 'orderId' in command ? command.orderId : 0n,
      clientOrderId: 'clientOrderId' in command ? command.clientOrderId : 0n,
    });
  }

  private rejectCommand(command: EngineCommand, instrument: number, reason: RejectReason): void {
    const code = engineCommands.messages[command.kind].code;
    this.emit({ kind: 'command-rejected', session: command.origin, command: code, reason, instrument });
  }

  /** The event that repeats the command. */
  private done(command: EngineCommand, kind: EngineEvent['kind']): void {
    // Header fields are the event's own: `emit` writes over the command's.
    this.emit({ ...command, kind } as Parameters<ReferenceExchange['emit']>[0]);
  }

  private isCustomer(account: number): boolean {
    return account >= FIRST_CUSTOMER && account < MAX_ACCOUNTS && this.people.has(account);
  }

  private refuseTrading(account: number, instrument: Instrument): RejectReason | null {
    if (this.killed) return 'kill_switch_engaged';
    if (this.people.get(account)?.state !== 'active') return 'account_suspended';
    if (instrument.state === 'closed') return 'instrument_closed';
    if (instrument.state === 'halted') return 'instrument_halted';
    if (instrument.state === 'cancel-only') return 'instrument_cancel_only';
    return null;
  }

  private refusePlace(c: Command<'place'>): RejectReason | null {
    if (!this.isCustomer(c.account)) return 'unknown_account';
    const instrument = this.instruments.get(c.instrument);
    if (instrument === undefined) return 'unknown_instrument';
    const barred = this.refuseTrading(c.account, instrument);
    if (barred !== null) return barred;
    if (c.instructions > 7) return 'malformed';
    const wrong = this.refuseTerms(c, instrument);
    if (wrong !== null) return wrong;
    const sameId = (o: { account: number; clientOrderId: bigint }): boolean =>
      o.account === c.account && o.clientOrderId === c.clientOrderId;
    if (c.clientOrderId !== 0n && (this.orders.some(sameId) || this.closedIds.some(sameId)))
      return 'duplicate_client_order_id';
    return null;
  }

  private refuseTerms(c: Command<'place'>, instrument: Instrument): RejectReason | null {
    const immediate = c.timeInForce === 'ioc' || c.timeInForce === 'fok';
    const stop = c.type === 'stop' || c.type === 'stop-limit' || c.type === 'trailing-stop';
    if (c.type === 'market' ? !immediate : stop && immediate) return 'invalid_combination';
    if ((c.instructions & POST_ONLY) !== 0 && (c.type !== 'limit' || immediate)) return 'invalid_combination';
    if ((c.instructions & REDUCE_ONLY) !== 0) {
      if (!isMargined(instrument)) return 'not_margined';
      if (!immediate && c.type !== 'stop' && c.type !== 'trailing-stop') return 'invalid_combination';
    }
    if (instrument.state === 'pre-open' && immediate) return 'not_in_auction';
    if (stop ? c.triggerPrice < 1 || c.triggerPrice > instrument.maximumPrice : c.triggerPrice !== 0)
      return 'invalid_trigger_price';
    if (c.type === 'trailing-stop') {
      if (instrument.lastPrice === 0) return 'invalid_trigger_price';
      const trailing = this.orders.filter(
        (o) => o.instrument === instrument && o.side === c.side && o.type === 'trailing-stop',
      );
      if (trailing.length >= 64) return 'order_capacity_reached';
    }
    if (c.displayQuantity !== 0n) {
      if (c.type !== 'limit' || immediate) return 'invalid_combination';
      if (c.displayQuantity < 0n || c.displayQuantity > c.quantity) return 'invalid_display_quantity';
    }
    if (c.minimumQuantity !== 0n) {
      if (c.timeInForce !== 'ioc') return 'invalid_combination';
      if (c.minimumQuantity < 0n || c.minimumQuantity > c.quantity) return 'invalid_minimum_quantity';
    }
    if (c.budget !== 0n) {
      const mayHaveOne = c.type === 'market' && c.side === 'buy' && c.timeInForce === 'ioc' && c.minimumQuantity === 0n;
      if (!mayHaveOne || isMargined(instrument)) return 'invalid_combination';
      if (c.budget < 0n) return 'invalid_budget';
    }
    if (c.timeInForce === 'gtd' ? c.expiresAt <= this.now : c.expiresAt !== 0n) return 'invalid_expiry';
    if (c.quantity !== 0n || c.budget === 0n) {
      if (c.quantity <= 0n) return 'invalid_quantity';
      if (c.quantity < instrument.minimumQuantity) return 'quantity_below_minimum';
      if (c.quantity > instrument.maximumQuantity) return 'quantity_above_maximum';
    }
    if (c.type === 'limit' || c.type === 'stop-limit') return this.refusePrice(instrument, c.side, c.price);
    return c.price === 0 ? null : 'invalid_price';
  }

  private refusePrice(instrument: Instrument, side: 'buy' | 'sell', price: number): RejectReason | null {
    if (price < 1 || price > instrument.maximumPrice) return 'invalid_price';
    const reference = BigInt(instrument.referencePrice || instrument.lastPrice);
    if (instrument.pricePpm === 0 || reference === 0n) return null;
    const scaled = BigInt(price) * PPM;
    const ppm = BigInt(instrument.pricePpm);
    const beyond = side === 'buy' ? scaled > reference * (PPM + ppm) : scaled < reference * (PPM - ppm);
    return beyond ? 'price_outside_band' : null;
  }

  private place(c: Command<'place'>): void {
    let reason = this.refusePlace(c);
    if (reason === null) {
      const order = this.draft(c, this.instruments.get(c.instrument)!);
      reason = this.refuseByBook(order, c) ?? this.refuseFunds(order, c);
      if (reason === null) return this.accept(order);
    }
    this.rejectOrder(c, reason);
  }

  private draft(c: Command<'place'>, instrument: Instrument): Order {
    const rates = instrument.fees.get(this.people.get(c.account)!.tier) ?? { makerPpm: 0, takerPpm: 0 };
    const isStop = c.type === 'stop' || c.type === 'trailing-stop';
    const triggerPrice =
      c.type === 'trailing-stop'
        ? this.trailedPrice(instrument, c.side, instrument.lastPrice, c.triggerPrice)
        : c.triggerPrice;
    const best = this.queue(instrument, opposite(c.side))[0]?.price ?? 0;
    const market = this.protectionPrice(instrument, c.side, isStop ? triggerPrice : best);
    return {
      ...{ account: c.account, session: c.origin, clientOrderId: c.clientOrderId, side: c.side, type: c.type },
      ...{ timeInForce: c.timeInForce, selfTrade: c.selfTrade, instructions: c.instructions, ...rates },
      id: 0n,
      record: 0,
      instrument,
      price: c.type === 'limit' || c.type === 'stop-limit' ? c.price : market,
      triggerPrice,
      distance: c.triggerPrice,
      open: c.quantity === 0n ? instrument.maximumQuantity : c.quantity,
      hidden: 0n,
      display: c.displayQuantity,
      filled: 0n,
      expiresAt: c.expiresAt,
      notionalCarry: 0n,
      feeCarry: 0n,
      priority: 0,
      dormant: c.type !== 'limit' && c.type !== 'market',
      immediate: c.timeInForce === 'ioc' || c.timeInForce === 'fok',
      liquidation: false,
      budget: null,
    };
  }

  private refuseByBook(order: Order, c: Command<'place'>): RejectReason | null {
    const { instrument } = order;
    if ((order.instructions & REDUCE_ONLY) !== 0 && !order.dormant && !this.clipToPosition(order))
      return 'nothing_to_reduce';
    if (instrument.state !== 'open') return null;
    if ((order.instructions & POST_ONLY) !== 0)
      return this.wouldTrade(order, order.price) ? 'post_only_would_trade' : null;
    if (order.timeInForce === 'fok') return this.couldTrade(order, order.open) ? null : 'fill_or_kill_unfilled';
    if (c.minimumQuantity === 0n) return null;
    return this.couldTrade(order, c.minimumQuantity) ? null : 'minimum_quantity_unavailable';
  }

  private wouldTrade(order: Order, limit: number): boolean {
    const [best] = this.queue(order.instrument, opposite(order.side));
    return best !== undefined && this.crosses(order.side, limit, best.price);
  }

  private couldTrade(order: Order, wanted: bigint): boolean {
    this.rollHaltWindow(order.instrument);
    let found = 0n;
    for (const maker of this.queue(order.instrument, opposite(order.side))) {
      if (!this.crosses(order.side, order.price, maker.price)) return false;
      if (!this.isWithinHaltBand(order.instrument, maker.price)) return false;
      if (maker.account === order.account && order.selfTrade !== 'allow') {
        if (order.selfTrade !== 'cancel-oldest') return false;
        continue;
      }
      found += lotsOf(maker);
      if (found >= wanted) return true;
    }
    return false;
  }

  private refuseFunds(order: Order, c: Command<'place'>): RejectReason | null {
    const { instrument, account } = order;
    const available = this.available(account, this.payingAsset(order));
    const need = this.need(order, order.open, order.price);
    const isBudgeted =
      order.type === 'market' && order.timeInForce === 'ioc' && order.side === 'buy' && c.minimumQuantity === 0n;
    if (isBudgeted && !isMargined(instrument)) {
      if (c.budget > available) return 'insufficient_funds';
      order.budget = least(need, c.budget === 0n ? available : c.budget);
      return order.budget > 0n ? null : 'insufficient_funds';
    }
    if (need > available) return 'insufficient_funds';
    return isMargined(instrument) ? this.refuseExposure(order, order.open, need, order.price) : null;
  }

  /** Whether the account can margin `more` lots of the order, trading them at `limit`, after setting aside `fee` more. */
  private refuseExposure(order: Order, more: bigint, fee: bigint, limit: number): RejectReason | null {
    const { instrument, account, side } = order;
    if ((order.instructions & REDUCE_ONLY) !== 0) return null;
    if (absolute(this.position(instrument, account).basis) > 1n << 60n) return 'balance_overflow';
    const exposure = this.exposure(instrument, account, side, more);
    if (exposure > instrument.maximumQuantity) return 'quantity_above_maximum';
    const beyond = side === 'buy' ? limit - instrument.markPrice : instrument.markPrice - limit;
    const loss = beyond > 0 && more > 0n ? BigInt(beyond) * more * instrument.tickValue : 0n;
    const initial = this.margin(instrument, exposure, instrument.initialMarginPpm);
    const required = initial + this.pendingLoss(instrument, account) + loss;
    return this.room(instrument, account) - fee < required ? 'insufficient_funds' : null;
  }

  private accept(order: Order): void {
    this.register(order);
    if (order.dormant) this.sleep(order);
    else this.arrive(order);
    this.wakeStops(order.instrument);
  }

  private register(order: Order): void {
    this.accepted += 1n;
    order.record = this.freeRecord();
    order.id = (this.accepted << 20n) | BigInt(order.record);
    this.orders.push(order);
    this.remarginFor(order);
    const { account, clientOrderId, price, triggerPrice, session, side, type, timeInForce, selfTrade, instructions } =
      order;
    this.emit({
      kind: 'order-accepted',
      instrument: order.instrument.instrument,
      orderId: order.id,
      quantity: order.open,
      liquidation: order.liquidation ? 1 : 0,
      displayQuantity: order.display,
      expiresAt: order.expiresAt,
      ...{ account, clientOrderId, price, triggerPrice, session, side, type, timeInForce, selfTrade, instructions },
    });
  }

  private sleep(order: Order): void {
    this.clock += 1;
    order.priority = this.clock;
  }

  private replace(c: Command<'replace'>): void {
    const order = this.orders.find((o) => o.id === c.orderId && o.account === c.account);
    if (order === undefined) return this.rejectOrder(c, 'unknown_order');
    const wanted = c.quantityMeans === 'total' ? c.quantity - order.filled : c.quantity;
    const reason = this.refuseReplace(order, c, wanted) ?? this.carryOutReplace(order, c, wanted);
    if (reason === null) this.wakeStops(order.instrument);
    else this.rejectOrder(c, reason);
  }

  private refuseReplace(order: Order, c: Command<'replace'>, wanted: bigint): RejectReason | null {
    const { instrument } = order;
    const barred = this.refuseTrading(order.account, instrument);
    if (barred !== null) return barred;
    if (c.postOnly === 'set' && (order.dormant || isMarket(order))) return 'invalid_combination';
    if (wanted <= 0n) return 'invalid_quantity';
    if (wanted > instrument.maximumQuantity) return 'quantity_above_maximum';
    if (c.triggerPrice !== 0) {
      if (!order.dormant || order.type === 'trailing-stop') return 'invalid_trigger_price';
      if (c.triggerPrice < 1 || c.triggerPrice > instrument.maximumPrice) return 'invalid_trigger_price';
    }
    if (order.dormant && isMarket(order)) return c.price === 0 ? null : 'invalid_price';
    return this.refusePrice(instrument, order.side, c.price);
  }

  private carryOutReplace(order: Order, c: Command<'replace'>, wanted: bigint): RejectReason | null {
    const { instrument } = order;
    if (!order.dormant && c.price === order.price && wanted <= lotsOf(order)) {
      order.hidden = wanted > order.open ? wanted - order.open : 0n;
      order.open = least(order.open, wanted);
      order.instructions = this.instructionsAfter(order, c);
      this.remarginFor(order);
      this.replaced(order, 'kept');
      return null;
    }
    const isPostOnly = (this.instructionsAfter(order, c) & POST_ONLY) !== 0 && !order.dormant;
    if (isPostOnly && instrument.state === 'open' && this.wouldTrade(order, c.price)) return 'post_only_would_trade';
    let limit = c.price;
    if (order.dormant && isMarket(order)) {
      limit = c.triggerPrice === 0 ? order.price : this.protectionPrice(instrument, order.side, c.triggerPrice);
    }
    const more = this.need(order, wanted, limit) - this.hold(order);
    if (more > 0n && more > this.available(order.account, this.payingAsset(order))) return 'insufficient_funds';
    if (isMargined(instrument)) {
      const reason = this.refuseExposure(order, wanted - lotsOf(order), more, limit);
      if (reason !== null) return reason;
    }
    order.price = limit;
    order.instructions = this.instructionsAfter(order, c);
    if (c.triggerPrice !== 0) order.triggerPrice = c.triggerPrice;
    order.open = wanted;
    order.hidden = 0n;
    this.remarginFor(order);
    this.replaced(order, 'lost');
    if (order.dormant) this.sleep(order);
    else {
      order.priority = 0;
      this.arrive(order);
    }
    return null;
  }

  private instructionsAfter(order: Order, c: Command<'replace'>): number {
    if (c.postOnly === 'kept') return order.instructions;
    return c.postOnly === 'set' ? order.instructions | POST_ONLY : order.instructions & ~POST_ONLY;
  }

  private replaced(order: Order, queuePlace: 'kept' | 'lost'): void {
    const { instrument, account, id: orderId, price, triggerPrice, side } = order;
    const number = instrument.instrument;
    this.emit({
      kind: 'order-replaced',
      instrument: number,
      account,
      orderId,
      quantity: lotsOf(order),
      price,
      triggerPrice,
      side,
      queuePlace,
      postOnly: order.instructions & POST_ONLY,
    });
  }

  private cancelAll(c: Command<'cancel-all'>): void {
    if (c.instrument !== ANY && !this.instruments.has(c.instrument))
      return this.rejectCommand(c, c.instrument, 'unknown_instrument');
    if (c.account !== ANY && !this.isCustomer(c.account)) return this.rejectCommand(c, c.instrument, 'unknown_account');
    const candidates = c.account === ANY ? this.byRecord() : this.newestFirst(c.account);
    const meant = candidates.filter(
      (o) =>
        (c.instrument === ANY || o.instrument.instrument === c.instrument) &&
        (c.session === 0 || (o.session === c.session && (o.instructions & CANCEL_ON_DISCONNECT) !== 0)),
    );
    this.cancelEach(meant, c.session === 0 ? 'mass_cancel' : 'disconnect', c.account, c.instrument, c.session);
  }

  private cancelEach(
    orders: Order[],
    reason: 'mass_cancel' | 'disconnect' | 'kill_switch',
    account: number,
    instrument: number,
    session: number,
  ): void {
    for (const order of orders) this.cancel(order, reason);
    this.emit({ kind: 'orders-cancelled', account, instrument, session, count: orders.length });
  }

  private openAccount(account: number): void {
    if (!this.people.has(account)) this.people.set(account, { state: 'active', tier: 0 });
  }

  private transfer(c: Command<'credit' | 'debit'>): void {
    const { account, asset, amount, transferHigh, transferLow, kind: direction } = c;
    const body = { account, asset, amount, transferHigh, transferLow, direction };
    const reject = (reason: RejectReason): void => this.emit({ kind: 'transfer-rejected', ...body, reason });
    const mayHold = account <= INSURANCE_ACCOUNT || (account >= FIRST_CUSTOMER && account < MAX_ACCOUNTS);
    if (!mayHold) return reject('unknown_account');
    if (asset >= MAX_ASSETS) return reject('unknown_asset');
    if (amount <= 0n) return reject('invalid_amount');

    const id = `${transferHigh}/${transferLow}`;
    const what = `${direction}/${account}/${asset}/${amount}`;
    const known = this.transfers.get(id);
    if (known !== undefined) {
      if (known.what !== what) return reject('transfer_id_reused');
      if (known.answer !== null) return reject(known.answer as RejectReason);
      return this.emit({ kind: 'transfer-settled', ...body, outcome: 'repeated' });
    }
    const answer = this.refuseTransfer(c);
    this.transfers.set(id, { what, answer });
    if (answer !== null) return reject(answer);
    const change = direction === 'credit' ? amount : -amount;
    this.openAccount(account);
    this.add(account, asset, change);
    this.supply.set(asset, (this.supply.get(asset) ?? 0n) + change);
    this.emit({ kind: 'transfer-settled', ...body, outcome: 'applied' });
  }

  private refuseTransfer(c: Command<'credit' | 'debit'>): RejectReason | null {
    if (c.kind === 'credit')
      return (this.supply.get(c.asset) ?? 0n) + c.amount > MAX_AMOUNT ? 'balance_overflow' : null;
    if (c.account >= FIRST_CUSTOMER && !this.people.has(c.account)) return 'unknown_account';
    return c.amount > this.available(c.account, c.asset) ? 'insufficient_funds' : null;
  }

  private list(c: Command<'list-instrument'>): void {
    const reason = this.refuseListing(c);
    if (reason !== null) return this.rejectCommand(c, c.instrument, reason);
    this.instruments.set(c.instrument, {
      ...c,
      state: 'closed',
      lastPrice: 0,
      referencePrice: 0,
      pricePpm: 0,
      protectionPpm: 0,
      haltPpm: 0,
      haltWindow: 0n,
      haltWindowEnd: 0n,
      haltCentre: 0,
      reopenAfter: 0n,
      auctionEnd: null,
      markPrice: 0,
      fees: new Map(),
      positions: new Map(),
    });
    this.done(c, 'instrument-listed');
  }

  private refuseListing(c: Command<'list-instrument'>): RejectReason | null {
    if (c.instrument >= 256) return 'invalid_instrument';
    if (this.instruments.has(c.instrument)) return 'instrument_exists';
    if (c.base >= MAX_ASSETS || c.quote >= MAX_ASSETS) return 'unknown_asset';
    if (c.maximumPrice < 1 || c.maximumPrice > MAX_PRICE) return 'invalid_instrument';
    const { initialMarginPpm: initial, maintenanceMarginPpm: maintenance } = c;
    if (c.settlement === 'spot') {
      if (c.base === c.quote || initial !== 0 || maintenance !== 0) return 'invalid_instrument';
    } else {
      if (maintenance < 1 || initial < maintenance || initial > 1_000_000) return 'invalid_instrument';
      if (c.tickValueScale !== 1n) return 'invalid_instrument';
      if ([...this.instruments.values()].filter(isMargined).length >= 16) return 'order_capacity_reached';
    }
    if (c.lotUnits < 1n || c.tickValue < 1n || c.tickValueScale < 1n || c.tickValueScale > 10n ** 12n)
      return 'invalid_instrument';
    if (c.minimumQuantity < 1n || c.maximumQuantity < c.minimumQuantity) return 'invalid_instrument';
    const notional = BigInt(c.maximumPrice) * c.maximumQuantity * c.tickValue;
    const overflows =
      c.maximumQuantity * c.lotUnits > MAX_AMOUNT || notional * (c.settlement === 'spot' ? 2n : 8n) > MAX_AMOUNT;
    return overflows ? 'instrument_could_overflow' : null;
  }

  private setState(c: Command<'set-state'>): void {
    const instrument = this.instruments.get(c.instrument);
    if (instrument === undefined) return this.rejectCommand(c, c.instrument, 'unknown_instrument');
    const allowed = {
      closed: ['pre-open', 'open'],
      'pre-open': ['open', 'halted', 'cancel-only', 'closed'],
      open: ['pre-open', 'halted', 'cancel-only', 'closed'],
      halted: ['pre-open', 'open', 'cancel-only', 'closed'],
      'cancel-only': ['pre-open', 'closed'],
    }[instrument.state];
    const needsMark = isMargined(instrument) && instrument.markPrice === 0;
    const hasPositions = [...instrument.positions.values()].some(({ lots, basis }) => lots !== 0n || basis !== 0n);
    const lacksMark = needsMark && (c.state !== 'closed' || hasPositions);
    if (!allowed.includes(c.state) || lacksMark) return this.rejectCommand(c, c.instrument, 'invalid_state_change');
    this.enterState(instrument, c.state, 'operator');
  }

  private setFees(c: Command<'set-fees'>): void {
    const meant = c.instrument === ANY ? [...this.instruments.values()] : [this.instruments.get(c.instrument)];
    if (meant.includes(undefined)) return this.rejectCommand(c, c.instrument, 'unknown_instrument');
    const { tier, makerPpm, takerPpm } = c;
    const isWrong = tier >= 16 || Math.abs(makerPpm) > 1_000_000 || takerPpm < 0 || takerPpm > 1_000_000;
    if (isWrong) return this.rejectCommand(c, c.instrument, 'invalid_fees');
    for (const instrument of meant) instrument?.fees.set(tier, { makerPpm, takerPpm });
    this.done(c, 'fees-set');
  }

  private setBands(c: Command<'set-bands'>): void {
    const instrument = this.instruments.get(c.instrument);
    if (instrument === undefined) return this.rejectCommand(c, c.instrument, 'unknown_instrument');
    const { pricePpm, protectionPpm, haltPpm, haltWindow, reopenAfter, referencePrice } = c;
    const isWrong =
      [pricePpm, protectionPpm, haltPpm].some((ppm) => ppm < 0 || ppm > 1_000_000) ||
      [haltWindow, reopenAfter].some((time) => time < 0n || time >= YEARS) ||
      referencePrice < 0 ||
      referencePrice > instrument.maximumPrice ||
      (haltPpm > 0 && haltWindow === 0n);
    if (isWrong) return this.rejectCommand(c, c.instrument, 'invalid_bands');
    Object.assign(instrument, { pricePpm, protectionPpm, haltPpm, haltWindow, reopenAfter });
    if (referencePrice > 0) instrument.referencePrice = referencePrice;
    this.centreHaltBand(instrument, referencePrice > 0 ? referencePrice : instrument.lastPrice);
    this.done(c, 'bands-set');
  }

  private setAccount(c: Command<'set-account'>): void {
    if (c.account < FIRST_CUSTOMER || c.account >= MAX_ACCOUNTS) return this.rejectCommand(c, ANY, 'unknown_account');
    if (c.tier >= 16) return this.rejectCommand(c, ANY, 'malformed');
    this.people.set(c.account, { state: c.state, tier: c.tier });
    if (c.state === 'suspended')
      for (const order of this.newestFirst(c.account)) this.cancel(order, 'account_suspended');
    this.done(c, 'account-set');
  }

  private mark(c: Command<'mark-price'>): void {
    const instrument = this.instruments.get(c.instrument);
    if (instrument === undefined) return this.rejectCommand(c, c.instrument, 'unknown_instrument');
    if (!isMargined(instrument)) return this.rejectCommand(c, c.instrument, 'not_margined');
    if (c.price < 1 || c.price > instrument.maximumPrice) return this.rejectCommand(c, c.instrument, 'invalid_price');
    instrument.markPrice = c.price;
    instrument.referencePrice = c.price;
    this.done(c, 'mark-price-set');
    this.settleVariation(instrument);
    for (const account of this.holders(instrument)) this.remargin(instrument, account);
    if (instrument.state !== 'open') return;
    for (const account of this.holders(instrument)) this.liquidateIfDue(instrument, account);
    this.wakeStops(instrument);
  }

  /** Accounts with a position or margin, by number. */
  private holders(instrument: Instrument): number[] {
    const isHolder = ([, p]: [number, { lots: bigint; basis: bigint; margin: bigint }]): boolean =>
      p.lots !== 0n || p.basis !== 0n || p.margin !== 0n;
    return [...instrument.positions]
      .filter(isHolder)
      .map(([account]) => account)
      .sort((a, b) => a - b);
  }

  private settleVariation(instrument: Instrument): void {
    const { quote } = instrument;
    const moves = this.holders(instrument).map((account) => {
      const position = this.position(instrument, account);
      const worth = BigInt(instrument.markPrice) * position.lots * instrument.tickValue;
      const amount = worth - position.basis;
      position.basis = worth;
      return { account, amount };
    });
    let collected = 0n;
    for (const { account, amount } of moves.filter((move) => move.amount < 0n)) {
      collected += this.collect(instrument, account, -amount);
    }
    const winners = moves.filter((move) => move.amount > 0n);
    const gained = winners.reduce((sum, { amount }) => sum + amount, 0n);
    let left = collected;
    for (const { account, amount } of winners) {
      const share = collected >= gained ? amount : floorDivide(amount * collected, gained);
      left -= share;
      this.add(account, quote, share);
      this.variation(instrument, account, share);
    }
    this.add(INSURANCE_ACCOUNT, quote, left);
  }

  private variation(instrument: Instrument, account: number, amount: bigint): void {
    const position = this.position(instrument, account).lots;
    this.emit({ kind: 'variation-settled', instrument: instrument.instrument, account, amount, position });
  }

  private collect(instrument: Instrument, account: number, loss: bigint): bigint {
    const { quote } = instrument;
    if (this.room(instrument, account) < loss) {
      for (const order of this.newestFirst(account))
        if (order.instrument.quote === quote) this.cancel(order, 'liquidation');
    }
    const paid = least(loss, this.room(instrument, account));
    this.position(instrument, account).margin = 0n;
    this.add(account, quote, -paid);
    this.variation(instrument, account, -paid);
    if (paid === loss) return paid;
    const byInsurance = least(loss - paid, this.total(INSURANCE_ACCOUNT, quote));
    this.add(INSURANCE_ACCOUNT, quote, -byInsurance);
    const number = instrument.instrument;
    this.emit({ kind: 'deficit-covered', instrument: number, account, amount: loss - paid, byInsurance });
    return paid + byInsurance;
  }

  private liquidateIfDue(instrument: Instrument, account: number): void {
    const position = this.position(instrument, account);
    const required = (): bigint =>
      this.margin(instrument, absolute(position.lots), instrument.maintenanceMarginPpm) +
      this.pendingLoss(instrument, account);
    const isDue = (): boolean => position.lots !== 0n && position.margin < required();
    if (!isDue()) return;
    const number = instrument.instrument;
    this.emit({
      kind: 'liquidation-started',
      instrument: number,
      account,
      position: position.lots,
      required: required(),
      available: position.margin,
    });
    for (const order of this.newestFirst(account))
      if (order.instrument === instrument) this.cancel(order, 'liquidation');
    if (!isDue() || instrument.state !== 'open') return;
    const side = position.lots > 0n ? 'sell' : 'buy';
    const rates = instrument.fees.get(this.people.get(account)!.tier) ?? { makerPpm: 0, takerPpm: 0 };
    const best = this.queue(instrument, opposite(side))[0]?.price ?? 0;
    const order: Order = {
      ...{ id: 0n, record: 0, instrument, account, session: 0, clientOrderId: 0n, side, type: 'market', ...rates },
      ...{ timeInForce: 'ioc', selfTrade: 'cancel-oldest', instructions: REDUCE_ONLY, triggerPrice: 0, distance: 0 },
      ...{ open: absolute(position.lots), hidden: 0n, display: 0n, filled: 0n, expiresAt: 0n, priority: 0 },
      ...{ notionalCarry: 0n, feeCarry: 0n, dormant: false, immediate: true, liquidation: true, budget: null },
      price: this.protectionPrice(instrument, side, best),
    };
    this.register(order);
    this.arrive(order);
  }

  settleFinally(instrument: Instrument): void {
    this.settleVariation(instrument);
    for (const account of this.holders(instrument)) {
      Object.assign(this.position(instrument, account), { lots: 0n, basis: 0n });
      this.remargin(instrument, account);
    }
  }
}
