/** How orders of the reference exchange trade: continuously, in auctions, and when stops wake. */
import { FEE_ACCOUNT, ROUNDING_ACCOUNT, type CancelReason, type InstrumentState, type Side } from '@core/contracts';
import {
  absolute,
  ceilDivide,
  floorDivide,
  isMargined,
  isMarket,
  least,
  lotsOf,
  opposite,
  PPM,
  ReferenceState,
  type Instrument,
  type Order,
} from './reference-state.js';

export abstract class ReferenceBook extends ReferenceState {
  cancel(order: Order, reason: CancelReason): void {
    const { instrument, account, id: orderId, clientOrderId, price, side } = order;
    const quantity = lotsOf(order);
    const number = instrument.instrument;
    this.emit({
      kind: 'order-cancelled',
      instrument: number,
      account,
      orderId,
      clientOrderId,
      quantity,
      price,
      side,
      reason,
    });
    this.forget(order);
  }

  /** A registered order meets the book; what is left of it rests or leaves. */
  arrive(order: Order): void {
    const stopped = order.instrument.state === 'open' ? this.match(order) : null;
    if (order.open === 0n) this.forget(order);
    else if (order.immediate || stopped === 'self_trade') this.cancel(order, stopped ?? 'immediate_remainder');
    else this.rest(order);
  }

  rest(order: Order): void {
    if (order.display > 0n && order.open > order.display) {
      order.hidden = order.open - order.display;
      order.open = order.display;
    }
    this.clock += 1;
    order.priority = this.clock;
  }

  crosses(taker: Side, limit: number, price: number): boolean {
    return taker === 'buy' ? price <= limit : price >= limit;
  }

  isWithinHaltBand(instrument: Instrument, price: number): boolean {
    const { haltPpm, haltCentre } = instrument;
    if (haltPpm === 0 || haltCentre === 0) return true;
    return absolute(BigInt(price - haltCentre)) * PPM <= BigInt(haltCentre) * BigInt(haltPpm);
  }

  rollHaltWindow(instrument: Instrument): void {
    if (instrument.haltPpm !== 0 && this.now >= instrument.haltWindowEnd)
      this.centreHaltBand(instrument, instrument.lastPrice);
  }

  centreHaltBand(instrument: Instrument, price: number): void {
    instrument.haltCentre = price;
    if (price !== 0 && instrument.haltPpm !== 0) instrument.haltWindowEnd = this.now + instrument.haltWindow;
  }

  private match(taker: Order): CancelReason | null {
    const { instrument } = taker;
    this.rollHaltWindow(instrument);
    while (taker.open > 0n) {
      const [maker] = this.queue(instrument, opposite(taker.side));
      if (maker === undefined) return 'immediate_remainder';
      if (!this.crosses(taker.side, taker.price, maker.price)) return 'protection_price';
      if (!this.isWithinHaltBand(instrument, maker.price)) {
        this.haltForVolatility(instrument);
        return 'volatility_halt';
      }
      if (maker.account === taker.account && taker.selfTrade !== 'allow') {
        if (!this.preventSelfTrade(maker, taker)) return 'self_trade';
        continue;
      }
      let lots = least(taker.open, maker.open);
      if (taker.budget !== null) lots = least(lots, this.affordable(taker, maker.price));
      if (lots === 0n) return 'budget_spent';
      this.trade(maker, taker, maker.price, lots, Math.max(maker.makerPpm, -taker.takerPpm), taker.takerPpm);
      if (maker.open === 0n) this.deplete(maker);
    }
    return null;
  }

  private haltForVolatility(instrument: Instrument): void {
    instrument.state = 'pre-open';
    instrument.auctionEnd = instrument.reopenAfter === 0n ? null : this.now + instrument.reopenAfter;
    this.announce(instrument, 'volatility', null);
  }

  announce(
    instrument: Instrument,
    reason: 'operator' | 'volatility' | 'scheduled',
    auction: { price: number; lots: bigint } | null,
  ): void {
    this.emit({
      kind: 'instrument-state',
      instrument: instrument.instrument,
      state: instrument.state,
      reason,
      auctionPrice: auction?.price ?? 0,
      auctionQuantity: auction?.lots ?? 0n,
    });
  }

