/**
 * A client of the REST door: one request at a time, at whichever gateway answers. What was not answered is sent again under the same name, as
 * docs/exchange-rest.md advises.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { unitsOf } from '../demo/exact.mjs';
import { OrderJournal } from './order-journal.mjs';
import { QUANTITY_SCALE, SYMBOL } from './trading-habits.mjs';

const ANSWERS_WITHIN_MS = 10_000;
const PAUSE_MS = 150;
const OVER = new Set(['FILLED', 'CANCELED', 'EXPIRED']);
const PAGE = 1_000;
const LATER = new Set([429, 502, 503, 504]);
/** Whatever is away, a good key is not a bad one and nobody is surprised. */
const NEVER = new Set([401, 500]);

export class RestTrader {
  isReady = true;
  inFlight = 0;
  /** What the venue said last when it would not go on. */
  lastWords = '';
  #number = 0;
  #isStopped = false;
  #bases;
  #at = 0;
  #headers;

  /** @param {{ name: string, token: string, urls: readonly string[] }} options `urls`: the base of every gateway */
  constructor({ name, token, urls }) {
    this.name = name;
    this.journal = new OrderJournal(name);
    this.#bases = urls;
    this.#headers = { 'x-api-token': token, 'content-type': 'application/json' };
  }

  start() {}

  async stop() {
    this.#isStopped = true;
  }

  /** @param {import('./trading-habits.mjs').Deed} deed @returns {string | undefined} the order's name */
  do(deed) {
    if (deed.kind !== 'place') {
      void this.#busy(() => this.#cancel(deed.orderId));
      return undefined;
    }
    const id = `${this.name}-${(this.#number += 1)}`;
    this.journal.sent({ id, side: deed.side }, Date.now());
    void this.#busy(() => this.#place(id, deed));
    return id;
  }

  /** @param {string} path @param {string} [method] @param {object} [body] @returns {Promise<any>} of whichever gateway answers first */
  async ask(path, method = 'GET', body) {
    for (; !this.#isStopped; await sleep(PAUSE_MS)) {
      const answer = await this.#once(path, method, body);
      if (answer !== undefined) return answer;
    }
    throw new Error('stopped');
  }

  /** All fills of the account, each once. */
  async fills(symbol = SYMBOL) {
    const known = new Map();
    for (let to = Date.now() + 60_000; ;) {
      const { body: page } = await this.ask(`/fills?symbol=${symbol}&limit=${PAGE}&to=${to}`);
      for (const fill of page) known.set(fill.execId, fill);
      const oldest = page.at(-1)?.timestamp;
      if (page.length < PAGE) return [...known.values()].reverse();
      if (oldest === to) throw new Error('a thousand fills in a millisecond');
      to = oldest;
    }
  }

  /** Brings the journal up to what the account's history says: of orders that were open, and of all fills or the newest thousand. */
  async catchUp({ allFills = false } = {}) {
    for (const order of this.journal.open()) await this.#look(order.id);
    const fills = allFills ? await this.fills() : (await this.ask(`/fills?symbol=${SYMBOL}&limit=${PAGE}`)).body;
    for (const fill of fills) {
      const { execId, exOrdId, side, qty, price, fee } = fill;
      const own = side === 'BUY' ? 'buy' : 'sell';
      this.journal.listed({ execId: String(execId), orderId: String(exOrdId), side: own, quantity: unitsOf(qty, QUANTITY_SCALE), price: String(price), fee: String(fee) }); // prettier-ignore
    }
    this.journal.fills.sort((a, b) => (BigInt(a.execId) < BigInt(b.execId) ? -1 : 1));
  }

  async #busy(work) {
    this.inFlight += 1;
    this.isReady = false;
    try {
      await work();
    } catch (error) {
      if (!this.#isStopped) this.journal.faults.push(`${this.name}: ${error.message}`);
    } finally {
      this.inFlight -= 1;
      this.isReady = true;
    }
  }

  async #place(clOrdId, { side, quantity: orderQty, price, isImmediate }) {
    const order = { clOrdId, symbol: SYMBOL, ordType: 'LIMIT', timeInForce: isImmediate ? 'IOC' : 'GTC', side: side.toUpperCase(), orderQty, price }; // prettier-ignore
    const { body } = await this.ask('/orders', 'POST', order);
    if (body.ordStatus !== 'REJECTED') return this.#stands(body);
    // Refused for its name: it has been placed by a request whose answer was lost.
    if (/^Duplicate/.test(body.text)) return this.#look(clOrdId);
    this.journal.refused(clOrdId);
  }

  async #cancel(orderId) {
    const { status } = await this.ask(`/orders/${orderId}`, 'DELETE', {});
    const order = this.journal.byOrderId(orderId);
    // Gone before, by a trade or by a request whose answer was lost.
    if (order !== undefined && (status === 404 || status === 200)) await this.#look(order.id);
  }

  /** The gateway that has just spoken of the order knows it; another may be a moment behind. */
  async #look(id) {
    for (let tries = 0; tries < 50; tries += 1) {
      const { body } = await this.ask(`/orders?clOrdId=${encodeURIComponent(id)}`);
      const [order] = body;
      if (order !== undefined) return this.#stands(order);
      await sleep(PAUSE_MS);
    }
    throw new Error(`${id} exists, and is not found`);
  }

  #stands({ clOrdId: id, exOrdId, cumQty, ordStatus }) {
    this.journal.stands({ id, orderId: String(exOrdId), filled: unitsOf(cumQty, QUANTITY_SCALE), isOver: OVER.has(ordStatus) }); // prettier-ignore
  }

  /** Undefined when it should be asked again. */
  async #once(path, method, body) {
    try {
      const response = await fetch(`${this.#bases[this.#at]}${path}`, {
        method,
        headers: this.#headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      });
      const text = await response.text();
      const { status } = response;
      if (!LATER.has(status) && !NEVER.has(status)) return { status, body: text === '' ? undefined : JSON.parse(text) };
      this.lastWords = text;
      if (NEVER.has(status)) this.journal.faults.push(`${this.name}: ${method} ${path} was answered ${status} ${text}`);
    } catch {
      // The connection broke, or nobody listens.
    }
    this.#at = (this.#at + 1) % this.#bases.length;
    return undefined;
  }
}
