import { type ViewedInstrument } from '@core/venue-view';
import { type Trader } from '../access/access.js';
import {
  type ChangeOutcome,
  type MassCancelOutcome,
  type OrderDesk,
  type PlaceOutcome,
  type PlaceRequest,
} from '../desk/order-desk.js';
import { type VenueFeed } from '../desk/venue-feed.js';
import { OrderFault, readOrder } from '../order-terms.js';
import { REFUSALS, REJECTS, UNKNOWN_OUTCOME } from '../rejects.js';
import { type Connection } from './connection.js';
import { jsonText } from './json-text.js';
import { type PrivateData } from './private-data.js';
import { type ClientRequest } from './request.js';

const CHANNEL = 'trading';
const ORDER_ID = /^\d{1,19}$/;

/**
 * What a client enters on `trading`. An order that the venue took is answered by its reports, like any other of the account's; what is refused before the
 * venue had it by `rejected`, what the venue refused by a report that says so. Where nobody can say what became of it, that is said, and not that it was
 * rejected: a client would enter the order again.
 */
export class OrderEntry {
  constructor(
    private readonly parts: { readonly desk: OrderDesk; readonly feed: VenueFeed; readonly privateData: PrivateData },
  ) {}

  /** @param session whose end cancels the order */
  place(connection: Connection, trader: Trader, request: ClientRequest, session: number | undefined): void {
    const answer = new Answer(connection, request.action, ['clOrdID', request.text('clOrdID')], ',"ordStatus":"rejected"'); // prettier-ignore
    if (trader.isFrozen) return answer.refuse('Account frozen');
    const symbol = request.text('symbol');
    const instrument = symbol === undefined ? undefined : this.parts.feed.instrument(symbol);
    if (instrument === undefined) return answer.refuse('Invalid symbol');
    const order = orderOf(request, instrument, trader.account);
    if (typeof order === 'string') return answer.refuse(order);
    this.parts.desk
      .place(session === undefined ? order : { ...order, session })
      .then((outcome) => this.#placed(connection, outcome, answer))
      .catch(() => answer.admitIgnorance());
  }

  cancel(connection: Connection, trader: Trader, request: ClientRequest): void {
    const orderId = request.decimal('orderID');
    const answer = new Answer(connection, request.action, ['orderID', orderId]);
    if (typeof orderId !== 'string' || !ORDER_ID.test(orderId)) return answer.refuse('Unknown order');
    this.parts.desk
      .cancel({ account: trader.account, by: { orderId: BigInt(orderId) } })
      .then((outcome) => answerChange(outcome, answer))
      .catch(() => answer.admitIgnorance());
  }

  /** Answered by one report for each order. */
  cancelAll(connection: Connection, trader: Trader, request: ClientRequest): void {
    const symbol = request.text('symbol');
    const instrument = symbol === undefined ? undefined : this.parts.feed.instrument(symbol);
    const answer = new Answer(connection, request.action);
    if (symbol !== undefined && instrument === undefined) return answer.refuse('Invalid symbol');
    this.parts.desk
      .cancelAll({ account: trader.account, ...(instrument && { instrument: instrument.number }) })
      .then((outcome) => answerChange(outcome, answer))
      .catch(() => answer.admitIgnorance());
  }

  status(connection: Connection, trader: Trader): void {
    connection.sayMessage(this.parts.privateData.tradingSnapshot(trader.account));
  }

  #placed(connection: Connection, outcome: PlaceOutcome, answer: Answer): void {
    if (outcome.kind === 'unknown') return answer.admitIgnorance();
    if (outcome.kind === 'refused') {
      answer.refuse(REFUSALS[outcome.reason].text);
      // The venue has forgotten what this connection's orders are bound to, as it does when it restarts: only another connection can be bound again.
      return outcome.reason === 'unknown_session' ? connection.end('session ended') : undefined;
    }
    if (outcome.kind === 'accepted') return;
    for (const report of outcome.reports) {
      const message = this.parts.privateData.reportMessage(report);
      if (message !== undefined) connection.sayMessage(message);
    }
  }
}

/** The order, or the text of its refusal. */
function orderOf(request: ClientRequest, instrument: ViewedInstrument, account: number): PlaceRequest | string {
  try {
    return readOrder(request, instrument, { account, clientIdName: 'clOrdID' });
  } catch (error) {
    if (!(error instanceof OrderFault)) throw error;
    return `Invalid ${error.member === 'orderQty' ? 'quantity' : error.member}`;
  }
}

/** What is said of a request that the account's reports do not answer: put into words when it is said, which is seldom. */
class Answer {
  /** @param named what names the order, member and value @param refused further members of a refusal */
  constructor(
    private readonly connection: Connection,
    private readonly action: string,
    private readonly named?: readonly [name: string, value: string | null | undefined],
    private readonly refused = '',
  ) {}

  /** Nothing has changed. */
  refuse(text: string): void {
    this.connection.reject(CHANNEL, text, `${this.#named}${this.refused}${this.#asked}`);
  }

  /** It may have been carried out or not: docs/exchange-websocket.md says what the client does then. */
  admitIgnorance(): void {
    const text = jsonText(UNKNOWN_OUTCOME.text);
    this.connection.say(`,"event":"unknown","channel":"${CHANNEL}","text":${text}${this.#named},"ordStatus":"unknown"${this.#asked}`); // prettier-ignore
  }

  get #asked(): string {
    return `,"action":${jsonText(this.action)}`;
  }

  get #named(): string {
    const [name = '', value] = this.named ?? [];
    return typeof value === 'string' ? `,"${name}":${jsonText(value.slice(0, 32))}` : '';
  }
}

function answerChange(outcome: ChangeOutcome | MassCancelOutcome, answer: Answer): void {
  if (outcome.kind === 'done') return;
  if (outcome.kind === 'unknown') return answer.admitIgnorance();
  // Orders of others, and orders that are no longer open, are told from orders that never were by nobody.
  answer.refuse(outcome.kind === 'rejected' ? REJECTS[outcome.reason].text : REFUSALS[outcome.reason].text);
}