  /** The most lots at `price` whose cost, and then whose fee, rounded up, still fit the budget. */
  private affordable(taker: Order, price: number): bigint {
    const rate = BigInt(Math.max(taker.takerPpm, 0));
    const cost = floorDivide(taker.budget! * PPM, PPM + rate);
    return floorDivide(cost * taker.instrument.tickValueScale, BigInt(price) * taker.instrument.tickValue);
  }

  /** Fee on `notional`, with what rounding took too much of the order before; the new excess is remembered. */
  private charge(order: Order, notional: bigint, ppm: number): bigint {
    const due = notional * BigInt(ppm) - order.feeCarry;
    const fee = ceilDivide(due, PPM);
    order.feeCarry = fee * PPM - due;
    return fee;
  }

  trade(
    maker: Order,
    taker: Order,
    price: number,
    lots: bigint,
    makerPpm: number,
    takerPpm: number,
    auction = 0,
  ): void {
    const { instrument } = taker;
    const amounts = isMargined(instrument)
      ? this.settleMargined(maker, taker, price, lots, makerPpm, takerPpm)
      : this.settleSpot(maker, taker, price, lots, makerPpm, takerPpm);
    instrument.lastPrice = price;
    this.emit({
      kind: 'trade',
      instrument: instrument.instrument,
      price,
      quantity: lots,
      makerOrderId: maker.id,
      takerOrderId: taker.id,
      makerAccount: maker.account,
      takerAccount: taker.account,
      ...amounts,
      takerSide: taker.side,
      auction,
    });
  }

  private settleSpot(maker: Order, taker: Order, price: number, lots: bigint, makerPpm: number, takerPpm: number) {
    const { instrument } = taker;
    const { base, quote, tickValueScale: scale } = instrument;
    const [buyer, seller] = taker.side === 'buy' ? [taker, maker] : [maker, taker];
    const exact = BigInt(price) * lots * instrument.tickValue;
    const buyerPays = ceilDivide(exact - buyer.notionalCarry, scale);
    buyer.notionalCarry = buyerPays * scale - (exact - buyer.notionalCarry);
    const sellerReceives = floorDivide(exact + seller.notionalCarry, scale);
    seller.notionalCarry = exact + seller.notionalCarry - sellerReceives * scale;

    const takerFee = this.charge(taker, taker === buyer ? buyerPays : sellerReceives, takerPpm);
    const makerBase = makerPpm < 0 ? floorDivide(exact, scale) : maker === buyer ? buyerPays : sellerReceives;
    const makerFee = this.charge(maker, makerBase, makerPpm);
    const [buyerFee, sellerFee] = buyer === taker ? [takerFee, makerFee] : [makerFee, takerFee];

    for (const order of [buyer, seller]) {
      order.open -= lots;
      order.filled += lots;
    }
    if (buyer.budget !== null) buyer.budget -= buyerPays + buyerFee;
    this.add(buyer.account, quote, -buyerPays - buyerFee);
    this.add(buyer.account, base, lots * instrument.lotUnits);
    this.add(seller.account, base, -lots * instrument.lotUnits);
    this.add(seller.account, quote, sellerReceives - sellerFee);
    this.add(FEE_ACCOUNT, quote, buyerFee + sellerFee);
    this.add(ROUNDING_ACCOUNT, quote, buyerPays - sellerReceives);
    return { buyerPays, sellerReceives, makerFee, takerFee };
  }

  private settleMargined(maker: Order, taker: Order, price: number, lots: bigint, makerPpm: number, takerPpm: number) {
    const notional = BigInt(price) * lots * taker.instrument.tickValue;
    const wantedTakerFee = this.charge(taker, notional, takerPpm);
    const wantedMakerFee = this.charge(maker, notional, makerPpm);
    const takerFee = this.fillPosition(taker, lots, notional, wantedTakerFee);
    const makerFee = this.fillPosition(maker, lots, notional, wantedMakerFee < -takerFee ? -takerFee : wantedMakerFee);
    this.add(FEE_ACCOUNT, taker.instrument.quote, takerFee + makerFee);
    return { buyerPays: notional, sellerReceives: notional, makerFee, takerFee };
  }

  /** Returns the fee, which is no more than the account's cash that nothing else holds. */
  private fillPosition(order: Order, lots: bigint, notional: bigint, wantedFee: bigint): bigint {
    const { instrument, account } = order;
    const position = this.position(instrument, account);
    order.open -= lots;
    order.filled += lots;
    const sign = order.side === 'buy' ? 1n : -1n;
    position.lots += sign * lots;
    position.basis += sign * notional;
    const fee = least(wantedFee, this.room(instrument, account));
    position.margin = 0n;
    this.add(account, instrument.quote, -fee);
    this.remargin(instrument, account);
    return fee;
  }

