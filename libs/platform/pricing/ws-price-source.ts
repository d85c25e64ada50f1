import { parseRate, type Rate } from '@core/money';
import { type Logger } from '@base/observability';
import { WebSocket, type RawData } from 'ws';
import { z } from 'zod';
import { parsePair } from './pair.js';
import { priceMetrics } from './price-metrics.js';
import { type PriceListener, type PriceSource, type TickRefusal } from './price-source.js';

const MAX_MESSAGE_BYTES = 16_384;
const MAX_MESSAGES_PER_SECOND = 50;
const HANDSHAKE_TIMEOUT_MS = 5_000;
const HEARTBEAT_MS = 2_000;
/** Neither a message nor a pong for this long: the connection is dead even if TCP does not know yet. */
const SILENCE_MS = 7_000;
/** A message whose own time lies further back was held up on the way, and so are its prices; clocks are kept by NTP. */
const MAX_LAG_MS = 5_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;

const messageSchema = z.strictObject({
  type: z.literal('prices'),
  venue: z.string().max(64),
  sequence: z.number().int().nonnegative(),
  time: z.iso.datetime(),
  prices: z.record(z.string().max(20), z.string().max(40)).refine((prices) => Object.keys(prices).length <= 64),
});
type PriceMessage = z.infer<typeof messageSchema>;

export interface WsPriceSourceOptions {
  readonly name: string;
  readonly url: string;
  readonly logger: Logger;
  readonly wallClockMs?: () => number;
}

/**
 * Prices of one venue over WebSocket. Nothing the other side does can hurt the process: messages are bounded in size and rate, checked
 * against a schema, must not run backwards, and a silent connection is cut and made again with growing, jittered pauses.
 */
export class WsPriceSource implements PriceSource {
  readonly name: string;
  readonly #options: WsPriceSourceOptions;
  #connection: Connection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = true;

  constructor(options: WsPriceSourceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  start(listener: PriceListener): void {
    this.#stopped = false;
    this.#connect(listener);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#connection?.end();
  }

  #connect(listener: PriceListener): void {
    this.#connection = new Connection(this.#options, listener, {
      healthy: () => (this.#failures = 0),
      closed: (why) => this.#reconnect(listener, why),
    });
  }

  #reconnect(listener: PriceListener, why: string): void {
    if (this.#stopped) return;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    if (this.#failures === 1) this.#options.logger.warn({ source: this.name, why }, 'price source lost; reconnecting');
    this.#retry = setTimeout(() => this.#connect(listener), ceiling * (0.5 + Math.random() / 2));
    this.#retry.unref();
  }
}

interface ConnectionEvents {
  healthy(): void;
  closed(why: string): void;
}

/** One connection from handshake to end; the sequence of messages is judged within it, since a source that restarts counts anew. */
class Connection {
  readonly #socket: WebSocket;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #ended: Promise<void>;
  #sequence = -1;
  #heardAtMs = performance.now();
  #second = { startMs: 0, messages: 0 };
  #why = 'closed by the source';

  constructor(
    private readonly options: WsPriceSourceOptions,
    private readonly listener: PriceListener,
    private readonly events: ConnectionEvents,
  ) {
    this.#socket = new WebSocket(options.url, {
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
    this.#socket.on('open', () => priceMetrics.connected.set({ source: options.name }, 1));
    this.#socket.on('pong', () => (this.#heardAtMs = performance.now()));
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    this.#socket.on('error', (error) => (this.#why = error.message));
    this.#ended = new Promise((resolve) => {
      this.#socket.once('close', () => {
        clearInterval(this.#heartbeat);
        priceMetrics.connected.set({ source: options.name }, 0);
        events.closed(this.#why);
        resolve();
      });
    });
  }

  async end(): Promise<void> {
    this.#socket.terminate();
    await this.#ended;
  }

  #cut(why: string): void {
    this.#why = why;
    this.#socket.terminate();
  }

  #beat(): void {
    if (performance.now() - this.#heardAtMs > SILENCE_MS) return this.#cut('silent');
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heardAtMs = performance.now();
    if (this.#floods()) return this.#cut('too many messages');
    const message = isBinary ? undefined : parseMessage(textOf(data));
    if (!message) return this.#refuse('malformed');
    if (message.sequence <= this.#sequence) return this.#refuse('out_of_order');
    this.#sequence = message.sequence;
    if ((this.options.wallClockMs ?? Date.now)() - Date.parse(message.time) > MAX_LAG_MS) return this.#refuse('late');
    this.events.healthy();
    for (const [pair, text] of Object.entries(message.prices)) this.#price(pair, text);
  }

  #price(symbol: string, text: string): void {
    const pair = parsePair(symbol);
    if (!pair) return this.#refuse('unknown_pair');
    let price: Rate;
    try {
      price = parseRate(text, pair.base, pair.quote);
    } catch (error) {
      return this.#refuse(error instanceof RangeError ? 'not_positive' : 'malformed');
    }
    this.listener.tick({ pair: symbol, price });
  }

  #floods(): boolean {
    const now = performance.now();
    if (now - this.#second.startMs > 1_000) this.#second = { startMs: now, messages: 0 };
    this.#second.messages += 1;
    return this.#second.messages > MAX_MESSAGES_PER_SECOND;
  }

  #refuse(reason: TickRefusal): void {
    this.listener.refused(reason);
  }
}

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');

function parseMessage(text: string): PriceMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
