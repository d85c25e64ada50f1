import { type ExecutionReport } from '@core/venue-view';
import { type VenueFeed } from '../desk/venue-feed.js';
import { executionReport } from './application/execution-report.js';
import { type MissedReports } from './application/history.js';
import { type OrderNames } from './application/order-names.js';
import { type HeldSession } from './held-session.js';
import { isAfter, type Listening, type ReportTap } from './report-tap.js';

export interface Telling {
  readonly session: HeldSession;
  readonly names: OrderNames;
  readonly feed: VenueFeed;
  /** Numbers a report, keeps it and sends it when somebody is connected. */
  readonly send: (body: string) => void;
  /** Resolves when what has been told is in the database. */
  readonly written: () => Promise<void>;
}

/**
 * Makes messages of the account's reports, each once: those that the session has been told of are known by its position. A refused order is
 * told by whoever entered it, not here.
 */
export function tellReports(telling: Telling, reports: readonly ExecutionReport[]): void {
  const { session } = telling;
  // Both sides of a trade with oneself stand at the same event.
  const told = session.position;
  for (const report of reports) {
    if (!isAfter(report, told)) continue;
    session.advance({ sequence: report.sequence, index: report.index }, report.time);
    tell(telling, report);
  }
}

function tell({ session, names, feed, send }: Telling, report: ExecutionReport): void {
  const { order, kind } = report;
  const instrument = feed.instrumentOf(order.instrument);
  // History may have told it by its time, further than the place in the stream that is known to be told.
  const isKnown = kind === 'accepted' && session.openOrders.has(order.orderId);
  if (kind === 'rejected' || instrument === undefined || isKnown) return;
  send(executionReport(report, instrument, names.forReport(report)));
}

const LOOK_MS = 100;

export interface CatchingUp {
  readonly tap: ReportTap;
  readonly missed: MissedReports;
  readonly account: number;
  /** How long settlement may stand still. */
  readonly patienceMs: number;
  readonly isOver: () => boolean;
}

/**
 * Tells what has happened since the session was told last, and from then on what happens. What memory does not reach back to comes from
 * settled history.
 * @returns who listens from then on; undefined when settlement does not move on, or the connection is over
 */
export async function catchUp(
  telling: Telling,
  { tap, missed, account, patienceMs, isOver }: CatchingUp,
): Promise<Listening | undefined> {
  const { session } = telling;
  let deadline = performance.now() + patienceMs;
  while (!isOver()) {
    // From here to the listening nothing is awaited, so nothing comes in between.
    const kept = tap.since(account, session.position);
    if (kept !== undefined) {
      tellReports(telling, kept);
      if (isAfter(tap.position, session.position)) session.advance(tap.position, tap.time);
      return tap.listen(account, (reports) => tellReports(telling, reports));
    }
    const after = { position: session.position, time: session.positionTime };
    const { reports, through, time } = await missed.read(account, after, new Set(session.openOrders.keys()));
    if (isAfter(through, after.position) || time > after.time) {
      for (const report of reports) tell(telling, report);
      session.advance(through, time);
      // A page is in the database before the next is read: no more than that is in memory, and a logon that is cut off is not for nothing.
      await telling.written();
      deadline = performance.now() + patienceMs;
    } else if (performance.now() > deadline) return undefined;
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return undefined;
}
