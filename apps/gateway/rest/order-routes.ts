import { type ViewedInstrument, type ViewedOrder } from '@core/venue-view';
import { ORDER_FILTERS, type OrderFilter } from '@products/venue';
import { type Trader } from '../access/access.js';
import { type NoAnswer, type PlaceRequest } from '../desk/order-desk.js';
import { type GatewayParts } from '../parts.js';
import { REFUSALS, REJECTS, UNKNOWN_OUTCOME } from '../rejects.js';
import { type AccountHistory } from './account-history.js';
import { encodeFill, encodeOrder } from './encode-orders.js';
import { type RequestFields } from './json-request.js';
import { printable } from './market-data-routes.js';
import { encodeRefusedOrder, orderOf } from './order-request.js';
import { readPage } from './query.js';
import { invalid, notFound, outcomeUnknown, unavailable } from './rest-refusal.js';
import { DONE, type RestRequest, type RestRoute } from './rest-routes.js';

const ORDER_ID = /^[1-9]\d{0,15}$/;
const FROZEN = 'The account is frozen: contact support';

/** Order entry and the account's orders and fills. */
export class OrderRoutes {
  constructor(
    private readonly parts: Pick<GatewayParts, 'desk' | 'feed' | 'clock'>,
    private readonly history: AccountHistory,
  ) {}

  get routes(): RestRoute[] {
    return [
      { method: 'POST', path: '/orders', access: 'trade', answer: ({ body }, trader) => this.#place(body, trader) },
      { method: 'GET', path: '/orders', access: 'view', answer: ({ query }, trader) => this.#list(query, trader) },
      { method: 'GET', path: '/orders/:id', access: 'view', answer: (request, trader) => this.#read(request, trader) },
      {
        method: 'DELETE',
        path: '/orders/:id',
        access: 'trade',
        answer: (request, trader) => this.#cancel(request, trader),
      },
      {
        method: 'DELETE',
        path: '/orders',
        access: 'trade',
        answer: (request, trader) => this.#cancelAll(request, trader),
      },
      { method: 'GET', path: '/fills', access: 'view', answer: ({ query }, trader) => this.#fills(query, trader) },
      { method: 'GET', path: '/trades', access: 'view', answer: ({ query }, trader) => this.#traded(query, trader) },
    ];
  }

  /** A business refusal is a 200 whose order is rejected; only what is no order at all is an error. */
  async #place(body: RequestFields, { account, isFrozen }: Trader): Promise<string> {
    const symbol = body.required('symbol');
    const instrument = this.#symbolOf(symbol);
    if (instrument.settlement !== 'spot') throw unknownSymbol(symbol);
    const request = orderOf(body, instrument, account);
    const now = this.parts.clock.now();
    if ('reason' in request)
      return encodeRefusedOrder(request, instrument, { text: REJECTS[request.reason].text, now });
    if (isFrozen)
      return encodeRefusedOrder({ ...request, reason: 'account_suspended' }, instrument, { text: FROZEN, now });
    return this.#enter(request, instrument);
  }

  async #enter(request: PlaceRequest, instrument: ViewedInstrument): Promise<string> {
    const outcome = await this.parts.desk.place(request);
    switch (outcome.kind) {
      case 'accepted':
        return encodeOrder(outcome.order, instrument);
      case 'rejected':
        return encodeOrder(outcome.order, instrument, REJECTS[outcome.reason].text);
      case 'refused':
      case 'unknown':
        throw noAnswer(outcome);
    }
  }

  async #cancel({ params }: RestRequest, { account }: Trader): Promise<string> {
    const orderId = orderIdOf(params['id']);
    const outcome = await this.parts.desk.cancel({ account, by: { orderId } });
    if (outcome.kind === 'done') return DONE;
    if (outcome.kind !== 'rejected') throw noAnswer(outcome);
    if (outcome.reason === 'unknown_order') throw notFound('Order not found');
    throw invalid(REJECTS[outcome.reason].text);
  }

  /** `symbol` in the body or in the query; a body that were not looked at would cancel everything. */
  async #cancelAll({ body, query }: RestRequest, { account }: Trader): Promise<string> {
    const named = [body.text('symbol'), query.text('symbol')].filter((symbol) => symbol !== undefined);
    if (new Set(named).size > 1) throw invalid('Body and query name different symbols');
    const [symbol] = named;
    const instrument = symbol === undefined ? undefined : this.#symbolOf(symbol).number;
    const outcome = await this.parts.desk.cancelAll({ account, ...(instrument !== undefined && { instrument }) });
    if (outcome.kind !== 'done') throw noAnswer(outcome);
    return DONE;
  }

  /** `clOrdId` is ours: whoever lost the answer to an order asks by the name that he gave it. */
  async #list(query: RequestFields, { account }: Trader): Promise<string> {
    const clientText = query.text('clOrdId');
    if (clientText !== undefined) {
      if (!/^[\x20-\x7e]{1,32}$/.test(clientText)) throw invalid('clOrdId must be printable ASCII characters');
      const order = await this.history.orderByClientText(account, clientText);
      return this.#encode(order === undefined ? [] : [order]);
    }
    const status = statusOf(query.text('status'));
    return this.#encode(
      await this.history.orders({ account, status, symbol: this.#symbolIn(query), ...readPage(query) }),
    );
  }

  async #read({ params }: RestRequest, { account }: Trader): Promise<string> {
    const order = await this.history.order(account, orderIdOf(params['id']));
    const instrument = order && this.parts.feed.instrumentOf(order.instrument);
    if (order === undefined || instrument === undefined) throw notFound('Order not found');
    return encodeOrder(order, instrument);
  }

