/**
 * What one client of the venue knows of its own orders, from what it sent and what it was told. Quantities are whole lots. Whatever cannot be, if the
 * client was told everything once and in order, is a fault: a fill that does not lead from what was filled before to what is filled now, a report of an
 * order that has ended, one that was told before.
 */

/**
 * @typedef {object} JournalOrder
 * @property {string} id the client's
 * @property {'buy' | 'sell'} side
 * @property {number} sentAt milliseconds of the client's clock
 * @property {'sent' | 'unknown' | 'refused' | 'open' | 'ended'} state `unknown`: there will be no answer
 * @property {string} [orderId] the venue's, once it has acknowledged
 * @property {bigint} filled
 *
 * @typedef {object} Report
 * @property {string} execId
 * @property {bigint} [position] grows from report to report, where the protocol's does
 * @property {string} [id] the client's name of the order
 * @property {string} orderId
 * @property {'accepted' | 'fill' | 'ended' | 'changed'} kind
 * @property {bigint} filled of the order, with this report
 * @property {boolean} isOver whether the order has ended with it
 * @property {Fill} [fill]
 *
 * @typedef {object} Fill
 * @property {string} execId
 * @property {string} orderId
 * @property {'buy' | 'sell'} side
 * @property {bigint} quantity lots
 * @property {string} price as it was said
 * @property {string} fee as it was said
 */

export class OrderJournal {
  /** @type {string[]} */
  faults = [];
  /** @type {Map<string, JournalOrder>} by the client's name */
  orders = new Map();
  /** @type {Fill[]} */
  fills = [];
  /** @type {string[]} of all reports, as they came */
  executions = [];
  /** @type {Map<string, JournalOrder>} */
  #byOrderId = new Map();
  /** @type {Set<string>} */
  #told = new Set();
  /** @type {bigint | undefined} */
  #last;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** Where the reports have come to. */
  get position() {
    return this.#last;
  }

  /** @param {{ id: string, side: 'buy' | 'sell' }} order @param {number} at */
  sent({ id, side }, at) {
    this.orders.set(id, { id, side, sentAt: at, state: 'sent', filled: 0n });
  }

  /** The venue had not taken it, in its own words. */
  refused(id) {
    const order = this.orders.get(id);
    if (order === undefined) return this.#fault(`${id} was refused and never sent`);
    if (order.state === 'open' || order.state === 'ended')
      return this.#fault(`${id} was acknowledged and then refused`);
    order.state = 'refused';
  }

  /** Nobody will answer: the connection that it was sent on has ended, or the venue has said that it cannot know. */
  unanswered(id) {
    const order = this.orders.get(id);
    if (order?.state === 'sent') order.state = 'unknown';
  }

  /** @param {Report} report */
  take(report) {
    const { execId, position, orderId } = report;
    if (this.#told.has(execId)) return this.#fault(`report ${execId} came twice`);
    if (position !== undefined && this.#last !== undefined && position <= this.#last)
      return this.#fault(`report ${execId} came after ${this.#last}`);
    this.#told.add(execId);
    this.executions.push(execId);
    if (position !== undefined) this.#last = position;
    const order = report.kind === 'accepted' ? this.#accepted(report) : this.#byOrderId.get(orderId);
    if (order === undefined)
      return this.#fault(`report ${execId} is of order ${orderId}, which was not acknowledged before`);
    this.#apply(order, report);
  }

  /**
   * The order as it stands, from an answer to a question. Two gateways are moments apart, so an answer may be older than what is known; it changes nothing.
   * @param {{ id: string, orderId: string, filled: bigint, isOver: boolean }} standing
   */
  stands({ id, orderId, filled, isOver }) {
    const order = this.orders.get(id);
    if (order === undefined) return this.#fault(`order ${id} was never sent`);
    if (order.orderId !== undefined && order.orderId !== orderId)
      return this.#fault(`${id} is ${order.orderId} and ${orderId}`);
    if (order.state === 'refused') this.#fault(`${id} was refused, and is there`);
    if (order.state === 'ended' && isOver && filled !== order.filled) this.#fault(`${id} ended twice`);
    if (filled < order.filled || order.state === 'ended') return;
    order.orderId = orderId;
    this.#byOrderId.set(orderId, order);
    order.filled = filled;
    order.state = isOver ? 'ended' : 'open';
  }

  /**
   * A fill out of a list, which may be asked for again and again.
   * @param {Fill} fill
   */
  listed(fill) {
    if (this.#told.has(fill.execId)) return;
    this.#told.add(fill.execId);
    this.executions.push(fill.execId);
    this.fills.push(fill);
  }

  open() {
    return [...this.#byOrderId.values()].filter(({ state }) => state === 'open');
  }

  waiting() {
    return [...this.orders.values()].filter(({ state }) => state === 'sent');
  }

  /** @param {string} orderId */
  byOrderId(orderId) {
    return this.#byOrderId.get(orderId);
  }

  /** Bought less sold, in lots. */
  get net() {
    return this.fills.reduce((sum, { side, quantity }) => sum + (side === 'buy' ? quantity : -quantity), 0n);
  }

  /** @param {Report} report */
  #accepted({ id, orderId, execId }) {
    const order = this.orders.get(id ?? '');
    if (order === undefined) return void this.#fault(`report ${execId} accepts ${id}, which was never sent`);
    if (order.orderId !== undefined) return void this.#fault(`${id} was accepted twice`);
    if (order.state === 'refused') this.#fault(`${id} was refused and then accepted`);
    order.orderId = orderId;
    order.state = 'open';
    this.#byOrderId.set(orderId, order);
    return order;
  }

  /** @param {JournalOrder} order @param {Report} report */
  #apply(order, { execId, kind, filled, isOver, fill }) {
    if (order.state === 'ended') return this.#fault(`report ${execId} is of ${order.id}, which had ended`);
    const expected = order.filled + (fill?.quantity ?? 0n);
    if (filled !== expected)
      this.#fault(
        `${order.id} had ${order.filled} filled; ${kind} ${execId} of ${fill?.quantity ?? 0n} makes it ${filled}`,
      );
    order.filled = filled;
    if (fill !== undefined) this.fills.push(fill);
    if (isOver) order.state = 'ended';
  }

  #fault(text) {
    this.faults.push(`${this.name}: ${text}`);
  }
}
