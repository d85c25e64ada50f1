import { type ExecutionReport, type StreamPosition, type ViewedFill, type ViewedOrder } from '@core/venue-view';

/** What happened on the venue and is not in memory any more. */
export interface History {
  order(account: number, orderId: bigint): Promise<ViewedOrder | undefined>;
  orderByClientText(account: number, text: string): Promise<ViewedOrder | undefined>;
  /** Newest first. */
  fills(account: number, filter: FillFilter): Promise<readonly ViewedFill[]>;
}

export interface FillFilter {
  readonly instrument?: number;
  readonly from?: Date;
  readonly to?: Date;
  readonly limit: number;
}

/** Reports of the past, made from what has been settled. */
export interface MissedReports {
  /**
   * Reports of the account after `after`, oldest first, and how far they go: some thousands at once, or all that has been settled. Of an
   * acceptance its time alone is known, and what has been read before is known by `after` as it was answered then.
   * @param open orders that had not ended at `after`
   */
  read(
    account: number,
    after: { readonly position: StreamPosition; readonly time: bigint },
    open: ReadonlySet<bigint>,
  ): Promise<{ readonly reports: readonly ExecutionReport[]; readonly through: StreamPosition; readonly time: bigint }>;
}
