import { parseRate, type Rate } from '@core/money';
import { type Logger } from '@base/observability';
import { z } from 'zod';
import { parsePair } from './pair.js';
import { type PriceListener, type PriceSource } from './price-source.js';
import { ReconnectingSocket, type SocketEvents, type SocketLink } from './reconnecting-socket.js';

const MAX_MESSAGE_BYTES = 16_384;
const MAX_MESSAGES_PER_SECOND = 50;
/** A message whose own time lies further back was held up on the way, and so are its prices; clocks are kept by NTP. */
const MAX_LAG_MS = 5_000;

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

/** Prices of one outside venue over WebSocket: messages are checked against a schema and must not run backwards. */
export class WsPriceSource implements PriceSource {
  readonly name: string;
  readonly kind = 'external';
  readonly #options: WsPriceSourceOptions;
  readonly #socket: ReconnectingSocket;

  constructor(options: WsPriceSourceOptions) {
    this.name = options.name;
    this.#options = options;
    const { name, url, logger } = options;
    const limits = { maxMessageBytes: MAX_MESSAGE_BYTES, maxMessagesPerSecond: MAX_MESSAGES_PER_SECOND };
    this.#socket = new ReconnectingSocket({ name, url, logger, ...limits });
  }

  start(listener: PriceListener): void {
    this.#socket.start((link) => new Listening(this.#options, listener, link));
  }

  stop(): Promise<void> {
    return this.#socket.stop();
  }
}

/** One connection; the sequence of messages is judged within it, since a source that restarts counts anew. */
class Listening implements SocketEvents {
  #sequence = -1;

  constructor(
    private readonly options: WsPriceSourceOptions,
    private readonly listener: PriceListener,
    private readonly link: SocketLink,
  ) {}

  opened(): void {}

  /** The last prices of a lost connection go stale by themselves. */
  closed(): void {}

  message(text: string | undefined): void {
    const message = text === undefined ? undefined : parseMessage(text);
    if (!message) return this.listener.refused('malformed');
    if (message.sequence <= this.#sequence) return this.listener.refused('out_of_order');
    this.#sequence = message.sequence;
    const lag = (this.options.wallClockMs ?? Date.now)() - Date.parse(message.time);
    if (lag > MAX_LAG_MS) return this.listener.refused('late');
    this.link.healthy();
    for (const [pair, price] of Object.entries(message.prices)) this.#price(pair, price);
  }

  #price(symbol: string, text: string): void {
    const pair = parsePair(symbol);
    if (!pair) return this.listener.refused('unknown_pair');
    let price: Rate;
    try {
      price = parseRate(text, pair.base, pair.quote);
    } catch (error) {
      return this.listener.refused(error instanceof RangeError ? 'not_positive' : 'malformed');
    }
    this.listener.tick({ pair: symbol, price });
  }
}

function parseMessage(text: string): PriceMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