  private deplete(order: Order): void {
    if (order.hidden === 0n) return this.forget(order);
    order.open = least(order.display, order.hidden);
    order.hidden -= order.open;
    this.clock += 1;
    order.priority = this.clock;
    const { instrument, account, id: orderId, open: shown, price, side } = order;
    this.emit({ kind: 'order-replenished', instrument: instrument.instrument, account, orderId, shown, price, side });
  }

  private preventSelfTrade(maker: Order, taker: Order): boolean {
    if (taker.selfTrade === 'cancel-newest') return false;
    if (taker.selfTrade === 'decrement') {
      const lots = least(maker.open, taker.open);
      this.decrement(maker, lots);
      this.decrement(taker, lots);
      if (maker.open === 0n) this.deplete(maker);
      return true;
    }
    this.cancel(maker, 'self_trade');
    return taker.selfTrade === 'cancel-oldest';
  }

  private decrement(order: Order, lots: bigint): void {
    order.open -= lots;
    this.decremented(order, lots);
    this.remarginFor(order);
  }

  private decremented(order: Order, lots: bigint): void {
    const { instrument, account, id: orderId, price, side } = order;
    const number = instrument.instrument;
    this.emit({
      kind: 'order-decremented',
      instrument: number,
      account,
      orderId,
      quantity: lots,
      open: lotsOf(order),
      price,
      side,
    });
  }

  /** Price of the auction by trying every price that any order names. */
  equilibrium(instrument: Instrument): { price: number; lots: bigint } | null {
    const buyers = this.queue(instrument, 'buy');
    const sellers = this.queue(instrument, 'sell');
    const sum = (orders: Order[]): bigint => orders.reduce((total, order) => total + lotsOf(order), 0n);
    const candidates = [...buyers, ...sellers].map(({ price }) => {
      const demand = sum(buyers.filter((o) => o.price >= price));
      const supply = sum(sellers.filter((o) => o.price <= price));
      return { price, lots: least(demand, supply), surplus: demand - supply };
    });
    const volume = candidates.reduce((best, { lots }) => (lots > best ? lots : best), 0n);
    if (volume === 0n) return null;
    const fullest = candidates.filter(({ lots }) => lots === volume);
    const smallest = least(...fullest.map(({ surplus }) => absolute(surplus)));
    const tied = fullest.filter(({ surplus }) => absolute(surplus) === smallest).sort((a, b) => a.price - b.price);
    if (tied.every(({ surplus }) => surplus > 0n)) return tied.at(-1)!;
    if (tied.every(({ surplus }) => surplus < 0n)) return tied[0]!;
    const reference = instrument.referencePrice || instrument.lastPrice;
    const distance = Math.min(...tied.map(({ price }) => Math.abs(price - reference)));
    return tied.filter(({ price }) => Math.abs(price - reference) === distance).at(-1)!;
  }

  private uncross(instrument: Instrument, price: number): void {
    for (;;) {
      const [buyer] = this.queue(instrument, 'buy');
      const [seller] = this.queue(instrument, 'sell');
      if (buyer === undefined || seller === undefined || buyer.price < price || seller.price > price) return;
      const [earlier, later] = buyer.priority < seller.priority ? [buyer, seller] : [seller, buyer];
      if (earlier.account === later.account && later.selfTrade !== 'allow') {
        if (later.selfTrade === 'decrement') {
          this.preventSelfTrade(earlier, later);
          if (later.open === 0n) this.deplete(later);
          continue;
        }
        if (later.selfTrade !== 'cancel-newest') this.cancel(earlier, 'self_trade');
        if (later.selfTrade !== 'cancel-oldest') this.cancel(later, 'self_trade');
        continue;
      }
      const lots = least(earlier.open, later.open);
      this.trade(earlier, later, price, lots, Math.max(earlier.makerPpm, 0), Math.max(later.makerPpm, 0), 1);
      if (earlier.open === 0n) this.deplete(earlier);
      if (later.open === 0n) this.deplete(later);
    }
  }

