import { rate, type Rate } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { type Events } from '@base/events';
import { nextState, type OrderEvent, type OrderState, type Reversal } from './order.js';
import { type Quote } from './quote.js';
import { type Quotes } from './quotes.js';
import { orderNotFound, orderState } from './refusals.js';

/** How an order was executed: fixed once, in the transaction of its ledger transfer. */
export interface Execution {
  readonly at: Date;
  readonly transferId: string;
  readonly mid: Rate;
  readonly price: Rate;
  readonly outAmount: bigint;
  readonly fee: bigint;
  /** Negative when a firm price was honoured against the house. */
  readonly spread: bigint;
}

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly quote: Quote;
  readonly toleranceBps: number;
  readonly state: OrderState;
  readonly version: number;
  readonly reason: string | null;
  readonly paymentId: string | null;
  /** What the customer writes on the transfer that pays for it. */
  readonly bankReference: string | null;
  /** The ledger's hold that keeps the customer's money for this order, while there is one. */
  readonly holdId: string | null;
  readonly paid: boolean;
  readonly fundedAt: Date | null;
  readonly deadlineAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly execution: Execution | null;
  readonly heldUntil: Date | null;
  readonly reversal: Reversal | null;
}

interface OrderRow {
  id: string;
  customer_id: string;
  quote_id: string;
  tolerance_bps: number;
  state: OrderState;
  version: number;
  reason: string | null;
  payment_id: string | null;
  bank_reference: string | null;
  hold_id: string | null;
  paid: boolean;
  funded_at: Date | null;
  deadline_at: Date | null;
  created_at: Date;
  updated_at: Date;
  executed_at: Date | null;
  transfer_id: string | null;
  executed_out: bigint | null;
  executed_fee: bigint | null;
  executed_spread: bigint | null;
  exec_mid_num: bigint | null;
  exec_mid_den: bigint | null;
  exec_price_num: bigint | null;
  exec_price_den: bigint | null;
  held_until: Date | null;
  reversal: Reversal | null;
}

/** What a transition writes beside the state; what is left out stays as it is. */
export interface Change {
  readonly actor: string;
  readonly reason?: string;
  /** When the reaper is to look at the order again; none unless told. */
  readonly deadlineAt?: Date;
  readonly paymentId?: string;
  readonly bankReference?: string;
  /** The hold that now keeps the money, or null when none does any more. */
  readonly holdId?: string | null;
  readonly paid?: boolean;
  readonly execution?: Execution;
  readonly heldUntil?: Date;
  readonly reversal?: Reversal;
}

export interface OrderStep {
  readonly version: number;
  readonly event: string;
  readonly state: OrderState;
  readonly reason: string | null;
  readonly actor: string;
  readonly at: Date;
}

/** Orders and their history. A state changes only here, by the table, with its history row and its event. */
export class Orders {
  constructor(
    private readonly quotes: Quotes,
    private readonly events: Events,
  ) {}

  async create(
    tx: Tx,
    of: { id: string; quote: Quote; toleranceBps: number; now: Date; deadlineAt: Date },
  ): Promise<Order> {
    const row = await tx.one<OrderRow>(
      `INSERT INTO brokerage.orders (id, customer_id, quote_id, tolerance_bps, state, deadline_at, created_at, updated_at)
       VALUES ($1, $2, $3, $4, 'CREATED', $5, $6, $6) RETURNING *`,
      [of.id, of.quote.customerId, of.quote.id, of.toleranceBps, of.deadlineAt, of.now],
    );
    const order = fromRow(row, of.quote);
    await this.#record(tx, order, 'create', 'customer', of.now);
    return order;
  }

  /** The order, which stays as it is until the transaction ends. @throws Refusal `order_not_found`, also for another customer's */
  async lock(tx: Tx, id: string, customerId?: string): Promise<Order> {
    return this.#read(tx, 'id = $1 FOR UPDATE', id, customerId);
  }

  async read(db: Queryable, id: string, customerId?: string): Promise<Order> {
    return this.#read(db, 'id = $1', id, customerId);
  }

