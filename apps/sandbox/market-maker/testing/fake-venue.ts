import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

interface RestingOrder {
  readonly id: number;
  readonly clientId: string;
  readonly of: WebSocket;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  left: number;
}

type Frame = Readonly<Record<string, string>>;

/**
 * The other side of the wire (exchange-api.md §2, §3) for one market, and a price source: enough of a venue for orders to rest, to meet and to be cancelled with
 * their connection. Prices and sizes of specs are small numbers.
 */
export class FakeVenue {
  readonly book = new Map<number, RestingOrder>();
  readonly sockets = new Set<WebSocket>();
  requests = 0;
  /** Whether prices are published, and which. */
  price: string | undefined = '60000';
  balances: Readonly<Record<string, string>> = { BTC: '8', USD: '1000000' };
  readonly #server: Server;
  readonly #ws = new WebSocketServer({ noServer: true });
  readonly #priceTimer: NodeJS.Timeout;
  #lastId = 0;

  private constructor() {
    this.#server = createServer((_, response) => void response.end(SYMBOLS));
    this.#server.on('upgrade', (request, socket, head) =>
      this.#ws.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => undefined);
        if (request.url === '/prices') return;
        this.sockets.add(client);
        client.on('message', (data: Buffer) => this.#hear(client, JSON.parse(data.toString('utf8')) as Frame));
        client.on('close', () => this.#gone(client));
      }),
    );
    this.#priceTimer = setInterval(() => this.#publish(), 20);
  }

  static async open(): Promise<FakeVenue> {
    const venue = new FakeVenue();
    await new Promise<void>((resolve) => venue.#server.listen(0, '127.0.0.1', resolve));
    return venue;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    clearInterval(this.#priceTimer);
    for (const client of this.#ws.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  prices(side: 'buy' | 'sell'): number[] {
    return [...this.book.values()].flatMap((order) => (order.side === side ? [order.price] : [])).sort((a, b) => a - b);
  }

  #publish(): void {
    if (this.price === undefined) return;
    const text = JSON.stringify({ type: 'prices', prices: { 'BTC-USD': this.price } });
    for (const client of this.#ws.clients) if (!this.sockets.has(client)) client.send(text);
  }

  #gone(client: WebSocket): void {
    this.sockets.delete(client);
    for (const [id, { of }] of this.book) if (of === client) this.book.delete(id);
  }

  #hear(client: WebSocket, frame: Frame): void {
    this.requests += 1;
    const { action, channel } = frame;
    if (action === 'subscribe') {
      tell(client, { event: 'subscribed', channel });
      if (channel === 'trading') tell(client, { event: 'snapshot', channel, orders: [], positions: [] });
      if (channel === 'balances') this.#tellBalances(client);
    } else if (action === 'NewOrderSingle') this.#place(client, frame);
    else if (action === 'CancelOrderRequest') {
      const order = this.book.get(Number(frame['orderID']));
      if (order?.of !== client) return tell(client, { event: 'rejected', channel, text: 'Unknown order', action, orderID: frame['orderID'] }); // prettier-ignore
      this.book.delete(order.id);
      report(order, { ordStatus: 'cancelled', execType: '4' });
    }
  }

  #tellBalances(client: WebSocket): void {
    const balances = Object.entries(this.balances).map(([currency, text]) => `{"currency":"${currency}","balance":${text},"available":${text}}`); // prettier-ignore
    client.send(`{"event":"snapshot","channel":"balances","balances":[${balances.join(',')}]}`);
  }

  #place(client: WebSocket, frame: Frame): void {
    this.#lastId += 1;
    const { clOrdID: clientId = '', side: given } = frame;
    const side = given === 'buy' ? 'buy' : 'sell';
    const order = { id: this.#lastId, clientId, of: client, side, price: Number(frame['price']), left: Number(frame['orderQty']) } as const satisfies RestingOrder; // prettier-ignore
    const maker = [...this.book.values()].find((it) => it.side !== side && (side === 'buy' ? it.price <= order.price : it.price >= order.price)); // prettier-ignore
    if (frame['execInst'] === 'ALO') {
      if (maker !== undefined) return report(order, { ordStatus: 'rejected', execType: '8', text: 'Marketable AOL order' }); // prettier-ignore
      this.book.set(order.id, order);
      return report(order, { ordStatus: 'open', execType: '0' });
    }
    if (maker === undefined) return report(order, { ordStatus: 'cancelled', execType: '4' });
    const traded = Math.min(maker.left, order.left);
    maker.left -= traded;
    if (maker.left === 0) this.book.delete(maker.id);
    for (const it of [maker, { ...order, left: 0 }])
      report(it, { ordStatus: it.left === 0 ? 'filled' : 'partial', execType: 'F', lastPx: maker.price, lastShares: traded }); // prettier-ignore
  }
}

const tell = (client: WebSocket, message: Record<string, unknown>): void => client.send(JSON.stringify(message));

function report({ id, clientId, of, side, left }: RestingOrder, members: Record<string, unknown>): void {
  tell(of, { event: 'updated', channel: 'trading', orderID: String(id), clOrdID: clientId, symbol: 'BTC-USD', side, leavesQty: left, lastPx: 0, lastShares: 0, text: '', ...members }); // prettier-ignore
}

const SYMBOLS = JSON.stringify({
  'BTC-USD': {
    base_currency: 'BTC',
    base_currency_scale: 8,
    counter_currency: 'USD',
    counter_currency_scale: 2,
    min_price_increment: 1,
    min_price_increment_scale: 1,
    min_order_size: 50_000,
    min_order_size_scale: 8,
    max_order_size: 0,
    max_order_size_scale: 8,
    lot_size: 1,
    lot_size_scale: 8,
    status: 'open',
    id: 3,
  },
});
