/**
 * An initiator of FIX 4.4 that keeps its session: numbers go on over connections and gateways, what is missing is asked for, what is asked for is sent
 * again as a possible duplicate. So every order is answered in the end, and every report comes once.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { unitsOf } from '../demo/exact.mjs';
import { ROOT } from '../launcher/root.mjs';
import { OrderJournal } from './order-journal.mjs';
import { QUANTITY_SCALE, SYMBOL } from './trading-habits.mjs';

const CONNECTS_WITHIN_MS = 5_000;
const HEARTBEAT_S = 5;
const PATIENCE_MS = 20_000;
const PAUSE_MS = 300;
const ADMIN = new Set(['0', '1', '2', '3', '4', '5', 'A']);
const lots = (amount) => unitsOf(amount, QUANTITY_SCALE);
/** @returns {'buy' | 'sell'} */
const side = (code) => (code === '1' ? 'buy' : 'sell');

/** The compiled gateway's own codec: what it encodes and reads is held against QuickFIX elsewhere. */
const built = (path) => import(pathToFileURL(join(ROOT, 'dist/apps/gateway/fix', path)).href);

export class FixTrader {
  isReady = false;
  resumptions = 0;
  /** What the venue said last when it would not go on. */
  lastWords = '';
  #ports;
  #key;
  #random;
  #isStopped = false;
  #running = Promise.resolve();
  /** @type {import('node:net').Socket | undefined} */
  #socket;
  #codec;
  #nextOut = 1;
  #nextIn = 1;
  /** @type {Map<number, { type: string, body: string, at: string }>} what was sent, by number */
  #sent = new Map();
  /** @type {Map<number, any>} what came before its turn */
  #ahead = new Map();
  #askedFrom = 0;
  #number = 0;
  #requests = 0;
  #heardAt = 0;
  #saidAt = 0;
  /** @type {Map<string, string>} orders whose cancel or replace has no answer, by the request's id */
  #asking = new Map();
  /** @type {Map<string, string>} the last id of an order, by the venue's */
  #named = new Map();

  /** @param {{ name: string, key: { id: string, secret: string }, ports: readonly number[], random: () => number }} options `ports`: of every gateway */
  constructor({ name, key, ports, random }) {
    this.name = name;
    this.journal = new OrderJournal(name);
    this.#key = key;
    this.#ports = ports;
    this.#random = random;
  }

  start() {
    this.#running = this.#run();
  }

  async stop() {
    this.#isStopped = true;
    this.#socket?.destroy();
    await this.#running;
  }

  get inFlight() {
    return this.journal.waiting().length + this.#asking.size;
  }

