import { type ViewedInstrument } from '@core/venue-view';
import { type Access, type Trader } from '../access/access.js';
import { type OrderDesk } from '../desk/order-desk.js';
import { type VenueFeed } from '../desk/venue-feed.js';
import { REFUSALS } from '../rejects.js';
import { isGranularity } from './candles.js';
import { type Connection } from './connection.js';
import { isBookChannel, type MarketData } from './market-data.js';
import { taken, throttled } from './metrics.js';
import { type OrderEntry } from './order-entry.js';
import { type PrivateData } from './private-data.js';
import { readRequest, type ClientRequest } from './request.js';
import { type PlacedMessage, type ResumeCache } from './resume-cache.js';
import { type SharedMessage } from './shared-message.js';
import { type Throttle } from './throttle.js';
import { Subscription, type Topic } from './topic.js';

export interface ConversationParts {
  readonly feed: VenueFeed;
  readonly desk: OrderDesk;
  readonly access: Access;
  readonly cache: ResumeCache;
  readonly marketData: MarketData;
  readonly privateData: PrivateData;
  readonly orderEntry: OrderEntry;
}

const THROTTLED = 'Connection throttling enabled, your messages will be ignored.';
const RESUMABLE = /^(l2|l3|trades|trading)$/;

/** A connection's order in which things are asked for and answered; messages wait while an earlier one waits for the outside. */
export class Conversation {
  #waiting: string[] = [];
  #isBusy = false;
  /** The engine's, whose end cancels this connection's orders. */
  #session: number | undefined;
  /** Once asked for it cannot be taken back. */
  #cancelsOnEnd = false;
  #stopWatching = (): void => undefined;

  constructor(
    private readonly connection: Connection,
    private readonly parts: ConversationParts,
    private readonly throttle: Throttle,
  ) {}

  hear(frame: string): void {
    if (!this.admit()) return;
    if (this.#isBusy) this.#waiting.push(frame);
    else this.#take(frame);
  }

  /** Whether the throttle lets another message pass; pings count as messages. */
  admit(): boolean {
    if (this.connection.isEnded) return false;
    const verdict = this.throttle.judge(performance.now());
    (verdict === 'take' ? taken : throttled).add();
    if (verdict === 'flood') this.connection.end('flood');
    if (verdict === 'warn') this.connection.reject('', THROTTLED);
    return verdict === 'take';
  }

  /** The connection stands for somebody from now on, and until the key changes. */
  authenticated(trader: Trader): void {
    this.connection.trader = trader;
    this.#stopWatching = this.parts.access.onChanged(trader.keyId, (now) => this.#keyChanged(now));
  }

  /** The connection is over: its interests, its watch on the key and, where it was asked for, its orders end. */
  ended(): void {
    this.#stopWatching();
    this.#waiting = [];
    for (const subscription of this.connection.subscriptions.values()) this.#leave(subscription);
    this.connection.subscriptions.clear();
    this.#cancelOrders();
  }

  /** A key that may less than it could ends its connections; a frozen customer's goes on, and takes no orders. */
  #keyChanged(now: Trader | undefined): void {
    const before = this.connection.trader;
    if (now === undefined || before?.scopes.some((scope) => !now.scopes.includes(scope))) {
      return this.connection.end('key changed');
    }
    this.connection.trader = now;
  }

