import { type Trader } from '../access/access.js';
import { type ChangeOutcome, type MassCancelOutcome, type NoAnswer, type OrderDesk, type PlaceOutcome } from '../desk/order-desk.js'; // prettier-ignore
import { type VenueFeed } from '../desk/venue-feed.js';
import { REFUSALS, REJECTS, UNKNOWN_OUTCOME } from '../rejects.js';
import { jsonText, type Connection } from './connection.js';
import { readOrder } from './order-request.js';
import { type PrivateData } from './private-data.js';
import { type ClientRequest } from './request.js';

const CHANNEL = 'trading';
const ORDER_ID = /^\d{1,19}$/;

/**
 * What a client enters on `trading`. An order that the venue took is answered by its reports, like any other of the account's; what is refused before the
 * venue had it by `rejected`, what the venue refused by a report that says so.
 */
export class OrderEntry {
  constructor(
    private readonly parts: { readonly desk: OrderDesk; readonly feed: VenueFeed; readonly privateData: PrivateData },
  ) {}

  /** @param session whose end cancels the order */
  place(connection: Connection, trader: Trader, request: ClientRequest, session: number | undefined): void {
    const clientText = request.text('clOrdID');
    const refuse = (text: string): void => refuseOrder(connection, text, request.action, clientText);
    if (trader.isFrozen) return refuse('Account frozen');
    const symbol = request.text('symbol');
    const instrument = symbol === undefined ? undefined : this.parts.feed.instrument(symbol);
    if (instrument === undefined) return refuse('Invalid symbol');
    const order = readOrder(request, instrument, trader.account);
    if (typeof order === 'string') return refuse(order);
    this.parts.desk.place(session === undefined ? order : { ...order, session }).then(
      (outcome) => this.#placed(connection, outcome, refuse),
      () => refuse(REFUSALS.venue_unavailable.text),
    );
  }

  cancel(connection: Connection, trader: Trader, request: ClientRequest): void {
    const orderId = request.decimal('orderID');
    const refuse = (text: string): void => refuseCancel(connection, text, request.action, orderId ?? undefined);
    if (typeof orderId !== 'string' || !ORDER_ID.test(orderId)) return refuse('Unknown order');
    this.parts.desk.cancel({ account: trader.account, by: { orderId: BigInt(orderId) } }).then(
      (outcome) => answerChange(outcome, refuse),
      () => refuse(REFUSALS.venue_unavailable.text),
    );
  }

  /** Answered by one report for each order. */
  cancelAll(connection: Connection, trader: Trader, request: ClientRequest): void {
    const symbol = request.text('symbol');
    const instrument = symbol === undefined ? undefined : this.parts.feed.instrument(symbol);
    const refuse = (text: string): void => refuseCancel(connection, text, request.action);
    if (symbol !== undefined && instrument === undefined) return refuse('Invalid symbol');
    this.parts.desk.cancelAll({ account: trader.account, ...(instrument && { instrument: instrument.number }) }).then(
      (outcome) => answerChange(outcome, refuse),
      () => refuse(REFUSALS.venue_unavailable.text),
    );
  }

  status(connection: Connection, trader: Trader): void {
    connection.sayMessage(this.parts.privateData.tradingSnapshot(trader.account));
  }

  #placed(connection: Connection, outcome: PlaceOutcome, refuse: (text: string) => void): void {
    if (outcome.kind === 'accepted') return;
    if (outcome.kind !== 'rejected') return refuse(noAnswerText(outcome));
    for (const report of outcome.reports) {
      const message = this.parts.privateData.reportMessage(report);
      if (message !== undefined) connection.sayMessage(message);
    }
  }
}

function answerChange(outcome: ChangeOutcome | MassCancelOutcome, refuse: (text: string) => void): void {
  if (outcome.kind === 'done') return;
  // Orders of others, and orders that are no longer open, are told from orders that never were by nobody.
  refuse(outcome.kind === 'rejected' ? REJECTS[outcome.reason].text : noAnswerText(outcome));
}

const noAnswerText = (outcome: NoAnswer): string =>
  outcome.kind === 'unknown' ? UNKNOWN_OUTCOME.text : REFUSALS[outcome.reason].text;

function refuseOrder(connection: Connection, text: string, action: string, clientText: string | undefined): void {
  const named = clientText === undefined ? '' : `,"clOrdID":${jsonText(clientText.slice(0, 32))}`;
  connection.reject(CHANNEL, text, `${named},"ordStatus":"rejected","action":${jsonText(action)}`);
}

function refuseCancel(connection: Connection, text: string, action: string, orderId?: string): void {
  const named = orderId === undefined ? '' : `,"orderID":${jsonText(orderId.slice(0, 32))}`;
  connection.reject(CHANNEL, text, `${named},"action":${jsonText(action)}`);
}
