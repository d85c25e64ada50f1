/** The product's history as FIX needs it: single orders, fills, and reports of what a session missed. */
import { clientOrderIdOf } from '@core/contracts';
import { type ExecutionReport, type StreamPosition, type ViewedFill, type ViewedOrder } from '@core/venue-view';
import { type Database } from '@base/database';
import { findFills, findOrder, findOrderByClientId, findSettledSince } from '@products/venue';
import { type FillFilter, type History, type MissedReports } from './application/history.js';
import { reportsOf } from './reports-of-history.js';

const PAGE = 2_000;

export class SettledHistory implements History, MissedReports {
  readonly #database: Database;
  readonly #page: number;

  /** @param page events that are read at once */
  constructor(database: Database, page = PAGE) {
    this.#database = database;
    this.#page = page;
  }

  order(account: number, orderId: bigint): Promise<ViewedOrder | undefined> {
    return findOrder(this.#database, account, orderId);
  }

  orderByClientText(account: number, text: string): Promise<ViewedOrder | undefined> {
    return findOrderByClientId(this.#database, account, clientOrderIdOf(text));
  }

  fills(account: number, { instrument, from, to, limit }: FillFilter): Promise<readonly ViewedFill[]> {
    return findFills(this.#database, { account, instrument, from: from?.getTime(), to: to?.getTime(), limit });
  }

  async read(
    account: number,
    after: { readonly position: StreamPosition; readonly time: bigint },
    open: ReadonlySet<bigint>,
  ): Promise<{
    readonly reports: readonly ExecutionReport[];
    readonly through: StreamPosition;
    readonly time: bigint;
  }> {
    const settled = await findSettledSince(this.#database, { account, ...after, open: [...open], limit: this.#page });
    return { reports: reportsOf(settled, open), through: settled.through, time: settled.time };
  }
}
