import { type CancelReason, POST_ONLY } from '@core/contracts';
import { type CommandEffects, type ExecutionReport, type LevelChange, type MinuteBar, type PublicTrade, type StreamPosition, type ViewedFill, type ViewedInstrument, type ViewedOrder } from '@core/venue-view'; // prettier-ignore
import { type ChangeOutcome, type MassCancelOutcome, type OrderDesk, type PlaceOutcome, type PlaceRequest, type ReplaceRequest } from '../../desk/order-desk.js'; // prettier-ignore
import { type Ticker, type VenueFeed } from '../../desk/venue-feed.js';
import { BTC_USD } from '../../testing/instruments.js';
import { type History, type MissedReports } from '../application/history.js';

/** Number 0, which no default may pass for. */
const INSTRUMENT: ViewedInstrument = { ...BTC_USD, number: 0, quote: { ...BTC_USD.quote, number: 0 } };

type Ended = { status: 'filled' | 'cancelled'; reason: CancelReason | null };

/** A venue of one instrument in memory, whose answers can be lost: for what the door does, not for what a venue does. */
export class ToyVenue implements OrderDesk, VenueFeed {
  isConnected = true;
  position: StreamPosition = { sequence: 0n, index: 0 };
  /** Commands whose answers are lost from now on, though they are carried out if `isCarriedOut`. */
  losing: { count: number; isCarriedOut: boolean } = { count: 0, isCarriedOut: true };
  readonly orders = new Map<bigint, ViewedOrder>();
  readonly told: ExecutionReport[] = [];
  readonly closedSessions: number[] = [];
  /** Up to where `read` goes, as settlement would; all when undefined. */
  settledThrough: bigint | undefined;
  /** Nobody is told of what happens, as if the view were being built anew. */
  isMute = false;
  #time = BigInt(Date.now()) * 1_000n;
  #reports: ExecutionReport[] = [];
  #trades: PublicTrade[] = [];
  #changed = new Map<string, LevelChange>();
  #listeners = new Set<(effects: CommandEffects) => void>();
  #rebuilt = new Set<() => void>();
  #sessions = 0;

  place(request: PlaceRequest): Promise<PlaceOutcome> {
    return this.#answer(() => this.#place(request));
  }