  async #fills(query: RequestFields, { account }: Trader): Promise<string> {
    const fills = await this.history.fills({ account, symbol: this.#symbolIn(query), ...readPage(query) });
    const rows = fills.flatMap((fill) => {
      const instrument = this.parts.feed.instrumentOf(fill.instrument);
      return instrument === undefined ? [] : [encodeFill(fill, instrument)];
    });
    return `[${rows.join(',')}]`;
  }

  async #traded(query: RequestFields, { account }: Trader): Promise<string> {
    const page = { account, symbol: this.#symbolIn(query), ...readPage(query) };
    return this.#encode(await this.history.tradedOrders(page));
  }

  #encode(orders: readonly ViewedOrder[]): string {
    const rows = orders.flatMap((order) => {
      const instrument = this.parts.feed.instrumentOf(order.instrument);
      return instrument === undefined ? [] : [encodeOrder(order, instrument)];
    });
    return `[${rows.join(',')}]`;
  }

  #symbolIn(query: RequestFields): string | undefined {
    const symbol = query.text('symbol');
    return symbol === undefined ? undefined : this.#symbolOf(symbol).symbol;
  }

  /** @throws RestRefusal 422 */
  #symbolOf(symbol: string): ViewedInstrument {
    const instrument = this.parts.feed.instrument(symbol);
    if (instrument === undefined) throw unknownSymbol(symbol);
    return instrument;
  }
}

const unknownSymbol = (symbol: string): Error =>
  invalid(`Unknown symbol ${printable(symbol)}: GET /symbols lists those that exist`);

/** The venue has not said what became of a command, or would not take it. */
function noAnswer(outcome: NoAnswer): Error {
  return outcome.kind === 'unknown' ? outcomeUnknown(UNKNOWN_OUTCOME.text) : unavailable(REFUSALS[outcome.reason].text);
}

function orderIdOf(text: string | undefined): bigint {
  if (text === undefined || !ORDER_ID.test(text)) throw notFound('Order not found');
  return BigInt(text);
}

function statusOf(text: string | undefined): OrderFilter {
  const status = ORDER_FILTERS.find((filter) => filter === (text ?? 'OPEN').toUpperCase());
  if (status === undefined) throw invalid(`status must be one of ${ORDER_FILTERS.join(', ')}`);
  return status;
}