  /** The order that a payment belongs to, locked; undefined when it is none of ours. */
  async lockByPayment(tx: Tx, paymentId: string): Promise<Order | undefined> {
    const rows = await tx.query<OrderRow>('SELECT * FROM brokerage.orders WHERE payment_id = $1 FOR UPDATE', [
      paymentId,
    ]);
    return (await this.#fromRows(tx, rows))[0];
  }

  /** @throws Refusal `order_state` when the table does not allow it; nothing has changed then */
  async transition(tx: Tx, order: Order, event: OrderEvent, now: Date, change: Change): Promise<Order> {
    const state = nextState(order.state, event);
    if (!state) throw orderState(order.state, WANTED[event]);
    const { execution } = change;
    const row = await tx.maybeOne<OrderRow>(
      `UPDATE brokerage.orders SET state = $3, version = version + 1, updated_at = $4, deadline_at = $5, reason = coalesce($6, reason),
              payment_id = coalesce($7, payment_id), paid = paid OR $8, funded_at = CASE WHEN $3 = 'FUNDED' THEN $4 ELSE funded_at END,
              executed_at = coalesce($9, executed_at), transfer_id = coalesce($10, transfer_id),
              executed_out = coalesce($11, executed_out), executed_fee = coalesce($12, executed_fee), executed_spread = coalesce($13, executed_spread),
              exec_mid_num = coalesce($14, exec_mid_num), exec_mid_den = coalesce($15, exec_mid_den),
              exec_price_num = coalesce($16, exec_price_num), exec_price_den = coalesce($17, exec_price_den),
              held_until = coalesce($18, held_until), reversal = coalesce($19, reversal),
              hold_id = CASE WHEN $20 THEN $21::uuid ELSE hold_id END,
              bank_reference = coalesce($22, bank_reference)
        WHERE id = $1 AND version = $2 RETURNING *`,
      [
        order.id, order.version, state, now, change.deadlineAt ?? null, change.reason ?? null, change.paymentId ?? null, change.paid ?? false,
        execution?.at ?? null, execution?.transferId ?? null, execution?.outAmount ?? null, execution?.fee ?? null, execution?.spread ?? null,
        execution?.mid.numerator ?? null, execution?.mid.denominator ?? null, execution?.price.numerator ?? null,
        execution?.price.denominator ?? null, change.heldUntil ?? null, change.reversal ?? null,
        change.holdId !== undefined, change.holdId ?? null, change.bankReference ?? null,
      ],
    ); // prettier-ignore
    if (!row) throw new Error(`order ${order.id} was not locked when it changed`);
    const changed = fromRow(row, order.quote);
    await this.#record(tx, changed, event, change.actor, now, change.reason);
    return changed;
  }

  /** What became of a reversed order's claim: a new version of it. */
  async resolveReversal(tx: Tx, order: Order, reversal: Reversal, now: Date): Promise<Order> {
    await tx.query('UPDATE brokerage.orders SET reversal = $2, version = version + 1, updated_at = $3 WHERE id = $1', [
      order.id,
      reversal,
      now,
    ]);
    const changed = await this.lock(tx, order.id);
    await this.#record(tx, changed, reversal.toLowerCase(), 'system', now);
    return changed;
  }

  /** The hold that keeps the money of an order that has just been created. */
  async setHold(tx: Tx, order: Order, holdId: string): Promise<Order> {
    await tx.query('UPDATE brokerage.orders SET hold_id = $2 WHERE id = $1', [order.id, holdId]);
    return { ...order, holdId };
  }

  /** Puts off the reaper's next look without changing the state. */
  async postpone(tx: Tx, order: Order, deadlineAt: Date): Promise<void> {
    await tx.query('UPDATE brokerage.orders SET deadline_at = $2 WHERE id = $1', [order.id, deadlineAt]);
  }

  /** Money arrived for an order that had ended without it: it counts as paid, whatever becomes of the money. */
  async markPaid(tx: Tx, order: Order): Promise<void> {
    await tx.query('UPDATE brokerage.orders SET paid = true WHERE id = $1', [order.id]);
  }

  async countUnpaid(tx: Tx, customerId: string): Promise<number> {
    const { n } = await tx.one<{ n: bigint }>(
      `SELECT count(*) AS n FROM brokerage.orders o JOIN brokerage.quote q ON q.id = o.quote_id
        WHERE o.customer_id = $1 AND o.state IN ('CREATED', 'AWAITING_PAYMENT') AND q.method <> 'FUNDS'`,
      [customerId],
    );
    return Number(n);
  }

  /** Ids of orders whose deadline has passed, the longest overdue first. */
  async due(db: Queryable, now: Date, limit: number): Promise<string[]> {
    const rows = await db.query<{ id: string }>(
      'SELECT id FROM brokerage.orders WHERE deadline_at <= $1 ORDER BY deadline_at LIMIT $2',
      [now, limit],
    );
    return rows.map(({ id }) => id);
  }

  async history(db: Queryable, orderId: string): Promise<OrderStep[]> {
    return db.query<OrderStep>(
      'SELECT version, event, state, reason, actor, at FROM brokerage.order_history WHERE order_id = $1 ORDER BY version LIMIT 100',
      [orderId],
    );
  }

  /** Newest first; `before` is the position of the last order of the page before. */
  async page(
    db: Queryable,
    of: {
      customerId?: string | undefined;
      state?: OrderState | undefined;
      before?: { at: Date; id: string } | undefined;
      limit: number;
    },
  ): Promise<Order[]> {
    const rows = await db.query<OrderRow>(
      `SELECT * FROM brokerage.orders
        WHERE ($1::uuid IS NULL OR customer_id = $1) AND ($2::text IS NULL OR state = $2)
          AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $5`,
      [of.customerId ?? null, of.state ?? null, of.before?.at ?? null, of.before?.id ?? null, of.limit],
    );
    return this.#fromRows(db, rows);
  }

  async #read(db: Queryable, where: string, id: string, customerId?: string): Promise<Order> {
    const rows = await db.query<OrderRow>(`SELECT * FROM brokerage.orders WHERE ${where}`, [id]);
    const [order] = await this.#fromRows(db, rows);
    if (!order || (customerId !== undefined && order.customerId !== customerId)) throw orderNotFound();
    return order;
  }

