/** A client of the WebSocket door: reports, book and trades of one symbol; connects again whenever the connection ends, and resumes where it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { unitsOf } from '../demo/exact.mjs';
import { OrderJournal } from './order-journal.mjs';
import { QUANTITY_SCALE, SYMBOL } from './trading-habits.mjs';

const CONNECTS_WITHIN_MS = 5_000;
const PING_MS = 2_000;
const PATIENCE_MS = 15_000;
const PAUSE_MS = 100;

export class SocketTrader {
  isReady = false;
  resumptions = 0;
  /** What the venue said last when it would not go on. */
  lastWords = '';
  /** @type {string[]} trade ids of the symbol, as they came */
  trades = [];
  /** @type {Map<string, number>} `bid 0.04` → quantity */
  book = new Map();
  #url;
  #random;
  #token;
  /** @type {WebSocket | undefined} */
  #socket;
  #isStopped = false;
  #count = 0;
  #number = 0;
  #heardAt = 0;
  /** @type {Set<string>} orders that were asked to go */
  #leaving = new Set();
  /** @type {number | undefined} */
  #bookAt;
  /** What was asked for and is not acknowledged. */
  #opening = 0;
  #running = Promise.resolve();

  /** @param {{ name: string, token: string, urls: readonly string[], random: () => number }} options `urls`: of every gateway */
  constructor({ name, token, urls, random }) {
    this.name = name;
    this.journal = new OrderJournal(name);
    this.#token = token;
    this.#random = random;
    this.#url = () => urls[Math.floor(random() * urls.length)] ?? '';
  }

  start() {
    this.#running = this.#run();
  }

  async stop() {
    this.#isStopped = true;
    this.#socket?.terminate();
    await this.#running;
  }

  /** Orders and cancels without an answer. */
  get inFlight() {
    return this.journal.waiting().length + this.#leaving.size;
  }

  /** @param {import('./trading-habits.mjs').Deed} deed @returns {string | undefined} the order's name */
  do(deed) {
    if (deed.kind !== 'place') {
      this.#leaving.add(deed.orderId);
      this.#say({ action: 'CancelOrderRequest', channel: 'trading', orderID: deed.orderId });
      return undefined;
    }
    const id = `${this.name}-${(this.#number += 1)}`;
    const { side, quantity: orderQty, price, isImmediate } = deed;
    this.journal.sent({ id, side }, Date.now());
    const timeInForce = isImmediate ? 'IOC' : 'GTC';
    this.#say({ action: 'NewOrderSingle', channel: 'trading', clOrdID: id, symbol: SYMBOL, ordType: 'limit', timeInForce, side, orderQty, price }); // prettier-ignore
    return id;
  }

  async #run() {
    while (!this.#isStopped) {
      await this.#live(this.#url());
      this.isReady = false;
      this.#leaving.clear();
      for (const { id } of this.journal.waiting()) this.journal.unanswered(id);
      await sleep(PAUSE_MS * (1 + this.#random()));
    }
  }

  /** One connection, to its end. */
  #live(url) {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, { handshakeTimeout: CONNECTS_WITHIN_MS });
      this.#socket = socket;
      this.#count = 0;
      this.#heardAt = Date.now();
      const beat = setInterval(() => this.#ping(socket), PING_MS);
      socket.on('open', () => this.#subscribe());
      socket.on('message', (data) => this.#hear(JSON.parse(String(data))));
      socket.on('pong', () => (this.#heardAt = Date.now()));
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(beat);
        resolve(undefined);
      });
    });
  }

  #ping(socket) {
    if (Date.now() - this.#heardAt > PATIENCE_MS) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }

  #subscribe() {
    const subscribe = (request) => this.#say({ action: 'subscribe', ...request });
    this.#opening = 4;
    subscribe({ channel: 'auth', token: this.#token });
    // Execution ids and sequences of a campaign are below 2^53.
    const { position } = this.journal;
    subscribe({ channel: 'trading', ...(position !== undefined && { from: Number(position) }) });
    subscribe({ channel: 'l2', symbol: SYMBOL, venueSequence: true, ...(this.#bookAt !== undefined && { from: this.#bookAt }) }); // prettier-ignore
    const last = this.trades.at(-1);
    subscribe({ channel: 'trades', symbol: SYMBOL, ...(last !== undefined && { from: Number(last) }) });
  }

  #say(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(message) {
    this.#heardAt = Date.now();
    if (message.seqnum !== this.#count) this.#fault(`message ${message.seqnum} came as number ${this.#count}`);
    this.#count = message.seqnum + 1;
    const { event, channel } = message;
    if (event === 'rejected') return this.#rejected(message);
    if (event === 'unknown') return this.#unknown(message);
    if (event === 'subscribed') return this.#subscribed(message);
    if (channel === 'l2') return this.#hearBook(message);
    if (channel === 'trades') return this.#hearTrade(message);
    if (channel === 'trading' && event === 'updated') this.#hearReport(message);
  }

  #subscribed({ channel, from, resumed }) {
    if (from !== undefined && resumed !== true) this.#fault(`${channel} was not resumed from ${from}`);
    if (resumed === true) this.resumptions += 1;
    this.#opening -= 1;
    if (this.#opening === 0) this.isReady = true;
  }

  #rejected({ channel, text, clOrdID, orderID }) {
    this.lastWords = text;
    if (clOrdID !== undefined) this.journal.refused(clOrdID);
    else if (orderID !== undefined) this.#leaving.delete(String(orderID));
    // The database is away and the key was not in use: another try, later.
    else if (channel === 'auth') this.#socket?.terminate();
    else this.#fault(`${channel}: ${text}`);
  }

  /** Whether it was carried out its reports will say. */
  #unknown({ clOrdID, orderID }) {
    if (clOrdID !== undefined) this.journal.unanswered(clOrdID);
    else this.#leaving.delete(String(orderID));
  }

  #hearReport(told) {
    if (told.execType === '8') return this.journal.refused(told.clOrdID);
    const { execID: execId, clOrdID: id, orderID: orderId, execType, side } = told;
    const kind = { 0: 'accepted', A: 'accepted', F: 'fill', 4: 'ended', C: 'ended' }[execType] ?? 'changed';
    const lots = (amount) => unitsOf(amount, QUANTITY_SCALE);
    const fill = { execId, orderId, side, quantity: lots(told.lastShares), price: String(told.lastPx), fee: String(told.fee) }; // prettier-ignore
    const isOver = ['filled', 'cancelled', 'expired'].includes(told.ordStatus);
    if (isOver) this.#leaving.delete(orderId);
    this.journal.take({ execId, position: BigInt(execId), id, orderId, kind, filled: lots(told.cumQty), isOver, ...(kind === 'fill' && { fill }) }); // prettier-ignore
  }

  #hearBook({ event, bids, asks, venueSequence }) {
    if (event === 'snapshot') this.book.clear();
    else if (this.#bookAt !== undefined && venueSequence <= this.#bookAt)
      this.#fault(`l2 of ${venueSequence} came after ${this.#bookAt}`);
    this.#bookAt = venueSequence;
    for (const [side, levels] of [['bid', bids], ['ask', asks]]) {
      for (const { px, qty } of levels) {
        if (qty === 0) this.book.delete(`${side} ${px}`);
        else this.book.set(`${side} ${px}`, qty);
      }
    }
  } // prettier-ignore

  #hearTrade({ trade_id: id }) {
    const last = this.trades.at(-1);
    if (last !== undefined && BigInt(id) <= BigInt(last)) this.#fault(`trade ${id} came after ${last}`);
    this.trades.push(id);
  }

  #fault(text) {
    this.journal.faults.push(`${this.name}: ${text}`);
  }
}