  #take(frame: string): void {
    const request = readRequest(frame);
    if (request === undefined) return this.connection.reject('', 'Malformed message');
    const pending = this.#handle(request);
    if (pending === undefined) return;
    this.#isBusy = true;
    void pending.finally(() => {
      this.#isBusy = false;
      while (!this.#isBusy && !this.connection.isEnded) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        this.#take(next);
      }
    });
  }

  #handle(request: ClientRequest): Promise<void> | undefined {
    const { action, channel } = request;
    if (action === 'subscribe') return this.#subscribe(request);
    if (action === 'unsubscribe') return void this.#unsubscribe(request);
    const trader = channel === 'trading' ? this.#tradingAs(request) : undefined;
    if (channel !== 'trading') return void this.connection.reject(channel, 'Unknown action');
    if (trader === undefined) return undefined;
    const { orderEntry } = this.parts;
    switch (action) {
      case 'NewOrderSingle':
        return void orderEntry.place(this.connection, trader, request, this.#session);
      case 'CancelOrderRequest':
        return void orderEntry.cancel(this.connection, trader, request);
      case 'OrderMassCancelRequest':
      case 'BulkCancelOrderRequest':
        return void orderEntry.cancelAll(this.connection, trader, request);
      case 'OrderMassStatusRequest':
        return void orderEntry.status(this.connection, trader);
      default:
        return void this.connection.reject(channel, 'Unknown action');
    }
  }

  /** Who may enter orders here: a connection that sees what becomes of them. */
  #tradingAs({ channel }: ClientRequest): Trader | undefined {
    const { trader, subscriptions } = this.connection;
    if (trader === undefined) this.connection.reject(channel, 'Not authenticated');
    else if (!subscriptions.has(channel)) this.connection.reject(channel, 'Not subscribed to channel');
    else return trader;
    return undefined;
  }

  #subscribe(request: ClientRequest): Promise<void> | undefined {
    const { channel } = request;
    const { marketData, privateData } = this.parts;
    if (channel === 'auth') return this.#authenticate(request);
    if (channel === 'heartbeat') return this.#open(request, marketData.heartbeat, () => marketData.firstBeat());
    if (channel === 'symbols') return this.#open(request, marketData.symbols, () => marketData.snapshot('symbols'));
    if (channel === 'prices') return this.#subscribeToPrices(request);
    if (isBookChannel(channel)) {
      const instrument = this.#instrumentOf(request);
      if (instrument === undefined) return undefined;
      return this.#open(request, marketData.topic(channel, instrument), () => marketData.snapshot(channel, instrument));
    }
    if (channel !== 'balances' && channel !== 'trading') return void this.connection.reject(channel, 'Unknown channel');
    const { trader } = this.connection;
    if (trader === undefined) return void this.connection.reject(channel, 'Not authenticated');
    const { account } = trader;
    if (channel === 'trading') return this.#subscribeToTrading(request, trader);
    return this.#open(request, privateData.balancesTopic(account), () => privateData.balancesSnapshot(account), ',"local_currency":"USD"'); // prettier-ignore
  }

  #subscribeToPrices(request: ClientRequest): Promise<void> | undefined {
    const instrument = this.#instrumentOf(request);
    if (instrument === undefined) return undefined;
    const granularity = request.integer('granularity');
    if (!isGranularity(granularity)) return void this.connection.reject('prices', 'Invalid granularity', echoOf(request)); // prettier-ignore
    const { candles } = this.parts.marketData;
    const topic = candles.topic(instrument, granularity);
    return this.#open(request, topic, () => candles.current(instrument, granularity));
  }

  #subscribeToTrading(request: ClientRequest, trader: Trader): Promise<void> | undefined {
    if (!trader.scopes.includes('trade')) return void this.connection.reject('trading', 'Read only user');
    if (this.connection.subscriptions.has('trading')) return void this.connection.reject('trading', 'Already subscribed'); // prettier-ignore
    if (fromOf(request) === null) return void this.connection.reject('trading', 'Invalid from');
    this.#cancelsOnEnd ||= request.flag('cancelOnDisconnect');
    const { privateData, desk } = this.parts;
    const open = (): Promise<void> | undefined =>
      this.#open(request, privateData.tradingTopic(trader.account), () => privateData.tradingSnapshot(trader.account), this.#cancelsOnEnd ? ',"cancelOnDisconnect":true' : ''); // prettier-ignore
    if (!this.#cancelsOnEnd || this.#session !== undefined) return open();
    return desk.openSession().then(
      (session) => {
        if (this.connection.isEnded) return desk.closeSession(session);
        this.#session = session;
        return open();
      },
      () => this.connection.reject('trading', REFUSALS.venue_unavailable.text),
    );
  }

  async #authenticate(request: ClientRequest): Promise<void> {
    if (this.connection.trader !== undefined) return this.connection.reject('auth', 'Already authenticated');
    const token = request.text('token');
    let trader: Trader | undefined;
    try {
      trader = token === undefined ? undefined : await this.parts.access.byToken(token, this.connection.address);
    } catch {
      // It may be a good one: we could not look.
      this.connection.reject('auth', 'We are busy: connect again in a few seconds');
      return this.connection.end('unavailable');
    }
    if (this.connection.isEnded) return;
    if (trader === undefined) {
      // A client that was refused here does not ask again on this connection and would wait for ever (ccxt): it must connect again.
      this.connection.reject('auth', 'Authentication Failed');
      return this.connection.end('authentication failed');
    }
    this.authenticated(trader);
    this.connection.say(`,"event":"subscribed","channel":"auth","readOnly":${!trader.scopes.includes('trade')}`);
  }

  #instrumentOf(request: ClientRequest): ViewedInstrument | undefined {
    const symbol = request.text('symbol');
    const instrument = symbol === undefined ? undefined : this.parts.feed.instrument(symbol);
    if (instrument === undefined) this.connection.reject(request.channel, 'Invalid symbol');
    return instrument;
  }

  /** Acknowledged, then the snapshot or what was missed, then whatever happens. */
  #open(
    request: ClientRequest,
    topic: Topic,
    snapshot: () => SharedMessage | undefined = () => undefined,
    members = '',
  ): Promise<void> | undefined {
    const key = keyOf(request);
    const { subscriptions, outbox } = this.connection;
    if (subscriptions.has(key)) return void this.connection.reject(request.channel, 'Already subscribed', echoOf(request)); // prettier-ignore
    const from = fromOf(request);
    if (from === null) return void this.connection.reject(request.channel, 'Invalid from', echoOf(request));
    const subscription = new Subscription(outbox, topic, from !== undefined || request.flag('venueSequence'));
    const acknowledge = (resumed = ''): void =>
      this.connection.say(`,"event":"subscribed","channel":"${request.channel}"${echoOf(request)}${members}${resumed}`);
    const begin = (): void => {
      const first = snapshot();
      if (first !== undefined) subscription.sendSnapshot(first);
      topic.subscriptions.add(subscription);
    };
    subscriptions.set(key, subscription);
    if (from === undefined) {
      acknowledge();
      return void begin();
    }
    return this.#resume(subscription, from, { acknowledge, begin });
  }

  #resume(
    subscription: Subscription,
    from: bigint,
    { acknowledge, begin }: { acknowledge: (resumed: string) => void; begin: () => void },
  ): Promise<void> | undefined {
    const { topic } = subscription;
    subscription.hold(from);
    topic.subscriptions.add(subscription);
    const go = (missed: readonly PlacedMessage[] | undefined): void => {
      if (this.connection.isEnded) return;
      acknowledge(`,"from":${from},"resumed":${missed !== undefined}`);
      if (missed !== undefined) return subscription.resume(missed);
      subscription.giveUpResuming();
      begin();
    };
    const missed = this.parts.cache.after(topic.key, from);
    if (!(missed instanceof Promise)) return void go(missed);
    return missed.then(go, () => go(undefined));
  }

  #unsubscribe(request: ClientRequest): void {
    const { channel } = request;
    const key = keyOf(request);
    const subscription = this.connection.subscriptions.get(key);
    if (subscription === undefined) return this.connection.reject(channel, 'Not subscribed to channel', echoOf(request)); // prettier-ignore
    this.connection.subscriptions.delete(key);
    this.#leave(subscription);
    this.connection.say(`,"event":"unsubscribed","channel":"${channel}"${echoOf(request)}`);
    if (channel === 'trading') this.#cancelOrders();
  }

  #leave(subscription: Subscription): void {
    subscription.topic.subscriptions.delete(subscription);
    this.connection.outbox.backlog.forget(subscription.topic.key);
    this.parts.privateData.release(subscription.topic);
  }

  /** All live orders of the account, as the documents say; those of the session even when this process cannot ask for it any more. */
  #cancelOrders(): void {
    const session = this.#session;
    const { trader } = this.connection;
    if (session === undefined || trader === undefined) return;
    this.#session = undefined;
    this.parts.desk.closeSession(session);
    // What cannot be asked for now, the end of this process's link to the venue asks for: the session's orders are bound to it.
    this.parts.desk.cancelAll({ account: trader.account }).catch(() => undefined);
  }
}

const keyOf = (request: ClientRequest): string => {
  const symbol = request.text('symbol');
  const hasSymbol = request.channel === 'prices' || isBookChannel(request.channel);
  return hasSymbol ? `${request.channel} ${symbol ?? ''}` : request.channel;
};

/** Where the client was: undefined when it does not say, null when what it says is no position. */
function fromOf(request: ClientRequest): bigint | null | undefined {
  const text = RESUMABLE.test(request.channel) ? request.decimal('from') : undefined;
  if (text === undefined || text === null) return text;
  return /^\d{1,19}$/.test(text) ? BigInt(text) : null;
}

/** What is echoed: the instrument and the granularity, as known ones. */
function echoOf(request: ClientRequest): string {
  const symbol = request.text('symbol');
  const granularity = request.integer('granularity');
  const echoed = symbol !== undefined && /^[A-Z0-9-]{1,24}$/.test(symbol) ? `,"symbol":"${symbol}"` : '';
  return request.channel === 'prices' && granularity !== undefined ? `${echoed},"granularity":${granularity}` : echoed;
}