  async #fromRows(db: Queryable, rows: readonly OrderRow[]): Promise<Order[]> {
    const quotes = await this.quotes.getAll(db, rows.map((row) => row.quote_id)); // prettier-ignore
    return rows.map((row) => {
      const quote = quotes.get(row.quote_id);
      if (!quote) throw new Error(`order ${row.id} has no quote`);
      return fromRow(row, quote);
    });
  }

  async #record(tx: Tx, order: Order, event: string, actor: string, now: Date, reason?: string): Promise<void> {
    await tx.query(
      'INSERT INTO brokerage.order_history (order_id, version, event, state, reason, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [order.id, order.version, event, order.state, reason ?? null, actor, now],
    );
    const { quote } = order;
    await this.events.append(tx, {
      type: `brokerage.order-${order.state.toLowerCase().replaceAll('_', '-')}`,
      aggregate: 'brokerage-order',
      aggregateId: order.id,
      payload: {
        orderId: order.id,
        customerId: order.customerId,
        profile: quote.profile,
        pair: quote.pair.symbol,
        method: quote.method,
        state: order.state,
        version: order.version,
        event,
        reason: reason ?? null,
      },
    });
  }
}

const fromRow = (row: OrderRow, quote: Quote): Order => ({
  id: row.id,
  customerId: row.customer_id,
  quote,
  toleranceBps: row.tolerance_bps,
  state: row.state,
  version: row.version,
  reason: row.reason,
  paymentId: row.payment_id,
  bankReference: row.bank_reference,
  holdId: row.hold_id,
  paid: row.paid,
  fundedAt: row.funded_at,
  deadlineAt: row.deadline_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  execution: executionOf(row, quote),
  heldUntil: row.held_until,
  reversal: row.reversal,
});

function executionOf(row: OrderRow, { pair }: Quote): Execution | null {
  const {
    executed_at: at,
    transfer_id: transferId,
    executed_out: outAmount,
    executed_fee: fee,
    executed_spread: spread,
  } = row;
  const { exec_mid_num: midNum, exec_mid_den: midDen, exec_price_num: priceNum, exec_price_den: priceDen } = row;
  if (!at || !transferId || outAmount === null || fee === null || spread === null) return null;
  if (midNum === null || midDen === null || priceNum === null || priceDen === null) return null;
  const [mid, price] = [rate(pair.base, pair.quote, midNum, midDen), rate(pair.base, pair.quote, priceNum, priceDen)];
  return { at, transferId, mid, price, outAmount, fee, spread };
}

const WANTED: Record<OrderEvent, string> = {
  await_payment: 'confirmed',
  fund: 'funded',
  review: 'reviewed',
  clear: 'cleared',
  reject: 'rejected',
  refund: 'refunded',
  decline: 'declined',
  reprice: 'repriced',
  accept: 'accepted',
  execute: 'executed',
  fail: 'failed',
  deliver: 'delivered',
  settle: 'settled',
  cancel: 'cancelled',
  expire: 'expired',
  reverse: 'reversed',
};
