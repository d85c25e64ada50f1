/**
 * The exchange written to be obviously right: objects, lists and plain bigints, everything searched and nothing indexed.
 * The engine must agree with it on every event. It was written from the rules, not from the engine's code.
 */
import {
  type EngineCommand,
  type EngineEvent,
  type InstrumentState,
  type OrderType,
  type SelfTradeRule,
  type Side,
  type TimeInForce,
} from '@core/contracts';

export type Command<K extends EngineCommand['kind']> = Extract<EngineCommand, { kind: K }>;
export type EventBody = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, 'origin' | 'sequence' | 'time'>
    : never
  : never;

export interface Instrument extends Command<'list-instrument'> {
  state: InstrumentState;
  lastPrice: number;
  referencePrice: number;
  pricePpm: number;
  protectionPpm: number;
  haltPpm: number;
  haltWindow: bigint;
  haltWindowEnd: bigint;
  haltCentre: number;
  reopenAfter: bigint;
  auctionEnd: bigint | null;
  markPrice: number;
  fees: Map<number, { makerPpm: number; takerPpm: number }>;
  positions: Map<number, Position>;
}

export interface Position {
  lots: bigint;
  basis: bigint;
  margin: bigint;
}

export interface Order {
  id: bigint;
  record: number;
  instrument: Instrument;
  account: number;
  session: number;
  clientOrderId: bigint;
  side: Side;
  type: OrderType;
  timeInForce: TimeInForce;
  selfTrade: SelfTradeRule;
  instructions: number;
  price: number;
  triggerPrice: number;
  distance: number;
  /** Lots that can trade now, and those an iceberg hides. */
  open: bigint;
  hidden: bigint;
  display: bigint;
  filled: bigint;
  expiresAt: bigint;
  makerPpm: number;
  takerPpm: number;
  /** What it has paid beyond the exact amount, in fractions of a unit: of its cost, and of its fee in millionths. */
  notionalCarry: bigint;
  feeCarry: bigint;
  /** Place in time; 0 while it is in no queue. */
  priority: number;
  dormant: boolean;
  immediate: boolean;
  liquidation: boolean;
  /** What a market buy may still spend; null if the order is not limited so. */
  budget: bigint | null;
}

export const PPM = 1_000_000n;
export const isMargined = (instrument: Instrument): boolean => instrument.settlement === 'margined';
export const isMarket = (order: Order): boolean => order.type !== 'limit' && order.type !== 'stop-limit';
export const lotsOf = (order: Order): bigint => order.open + order.hidden;
export const opposite = (side: Side): Side => (side === 'buy' ? 'sell' : 'buy');
export const least = (...values: bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
export const most = (...values: bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));
export const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/** Exact division by b > 0, towards minus infinity and towards plus infinity. */
export const floorDivide = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);
export const ceilDivide = (a: bigint, b: bigint): bigint => -floorDivide(-a, b);

/** Money, people and open orders, without any rule about who may do what. */
export class ReferenceState {
  sequence = 0n;
  now = 0n;
  killed = false;
  accepted = 0n;
  clock = 0;
  readonly instruments = new Map<number, Instrument>();
  readonly people = new Map<number, { state: 'active' | 'suspended'; tier: number }>();
  readonly cash = new Map<string, bigint>();
  readonly supply = new Map<number, bigint>();
  readonly transfers = new Map<string, { what: string; answer: string | null }>();
  /** Every open order, in order of acceptance. */
  orders: Order[] = [];
  /** The last closed orders that had a client id. */
  closedIds: { account: number; clientOrderId: bigint }[] = [];
  events: EngineEvent[] = [];

  emit(event: EventBody): void {
    const header = { origin: this.events.length, sequence: this.sequence, time: this.now };
    this.events.push({ ...event, ...header });
  }

  total(account: number, asset: number): bigint {
    return this.cash.get(`${account}/${asset}`) ?? 0n;
  }

  add(account: number, asset: number, amount: bigint): void {
    this.cash.set(`${account}/${asset}`, this.total(account, asset) + amount);
  }

