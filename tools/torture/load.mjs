/** Traders at work: each does something every moment while it is connected, until it is told to pause. */
import { setTimeout as sleep } from 'node:timers/promises';
import { farOrder, nextDeed } from './trading-habits.mjs';

const EVERY_MS = 160;
const MOST_IN_FLIGHT = 6;
const ANSWERED_WITHIN_MS = 60_000;
const LOOK_MS = 20;

/** @typedef {import('./socket-trader.mjs').SocketTrader | import('./rest-trader.mjs').RestTrader | import('./fix-trader.mjs').FixTrader} Trader */

export class Load {
  #isPaused = false;
  #isOver = false;
  #running;

  /** @param {readonly Trader[]} traders @param {(name: string) => () => number} randomOf each decides by a sequence of their own, whoever is faster */
  constructor(traders, randomOf) {
    this.traders = traders;
    this.#running = Promise.all(traders.map((trader) => this.#work(trader, randomOf(trader.name))));
  }

  /** Resolves with what has no answer after a time in which everything should have one. */
  async pause() {
    this.#isPaused = true;
    for (const deadline = Date.now() + ANSWERED_WITHIN_MS; ; await sleep(LOOK_MS)) {
      const busy = this.traders.filter(({ inFlight }) => inFlight > 0);
      if (busy.length === 0) return [];
      if (Date.now() > deadline)
        return busy.map(({ name, inFlight }) => `${name}: ${inFlight} requests have no answer`);
    }
  }

  resume() {
    this.#isPaused = false;
  }

  async end() {
    this.#isOver = true;
    await this.#running;
  }

  async #work(trader, random) {
    for (; !this.#isOver; await sleep(EVERY_MS * (0.5 + random()))) {
      if (this.#isPaused || !trader.isReady || trader.inFlight >= MOST_IN_FLIGHT) continue;
      trader.do(nextDeed(random, trader.journal));
    }
  }
}

/**
 * A new order goes through the trader's door and is acknowledged; what is refused or lost meanwhile is tried again under another name.
 * @param {Trader} trader
 * @param {number} withinMs
 * @returns {Promise<string>} the venue's id
 */
export async function freshOrder(trader, withinMs) {
  /** @type {string | undefined} */
  let id;
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(LOOK_MS)) {
    const order = id === undefined ? undefined : trader.journal.orders.get(id);
    if (order?.state === 'open' && order.orderId !== undefined) {
      trader.do({ kind: 'cancel', orderId: order.orderId, price: '' });
      return order.orderId;
    }
    if (order?.state !== 'sent' && trader.isReady) id = trader.do(farOrder());
  }
  throw new Error(`${trader.name}: no order went through within ${withinMs / 1_000} s, last of all ${JSON.stringify(trader.lastWords)}`); // prettier-ignore
}
