import { type EngineEvent } from '@core/contracts';
import { type LiveOrder } from './live-order.js';
import { type PublicTrade, type ViewedFill, type ViewedOrder } from './venue-snapshot.js';
import { type ExecutionReport, type RequestRejected } from './view-listener.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** What a refused place wanted: the stream repeats little of it, whoever sent it knows. */
export type RefusedTerms = Omit<ViewedOrder, 'orderId' | 'status' | 'acceptedAt' | 'updatedAt' | 'sequence' | 'index'>;
export type TermsOf = (sequence: bigint) => RefusedTerms | undefined;

const INDICES = 65_536n;
const REQUESTS = { 2: 'cancel', 3: 'cancel-by-client-id', 4: 'replace' } as const;

export const tradeIdOf = ({ sequence, origin }: EngineEvent): bigint => sequence * INDICES + BigInt(origin);

type UnfilledKind = Exclude<ExecutionReport['kind'], 'trade' | 'cancelled' | 'rejected'>;

/** Collects what one command's events have to say to those whose orders they concern, and to everybody. */
export class Reports {
  executions: ExecutionReport[] = [];
  rejections: RequestRejected[] = [];
  trades: PublicTrade[] = [];
  readonly #termsOf: TermsOf;
  readonly #onFill: (fill: ViewedFill) => void;
  readonly #onTrade: (trade: PublicTrade) => void;

  constructor(
    termsOf: TermsOf,
    on: { readonly fill: (fill: ViewedFill) => void; readonly trade: (trade: PublicTrade) => void },
  ) {
    this.#termsOf = termsOf;
    this.#onFill = on.fill;
    this.#onTrade = on.trade;
  }

  report(kind: UnfilledKind, live: LiveOrder, event: EngineEvent): void {
    const { sequence, origin: index, time } = event;
    const { account, session } = live.terms;
    const executionId = tradeIdOf(event) * 2n;
    this.executions.push({ kind, sequence, index, time, account, order: live.seen(), executionId, session });
  }

  cancelled(live: LiveOrder, event: Event<'order-cancelled'>): void {
    const { sequence, origin: index, time, reason: cancelReason } = event;
    const { account, session } = live.terms;
    const executionId = tradeIdOf(event) * 2n;
    this.executions.push({ kind: 'cancelled', sequence, index, time, account, order: live.seen(), executionId, session, cancelReason }); // prettier-ignore
  }

  fill(live: LiveOrder, event: Event<'trade'>, fill: ViewedFill): void {
    const { sequence, origin: index, time } = event;
    const { account, session } = live.terms;
    const executionId = fill.tradeId * 2n + (fill.liquidity === 'taker' ? 1n : 0n);
    this.executions.push({ kind: 'trade', sequence, index, time, account, order: live.seen(), executionId, session, fill }); // prettier-ignore
    this.#onFill(fill);
  }

  /** Told only where its terms are known: of a place that another process sent there is nothing to tell. */
  refusePlace(event: Event<'order-rejected'>): void {
    const { sequence, origin: index, time, account, session, reason: rejectReason } = event;
    const terms = this.#termsOf(sequence);
    if (terms === undefined) return;
    const order: ViewedOrder = {
      ...terms,
      orderId: 0n,
      status: 'rejected',
      acceptedAt: time,
      updatedAt: time,
      sequence,
      index,
    };
    const executionId = tradeIdOf(event) * 2n;
    this.executions.push({
      kind: 'rejected',
      sequence,
      index,
      time,
      account,
      order,
      executionId,
      session,
      rejectReason,
    });
  }

  refuseRequest({ sequence, account, command, orderId, clientOrderId, reason }: Event<'order-rejected'>): void {
    if (command !== 2 && command !== 3 && command !== 4) return;
    this.rejections.push({ sequence, account, command: REQUESTS[command], orderId, clientOrderId, reason });
  }

  trade(event: Event<'trade'>): void {
    const { sequence, time, instrument, takerSide: side, price, quantity } = event;
    const trade = { tradeId: tradeIdOf(event), sequence, time, instrument, side, price, quantity };
    this.trades.push(trade);
    this.#onTrade(trade);
  }

  /** Hands over what has been collected. */
  take(): { reports: ExecutionReport[]; rejections: RequestRejected[]; trades: PublicTrade[] } {
    const { executions: reports, rejections, trades } = this;
    this.executions = [];
    this.rejections = [];
    this.trades = [];
    return { reports, rejections, trades };
  }
}
