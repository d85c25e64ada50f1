import { type Report } from './messages.js';
import { type Side } from './quotes.js';

export interface LiveOrder {
  readonly clientId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly level: number;
  readonly price: bigint;
  /** Not yet filled. */
  readonly open: bigint;
  /** `sent`: the venue has not answered. `cancelling`: asked to go, and not yet gone. */
  readonly state: 'sent' | 'resting' | 'cancelling';
  /** The venue's, once it has answered. */
  readonly orderId: string | undefined;
  /** When it came to this state, by a steady clock. */
  readonly sinceMs: number;
}

const ENDED: ReadonlySet<string> = new Set(['filled', 'cancelled', 'expired', 'rejected']);

/** The orders of one session, as its own messages and the venue's reports make them. */
export class LiveOrders {
  readonly #byClientId = new Map<string, LiveOrder>();

  of(symbol: string): LiveOrder[] {
    return this.all().filter((order) => order.symbol === symbol);
  }

  all(): LiveOrder[] {
    return [...this.#byClientId.values()];
  }

  sent(order: Omit<LiveOrder, 'state' | 'orderId'>): void {
    this.#byClientId.set(order.clientId, { ...order, state: 'sent', orderId: undefined });
  }

  cancelling({ clientId }: LiveOrder, now: number): void {
    const order = this.#byClientId.get(clientId);
    if (order !== undefined) this.#byClientId.set(clientId, { ...order, state: 'cancelling', sinceMs: now });
  }

  /** Whether the report is of an order that was sent here. */
  report({ clOrdID, orderID, ordStatus, leavesQty }: Report, now: number): boolean {
    const order = this.#byClientId.get(clOrdID);
    if (order === undefined) return false;
    if (ENDED.has(ordStatus)) this.#byClientId.delete(clOrdID);
    else {
      const state = order.state === 'sent' ? 'resting' : order.state;
      const sinceMs = state === order.state ? order.sinceMs : now;
      this.#byClientId.set(clOrdID, { ...order, state, sinceMs, orderId: orderID, open: leavesQty });
    }
    return true;
  }

  /** The venue never had it, or has it no more. */
  forget(of: { readonly clientId: string } | { readonly orderId: string }): void {
    if ('clientId' in of) this.#byClientId.delete(of.clientId);
    else for (const [id, order] of this.#byClientId) if (order.orderId === of.orderId) this.#byClientId.delete(id);
  }

  /** Whether something has been on its way for so long that the session cannot be trusted. */
  isStuck(now: number, afterMs: number): boolean {
    return this.all().some(({ state, sinceMs }) => state !== 'resting' && now - sinceMs > afterMs);
  }
}
