import { createHash } from 'node:crypto';
import { formatAmount, formatRate } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { type Execution, type Order } from './orders.js';
import { assetIn, assetOut } from './quote.js';
import { receiptNotFound } from './refusals.js';
import { formatPpmAsBps } from './present.js';

/** The legal entity that is the customer's counterparty, as every receipt must say. */
const ENTITY = 'Strongroom (sandbox entity)';

export interface Receipt {
  readonly body: Record<string, unknown>;
  readonly sha256: string;
  readonly at: Date;
}

/** What an execution cost, line by line, in words that stay true: all amounts as they were booked. */
export function receiptBody(order: Order, execution: Execution, heldUntil: Date | null): Record<string, unknown> {
  const { quote } = order;
  const cash = quote.pair.quote;
  return {
    orderId: order.id,
    quoteId: quote.id,
    entity: ENTITY,
    profile: quote.profile,
    pair: quote.pair.symbol,
    method: quote.method,
    executedAt: execution.at.toISOString(),
    gave: { asset: assetIn(quote), amount: formatAmount(quote.priced.inAmount, assetIn(quote)) },
    received: { asset: assetOut(quote), amount: formatAmount(execution.outAmount, assetOut(quote)) },
    price: formatRate(execution.price, 8, 'half-even'),
    quotedMid: formatRate(quote.mid, 8, 'half-even'),
    mid: formatRate(execution.mid, 8, 'half-even'),
    spread: { bps: formatPpmAsBps(quote.terms.spreadPpm), amount: formatAmount(execution.spread, cash), asset: cash },
    fees: [{ code: 'fee', amount: formatAmount(execution.fee, cash), asset: cash }],
    networkFee: { amount: formatAmount(0n, cash), asset: cash },
    allInBps: formatPpmAsBps(quote.priced.allInPpm),
    ledgerTransferId: execution.transferId,
    withdrawableAfter: heldUntil?.toISOString() ?? null,
  };
}

/** Written in the transaction of the execution and never again. */
export async function keepReceipt(tx: Tx, orderId: string, body: Record<string, unknown>, at: Date): Promise<void> {
  await tx.query('INSERT INTO brokerage.receipt (order_id, body, sha256, at) VALUES ($1, $2, $3, $4)', [
    orderId,
    JSON.stringify(body),
    createHash('sha256').update(JSON.stringify(body)).digest(),
    at,
  ]);
}

/** @throws Refusal `receipt_not_found` before execution */
export async function readReceipt(db: Queryable, orderId: string): Promise<Receipt> {
  const row = await db.maybeOne<{ body: Record<string, unknown>; sha256: Buffer; at: Date }>(
    'SELECT body, sha256, at FROM brokerage.receipt WHERE order_id = $1',
    [orderId],
  );
  if (!row) throw receiptNotFound();
  return { body: row.body, sha256: row.sha256.toString('hex'), at: row.at };
}