  cancel({ account, by }: Parameters<OrderDesk['cancel']>[0]): Promise<ChangeOutcome> {
    return this.#answer((): ChangeOutcome => {
      const order = 'orderId' in by ? this.order(by.orderId) : this.orderByClientText(account, by.clientText);
      if (order?.account !== account || order.status !== 'open') return { kind: 'rejected', reason: 'unknown_order' };
      this.#end(order, { status: 'cancelled', reason: 'requested' });
      return { kind: 'done', order: this.#now(order), reports: [] };
    });
  }

  replace({ account, orderId, quantity, price }: ReplaceRequest): Promise<ChangeOutcome> {
    return this.#answer((): ChangeOutcome => {
      const order = this.order(orderId);
      if (order?.account !== account || order.status !== 'open') return { kind: 'rejected', reason: 'unknown_order' };
      if (quantity <= order.filled) return { kind: 'rejected', reason: 'invalid_quantity' };
      this.#change({ ...order, quantity, open: quantity - order.filled, price }, 'replaced', order.price);
      this.#match(this.#now(order));
      return { kind: 'done', order: this.#now(order), reports: [] };
    });
  }

  cancelAll({ account, instrument }: Parameters<OrderDesk['cancelAll']>[0]): Promise<MassCancelOutcome> {
    return this.#answer((): MassCancelOutcome => {
      const open = this.openOrders(account).filter((it) => instrument === undefined || it.instrument === instrument);
      for (const order of open) this.#end(order, { status: 'cancelled', reason: 'mass_cancel' });
      return { kind: 'done', orders: open.map((order) => this.#now(order)) };
    });
  }

  openSession = (): Promise<number> => Promise.resolve((this.#sessions += 1));
  closeSession = (session: number): void => void this.closedSessions.push(session);
  listen = (listener: (effects: CommandEffects) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  onRebuilt = (listener: () => void): (() => void) => {
    this.#rebuilt.add(listener);
    return () => this.#rebuilt.delete(listener);
  };
  instruments = (): readonly ViewedInstrument[] => [INSTRUMENT];
  instrument = (symbol: string): ViewedInstrument | undefined =>
    symbol === INSTRUMENT.symbol ? INSTRUMENT : undefined;
  instrumentOf = (number: number): ViewedInstrument | undefined => (number === 0 ? INSTRUMENT : undefined);
  bookOrders = (): { bids: []; asks: [] } => ({ bids: [], asks: [] });
  ticker = (instrument: number): Ticker => ({ instrument, lastPrice: 0, price24h: 0, volume24h: 0n, markPrice: 0 });
  bars = (): readonly MinuteBar[] => [];
  recentOrders = (): readonly ViewedOrder[] => [];
  recentTrades = (): readonly PublicTrade[] => [];
  balances = (): [] => [];
  feeRates = (): { makerPpm: number; takerPpm: number } => ({ makerPpm: 0, takerPpm: 0 });
  openOrders = (account: number): readonly ViewedOrder[] =>
    [...this.orders.values()].filter((order) => order.account === account && order.status === 'open');
  recentFills = (account: number): readonly ViewedFill[] =>
    this.told.flatMap(({ fill, account: of }) => (fill !== undefined && of === account ? [fill] : [])).reverse();
  order = (orderId: bigint): ViewedOrder | undefined => this.orders.get(orderId);
  orderByClientText = (account: number, text: string): ViewedOrder | undefined =>
    [...this.orders.values()].find((it) => it.account === account && it.clientText === text);

  /** What settlement would have written, up to `settledThrough`. */
  readonly history: History & MissedReports = {
    order: (_account, orderId) => Promise.resolve(this.order(orderId)),
    orderByClientText: (account, text) => Promise.resolve(this.orderByClientText(account, text)),
    fills: (account) => Promise.resolve(this.recentFills(account)),
    read: (account, { position }) => {
      const through = { sequence: this.settledThrough ?? this.position.sequence, index: 65_535 };
      const reports = this.told.filter(
        (it) => it.account === account && it.sequence > position.sequence && it.sequence <= through.sequence,
      );
      return Promise.resolve({ reports, through, time: this.#time });
    },
  };

  levels(_instrument: number, depth = 1_000): { bids: LevelChange[]; asks: LevelChange[] } {
    const of = (side: 'buy' | 'sell'): LevelChange[] => {
      const levels = new Map<number, LevelChange>();
      for (const { price, open, status, side: its } of this.orders.values()) {
        if (its !== side || status !== 'open') continue;
        const { quantity, count } = levels.get(price) ?? { quantity: 0n, count: 0 };
        levels.set(price, { instrument: 0, side, price, quantity: quantity + open, count: count + 1 });
      }
      const best = side === 'buy' ? -1 : 1;
      return [...levels.values()].sort((a, b) => best * (a.price - b.price)).slice(0, depth);
    };
    return { bids: of('buy'), asks: of('sell') };
  }

  /** The view has its place again; what happened while nobody was told is in history alone. */
  rebuild(): void {
    this.isMute = false;
    for (const listener of this.#rebuilt) listener();
  }

  /** Carries a command out, tells of it, and answers, or not. */
  async #answer<T>(run: () => T): Promise<T | { kind: 'unknown' }> {
    const isLost = this.losing.count > 0;
    if (isLost) this.losing.count -= 1;
    if (isLost && !this.losing.isCarriedOut) return { kind: 'unknown' };
    this.position = { sequence: this.position.sequence + 1n, index: 0 };
    this.#time += 1_000n;
    const outcome = run();
    this.#tell();
    await Promise.resolve();
    return isLost ? { kind: 'unknown' } : outcome;
  }

  #tell(): void {
    const { bids, asks } = this.levels(0);
    const all = [...bids, ...asks];
    const levels = [...this.#changed.values()].map(
      (it) => all.find(({ side, price }) => side === it.side && price === it.price) ?? it,
    );
    const effects: CommandEffects = {
      sequence: this.position.sequence,
      time: this.#time,
      reports: this.#reports.filter(({ kind }) => kind !== 'rejected'),
      rejections: [],
      trades: this.#trades,
      levels,
      bookOrders: [],
      balances: [],
      instruments: [],
    };
    this.told.push(...effects.reports);
    this.#reports = [];
    this.#trades = [];
    this.#changed = new Map();
    if (!this.isMute) for (const listener of [...this.#listeners]) listener(effects);
  }

  #place(request: PlaceRequest): PlaceOutcome {
    const { account, clientText, quantity, price = 0, side, type, timeInForce } = request;
    const order: ViewedOrder = {
      orderId: 1_000n + this.position.sequence,
      account,
      instrument: 0,
      clientOrderId: 1n,
      clientText,
      side,
      type,
      timeInForce,
      selfTrade: 'allow',
      instructions: request.isPostOnly === true ? POST_ONLY : 0,
      isLiquidation: false,
      quantity,
      open: quantity,
      filled: 0n,
      left: 0n,
      price: type === 'market' ? (side === 'buy' ? 1_000_000_000 : 1) : price,
      triggerPrice: 0,
      isDormant: false,
      displayQuantity: 0n,
      shown: quantity,
      expiresAt: 0n,
      traded: 0n,
      fees: 0n,
      lastPrice: 0,
      lastQuantity: 0n,
      status: 'open',
      reason: null,
      acceptedAt: this.#time,
      updatedAt: this.#time,
      sequence: this.position.sequence,
      index: 0,
    };
    const isUsed = clientText !== null && this.orderByClientText(account, clientText) !== undefined;
    if (isUsed || quantity > 100_000n) {
      const reason = isUsed ? 'duplicate_client_order_id' : 'insufficient_funds';
      const refused: ViewedOrder = { ...order, orderId: 0n, status: 'rejected', open: 0n };
      const report = this.#report(refused, 'rejected', { rejectReason: reason });
      return { kind: 'rejected', reason, order: refused, reports: [report] };
    }
    this.orders.set(order.orderId, order);
    this.#report(order, 'accepted');
    this.#touch(order.side, order.price);
    this.#match(order);
    const now = this.#now(order);
    if (now.status === 'open' && timeInForce !== 'gtc') this.#end(now, { status: 'cancelled', reason: 'immediate_remainder' }); // prettier-ignore
    return { kind: 'accepted', order: this.#now(order), reports: [] };
  }

  #match(taker: ViewedOrder): void {
    const crosses = ({ side, price, status }: ViewedOrder): boolean =>
      status === 'open' && side !== taker.side && (taker.side === 'buy' ? price <= taker.price : price >= taker.price);
    const best = taker.side === 'buy' ? 1 : -1;
    const resting = [...this.orders.values()].filter(crosses).sort((a, b) => best * (a.price - b.price));
    for (const maker of resting) {
      const { open } = this.#now(taker);
      if (open === 0n) break;
      const quantity = open < maker.open ? open : maker.open;
      const index = this.#reports.length + 1;
      const tradeId = this.position.sequence * 65_536n + BigInt(index);
      this.#trades.push({ tradeId, sequence: this.position.sequence, time: this.#time, instrument: 0, side: taker.side, price: maker.price, quantity }); // prettier-ignore
      this.#fill(maker, { tradeId, index, price: maker.price, quantity, liquidity: 'maker' });
      this.#fill(this.#now(taker), { tradeId, index, price: maker.price, quantity, liquidity: 'taker' });
    }
  }

  #fill(order: ViewedOrder, of: Pick<ViewedFill, 'tradeId' | 'index' | 'price' | 'quantity' | 'liquidity'>): void {
    const notional = (of.quantity * BigInt(of.price)) / 1_000n;
    const open = order.open - of.quantity;
    const filled: ViewedOrder = {
      ...order,
      open,
      filled: order.filled + of.quantity,
      traded: order.traded + notional,
      lastPrice: of.price,
      lastQuantity: of.quantity,
      status: open === 0n ? 'filled' : 'open',
    };
    const { account, orderId, side } = order;
    const fill = { ...of, sequence: this.position.sequence, time: this.#time, account, orderId, instrument: 0, side, notional, fee: 1n }; // prettier-ignore
    this.orders.set(order.orderId, filled);
    this.#touch(side, order.price);
    this.#report(filled, 'trade', { fill, index: of.index });
  }

  #end(order: ViewedOrder, { status, reason }: Ended): void {
    const ended = { ...order, status, reason, open: 0n, left: order.open };
    this.orders.set(order.orderId, ended);
    this.#touch(order.side, order.price);
    this.#report(ended, 'cancelled', reason === null ? {} : { cancelReason: reason });
  }

  #change(order: ViewedOrder, kind: 'replaced', before: number): void {
    this.orders.set(order.orderId, order);
    this.#touch(order.side, before);
    this.#touch(order.side, order.price);
    this.#report(order, kind);
  }

  #report(order: ViewedOrder, kind: ExecutionReport['kind'], more: Partial<ExecutionReport> = {}): ExecutionReport {
    const index = more.index ?? this.#reports.length;
    const { sequence } = this.position;
    const isTaker = more.fill?.liquidity === 'taker' ? 1n : 0n;
    const executionId = (sequence * 65_536n + BigInt(index)) * 2n + isTaker;
    const report = { kind, sequence, index, time: this.#time, account: order.account, order, executionId, session: 0, ...more }; // prettier-ignore
    this.#reports.push(report);
    return report;
  }

  #touch(side: 'buy' | 'sell', price: number): void {
    this.#changed.set(`${side} ${price}`, { instrument: 0, side, price, quantity: 0n, count: 0 });
  }

  #now = (order: ViewedOrder): ViewedOrder => this.orders.get(order.orderId) ?? order;
}