  /** @param {import('./trading-habits.mjs').Deed} deed @returns {string | undefined} the order's name */
  do(deed) {
    const { FixBody, formatTimestamp } = this.#codec;
    const now = formatTimestamp(Date.now());
    if (deed.kind === 'place') {
      const id = `${this.name}-${(this.#number += 1)}`;
      this.journal.sent({ id, side: deed.side }, Date.now());
      const code = deed.side === 'buy' ? 1 : 2;
      const body = new FixBody()
        .add(11, id)
        .add(55, SYMBOL)
        .add(54, code)
        .add(60, now)
        .add(38, deed.quantity)
        .add(40, 2);
      this.#send('D', body.add(44, deed.price).add(59, deed.isImmediate ? 3 : 1));
      return id;
    }
    const order = this.journal.byOrderId(deed.orderId);
    if (order === undefined) return undefined;
    const id = `${this.name}-r${(this.#requests += 1)}`;
    this.#asking.set(id, deed.orderId);
    const body = new FixBody()
      .add(41, this.#named.get(deed.orderId) ?? order.id)
      .add(37, deed.orderId)
      .add(11, id);
    body
      .add(55, SYMBOL)
      .add(54, order.side === 'buy' ? 1 : 2)
      .add(60, now);
    if (deed.kind === 'cancel') this.#send('F', body);
    else this.#send('G', body.add(38, '0.02').add(40, 2).add(44, deed.price));
    return undefined;
  }

  async #run() {
    const [codec, message, time] = await Promise.all(['fix-codec.js', 'fix-message.js', 'fix-time.js'].map(built));
    this.#codec = { ...codec, ...message, ...time };
    while (!this.#isStopped) {
      await this.#live(this.#ports[Math.floor(this.#random() * this.#ports.length)] ?? 0);
      this.isReady = false;
      await sleep(PAUSE_MS * (1 + this.#random()));
    }
  }

  /** One connection, to its end. */
  async #live(port) {
    const socket = connect({ host: '127.0.0.1', port, timeout: CONNECTS_WITHIN_MS });
    this.#socket = socket;
    this.#ahead.clear();
    this.#askedFrom = 0;
    this.#heardAt = Date.now();
    const reader = new this.#codec.FixReader();
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('timeout', () => socket.connecting && socket.destroy());
    socket.once('connect', () => this.#logOn());
    socket.on('data', (chunk) => {
      for (const read of reader.read(chunk)) if (read.kind === 'message') this.#hear(read.message);
    });
    const beat = setInterval(() => this.#beat(), 1_000);
    await once(socket, 'close').catch(() => {});
    clearInterval(beat);
  }

  #beat() {
    const now = Date.now();
    if (now - this.#heardAt > PATIENCE_MS) this.#socket?.destroy();
    else if (this.isReady && now - this.#saidAt >= HEARTBEAT_S * 1_000) this.#send('0', new this.#codec.FixBody());
  }

  #logOn() {
    const body = new this.#codec.FixBody().add(98, 0).add(108, HEARTBEAT_S);
    this.#send('A', body.add(553, this.#key.id).add(554, this.#key.secret));
  }

  #send(type, body) {
    const seq = this.#nextOut;
    this.#nextOut += 1;
    const at = this.#codec.formatTimestamp(Date.now());
    // What is of the session itself is never sent again.
    if (!ADMIN.has(type)) this.#sent.set(seq, { type, body: String(body), at });
    this.#write({ msgType: type, seq, sendingTime: at }, String(body));
  }

  #write(header, body) {
    this.#saidAt = Date.now();
    this.#socket?.write(this.#codec.encodeMessage({ ...header, sender: this.name, target: 'EXCHANGE' }, body));
  }

  #hear(message) {
    this.#heardAt = Date.now();
    const seq = message.seqNum;
    const type = message.msgType;
    // The other side misses something of ours, whatever else is missing.
    if (type === '2' && seq >= this.#nextIn) this.#resend(Number(message.get(7)), Number(message.get(16)));
    if (type === 'A') this.#loggedOn(seq);
    if (type === '4' && message.get(123) !== 'Y') return this.#fault(`a reset to ${message.get(36)}`);
    if (seq < this.#nextIn) {
      if (!message.isPossDup)
        this.#fault(`message ${seq} came again, as if it were new: ${type} ${message.get(58) ?? ''}`);
      return undefined;
    }
    this.#ahead.set(seq, message);
    for (let next = this.#ahead.get(this.#nextIn); next !== undefined; next = this.#ahead.get(this.#nextIn)) {
      this.#ahead.delete(this.#nextIn);
      this.#take(next);
    }
    if (this.#ahead.size > 0) this.#askAgain();
    return undefined;
  }

  #loggedOn(seq) {
    if (seq > 1) this.resumptions += 1;
    this.isReady = true;
  }

  /** Once for each gap. */
  #askAgain() {
    if (this.#askedFrom === this.#nextIn) return;
    this.#askedFrom = this.#nextIn;
    this.#send('2', new this.#codec.FixBody().add(7, this.#nextIn).add(16, 0));
  }

  #resend(from, asked) {
    const through = asked === 0 ? this.#nextOut - 1 : Math.min(asked, this.#nextOut - 1);
    for (let seq = from; seq <= through; seq += 1) {
      const again = this.#sent.get(seq);
      const sendingTime = this.#codec.formatTimestamp(Date.now());
      if (again !== undefined) {
        this.#write({ msgType: again.type, seq, sendingTime, origSendingTime: again.at }, again.body);
        continue;
      }
      const gapAt = seq;
      while (seq < through && !this.#sent.has(seq + 1)) seq += 1;
      const fill = new this.#codec.FixBody().add(123, 'Y').add(36, seq + 1);
      this.#write({ msgType: '4', seq: gapAt, sendingTime, origSendingTime: sendingTime }, String(fill));
    }
  }

  /** A message in its turn. */
  #take(message) {
    const type = message.msgType;
    this.#nextIn = type === '4' ? Number(message.get(36)) : this.#nextIn + 1;
    for (const seq of this.#ahead.keys()) if (seq < this.#nextIn) this.#ahead.delete(seq);
    if (type === '1') this.#send('0', new this.#codec.FixBody().add(112, message.get(112)));
    else if (type === '8') this.#hearReport(message);
    else if (type === '5') this.lastWords = message.get(58) ?? '';
    else if (type === '9') this.#asking.delete(message.get(11));
    else if (type === '3' || type === 'j') this.#fault(`rejected: ${message.get(58)}`);
  }

  #hearReport(message) {
    const [id, orderId, execId, execType] = [11, 37, 17, 150].map((tag) => message.get(tag) ?? '');
    if (execType === '8') return this.journal.refused(id);
    this.#named.set(orderId, id);
    const fill = { execId, orderId, side: side(message.get(54)), quantity: lots(message.get(32) ?? '0'), price: message.get(31) ?? '', fee: message.get(12) ?? '' }; // prettier-ignore
    const kind = { 0: 'accepted', F: 'fill', 4: 'ended', C: 'ended' }[execType] ?? 'changed';
    const isOver = ['2', '4', 'C'].includes(message.get(39));
    this.#answered(id, orderId, { isOver, isChange: kind === 'changed' });
    this.journal.take({ execId, id, orderId, kind, filled: lots(message.get(14)), isOver, ...(kind === 'fill' && { fill }) }); // prettier-ignore
    return undefined;
  }

  /** After a gateway's death a report may answer a request without its name. */
  #answered(id, orderId, { isOver, isChange }) {
    if (this.#asking.delete(id) && !isOver) return;
    for (const [request, of] of this.#asking) {
      if (of !== orderId || !(isOver || isChange)) continue;
      this.#asking.delete(request);
      if (!isOver) return;
    }
  }

  #fault(text) {
    this.journal.faults.push(`${this.name}: ${text}`);
  }
}