  /** What open orders and margins of the account set aside of the asset. */
  held(account: number, asset: number): bigint {
    let sum = 0n;
    for (const order of this.orders) {
      if (order.account === account && this.payingAsset(order) === asset) sum += this.hold(order);
    }
    for (const instrument of this.instruments.values()) {
      if (isMargined(instrument) && instrument.quote === asset) sum += this.position(instrument, account).margin;
    }
    return sum;
  }

  available(account: number, asset: number): bigint {
    return this.total(account, asset) - this.held(account, asset);
  }

  payingAsset(order: Order): number {
    return order.side === 'sell' && !isMargined(order.instrument) ? order.instrument.base : order.instrument.quote;
  }

  position(instrument: Instrument, account: number): Position {
    let position = instrument.positions.get(account);
    if (position === undefined) {
      position = { lots: 0n, basis: 0n, margin: 0n };
      instrument.positions.set(account, position);
    }
    return position;
  }

  hold(order: Order): bigint {
    return order.budget ?? this.need(order, lotsOf(order), order.price);
  }

  /** What `lots` of the order need at `limit`: base for a spot sell; cost and worst fee for a spot buy; the fee otherwise. */
  need(order: Order, lots: bigint, limit: number): bigint {
    const { instrument } = order;
    if (order.side === 'sell' && !isMargined(instrument)) return lots * instrument.lotUnits;
    if (order.liquidation) return 0n;
    const exact = BigInt(limit) * lots * instrument.tickValue;
    const cost = ceilDivide(exact - order.notionalCarry, instrument.tickValueScale);
    const worst = BigInt(Math.max(order.makerPpm, order.takerPpm, 0));
    const fee = ceilDivide(cost * worst - order.feeCarry, PPM);
    return isMargined(instrument) ? fee : cost + fee;
  }

  /** Orders of a side that are in the book, the first to trade first. */
  queue(instrument: Instrument, side: Side): Order[] {
    const better = (a: Order, b: Order): number => (side === 'buy' ? b.price - a.price : a.price - b.price);
    return this.orders
      .filter((o) => o.instrument === instrument && o.side === side && !o.dormant && o.priority > 0)
      .sort((a, b) => better(a, b) || a.priority - b.priority);
  }

  freeRecord(): number {
    const taken = new Set(this.orders.map((order) => order.record));
    let record = 1;
    while (taken.has(record)) record += 1;
    return record;
  }

  forget(order: Order): void {
    this.orders = this.orders.filter((other) => other !== order);
    if (order.clientOrderId !== 0n) {
      this.closedIds.push({ account: order.account, clientOrderId: order.clientOrderId });
      if (this.closedIds.length > 65_536) this.closedIds.shift();
    }
  }

  /** Lots that the account's position could come to, either way, if its open orders trade and `more` lots of a side. */
  exposure(instrument: Instrument, account: number, side: Side = 'buy', more = 0n): bigint {
    const { lots } = this.position(instrument, account);
    const working = this.orders.filter(
      (o) => o.instrument === instrument && o.account === account && (o.instructions & 2) === 0 && !o.liquidation,
    );
    const sum = (of: Side): bigint =>
      working.filter((o) => o.side === of).reduce((s, o) => s + lotsOf(o), of === side ? more : 0n);
    return most(absolute(lots), lots + sum('buy'), sum('sell') - lots);
  }

  margin(instrument: Instrument, lots: bigint, ppm: number): bigint {
    return ceilDivide(BigInt(instrument.markPrice) * lots * instrument.tickValue * BigInt(ppm), PPM);
  }

  pendingLoss(instrument: Instrument, account: number): bigint {
    const { lots, basis } = this.position(instrument, account);
    return most(0n, basis - BigInt(instrument.markPrice) * lots * instrument.tickValue);
  }

  required(instrument: Instrument, account: number): bigint {
    const initial = this.margin(instrument, this.exposure(instrument, account), instrument.initialMarginPpm);
    return initial + this.pendingLoss(instrument, account);
  }

  /** Cash that may serve as margin of this position. */
  room(instrument: Instrument, account: number): bigint {
    return this.available(account, instrument.quote) + this.position(instrument, account).margin;
  }

  remargin(instrument: Instrument, account: number): void {
    const position = this.position(instrument, account);
    position.margin = least(this.required(instrument, account), this.room(instrument, account));
  }
}
