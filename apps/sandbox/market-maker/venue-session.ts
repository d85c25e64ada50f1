import { WebSocket, type RawData } from 'ws';
import { textOf } from './decimal.js';
import { type Balance, readMessage, type Report, type VenueMessage } from './messages.js';
import { type Side } from './quotes.js';

const HANDSHAKE_MS = 5_000;
const LARGEST_MESSAGE = 1 << 20;
const HEARTBEAT_MS = 5_000;

export interface NewOrder {
  readonly clientId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: bigint;
  readonly quantity: bigint;
  /** `rest`: refused rather than take anything. `take`: what cannot be had at once is not had. */
  readonly manner: 'rest' | 'take';
}

export interface SessionEvents {
  /** Authenticated and subscribed; these orders were open before. */
  ready(open: readonly Report[]): void;
  report(report: Report): void;
  balances(balances: readonly Balance[]): void;
  /** Of a request of this session. */
  rejected(refusal: Extract<VenueMessage, { event: 'rejected' }>): void;
  /** It is over; a session does not come back. */
  closed(why: string): void;
}

export interface SessionOptions {
  readonly url: string;
  /** Of the API key; it must be allowed to trade. */
  readonly secret: string;
  readonly events: SessionEvents;
}

/**
 * One connection to the venue's WebSocket for one API key. All its orders are cancelled by the venue when it ends, however it ends, so a new session begins
 * with nothing open.
 */
export class VenueSession {
  readonly #socket: WebSocket;
  readonly #heartbeat: NodeJS.Timeout;
  #isHeard = true;
  #why = 'closed by the venue';

  constructor(private readonly options: SessionOptions) {
    this.#socket = new WebSocket(options.url, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: LARGEST_MESSAGE,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#socket.on('open', () => this.#say({ action: 'subscribe', channel: 'auth', token: options.secret }));
    this.#socket.on('pong', () => (this.#isHeard = true));
    this.#socket.on('message', (data, isBinary) => this.#hear(data, isBinary));
    this.#socket.on('error', (error) => (this.#why = error.message));
    this.#socket.once('close', () => {
      clearInterval(this.#heartbeat);
      options.events.closed(this.#why);
    });
  }

  place({ clientId, symbol, side, price, quantity, manner }: NewOrder): void {
    this.#say({
      action: 'NewOrderSingle',
      channel: 'trading',
      clOrdID: clientId,
      symbol,
      ordType: 'limit',
      side,
      price: textOf(price),
      orderQty: textOf(quantity),
      ...(manner === 'rest' ? { timeInForce: 'GTC', execInst: 'ALO' } : { timeInForce: 'IOC' }),
    });
  }

  cancel(orderId: string): void {
    this.#say({ action: 'CancelOrderRequest', channel: 'trading', orderID: orderId });
  }

  cancelAll(): void {
    this.#say({ action: 'OrderMassCancelRequest', channel: 'trading' });
  }

  end(why: string): void {
    this.#why = why;
    this.#socket.terminate();
  }

  #hear(data: RawData, isBinary: boolean): void {
    this.#isHeard = true;
    const message = isBinary ? undefined : readMessage(bytesOf(data).toString('utf8'));
    if (message === undefined) return;
    const { events } = this.options;
    if (message.event === 'rejected') {
      if (message.channel === 'auth') return this.end('the venue does not know our key');
      return events.rejected(message);
    }
    if (message.channel === 'auth') {
      this.#say({ action: 'subscribe', channel: 'balances' });
      return this.#say({ action: 'subscribe', channel: 'trading', cancelOnDisconnect: true });
    }
    if (message.channel === 'balances') return events.balances(message.balances);
    if (message.event === 'snapshot') return events.ready(message.orders);
    events.report(message);
  }

  #beat(): void {
    if (!this.#isHeard) return this.end('silent');
    this.#isHeard = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #say(request: Record<string, unknown>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }
}

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);