  enterState(instrument: Instrument, state: InstrumentState, reason: 'operator' | 'scheduled'): void {
    let auction = state === 'open' ? this.equilibrium(instrument) : null;
    instrument.state = state;
    instrument.auctionEnd = null;
    this.announce(instrument, reason, auction);
    if (state === 'closed') {
      for (const order of this.byRecord()) if (order.instrument === instrument) this.cancel(order, 'instrument_closed');
    }
    if (state === 'closed' && isMargined(instrument)) this.settleFinally(instrument);
    if (state !== 'open') return;
    if (auction !== null) instrument.referencePrice = auction.price;
    for (; auction !== null; auction = this.equilibrium(instrument)) this.uncross(instrument, auction.price);
    this.centreHaltBand(instrument, instrument.lastPrice);
    this.wakeStops(instrument);
  }

  /** Positions of a closing instrument end at the mark price; see `reference-exchange.ts`. */
  abstract settleFinally(instrument: Instrument): void;

  byRecord(): Order[] {
    return [...this.orders].sort((a, b) => a.record - b.record);
  }

  newestFirst(account: number): Order[] {
    return this.orders.filter((order) => order.account === account).reverse();
  }

  protectionPrice(instrument: Instrument, side: Side, from: number): number {
    const { protectionPpm: ppm, maximumPrice } = instrument;
    if (ppm === 0 || from === 0) return side === 'buy' ? maximumPrice : 1;
    const scaled = BigInt(from) * (PPM + (side === 'buy' ? BigInt(ppm) : -BigInt(ppm)));
    return side === 'buy'
      ? Math.min(maximumPrice, Number(floorDivide(scaled, PPM)))
      : Math.max(1, Number(ceilDivide(scaled, PPM)));
  }

  trailedPrice(instrument: Instrument, side: Side, best: number, distance: number): number {
    return side === 'buy' ? Math.min(instrument.maximumPrice, best + distance) : Math.max(1, best - distance);
  }

  wakeStops(instrument: Instrument): void {
    for (;;) {
      const last = instrument.lastPrice;
      if (instrument.state !== 'open' || last === 0) return;
      for (const side of ['buy', 'sell'] as const) this.trail(instrument, side, last);
      const sleeping = this.orders.filter((order) => order.instrument === instrument && order.dormant);
      const first = (side: Side): Order | undefined =>
        sleeping
          .filter((o) => o.side === side && (side === 'buy' ? last >= o.triggerPrice : last <= o.triggerPrice))
          .sort(
            (a, b) =>
              (side === 'buy' ? a.triggerPrice - b.triggerPrice : b.triggerPrice - a.triggerPrice) ||
              a.priority - b.priority,
          )[0];
      const order = first('buy') ?? first('sell');
      if (order === undefined) return;
      this.wake(order, last);
    }
  }

  private wake(order: Order, last: number): void {
    const { instrument, account, id: orderId, side } = order;
    order.dormant = false;
    order.priority = 0;
    if (isMarket(order)) order.immediate = true;
    if (order.type === 'trailing-stop') {
      const worst = this.protectionPrice(instrument, side, order.triggerPrice);
      order.price = side === 'buy' ? Math.min(order.price, worst) : worst;
    }
    this.emit({ kind: 'order-triggered', instrument: instrument.instrument, account, orderId, price: last, side });
    const before = order.open;
    if ((order.instructions & 2) !== 0 && !this.clipToPosition(order)) return this.cancel(order, 'nothing_to_reduce');
    if (order.open < before) this.decremented(order, before - order.open);
    this.arrive(order);
  }

  clipToPosition(order: Order): boolean {
    const { lots } = this.position(order.instrument, order.account);
    if (lots === 0n || (order.side === 'buy') !== lots < 0n) return false;
    order.open = least(order.open, absolute(lots));
    return true;
  }

  private trail(instrument: Instrument, side: Side, last: number): void {
    for (const order of this.orders) {
      if (order.instrument !== instrument || order.side !== side || order.type !== 'trailing-stop' || !order.dormant)
        continue;
      const moved = this.trailedPrice(instrument, side, last, order.distance);
      if (side === 'buy' ? moved >= order.triggerPrice : moved <= order.triggerPrice) continue;
      order.triggerPrice = moved;
      this.clock += 1;
      order.priority = this.clock;
    }
  }

  /** Margin follows when an order that could add to a position has changed. */
  remarginFor(order: Order): void {
    const isWorking = (order.instructions & 2) === 0 && !order.liquidation;
    if (isMargined(order.instrument) && isWorking) this.remargin(order.instrument, order.account);
  }

  override forget(order: Order): void {
    super.forget(order);
    this.remarginFor(order);
  }
}
