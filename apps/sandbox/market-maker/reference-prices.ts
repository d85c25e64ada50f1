import { WebSocket } from 'ws';
import { z } from 'zod';
import { decimalOf } from './decimal.js';

const FRESH_MS = 3_000;
const RETRY_MS = 1_000;
const HANDSHAKE_MS = 5_000;

const message = z.object({ type: z.literal('prices'), prices: z.record(z.string(), z.string().max(40)) });

/** Prices of the sandbox's venues, over their WebSockets. A reference is the median of those that are fresh; none when too few of them are. */
export class ReferencePrices {
  readonly #told = new Map<string, Map<string, { readonly price: bigint; readonly at: number }>>();
  readonly #sockets = new Map<string, WebSocket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;

  /** @param now of a steady clock, milliseconds */
  constructor(
    private readonly urls: readonly string[],
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(): void {
    for (const url of this.urls) this.#connect(url);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets.values()) socket.terminate();
  }

  /** Undefined when fewer than half of the sources speak: what one of them says alone may be wrong. */
  of(symbol: string): bigint | undefined {
    const from = this.now() - FRESH_MS;
    const fresh = [...this.#told.values()].flatMap((prices) => {
      const told = prices.get(symbol);
      return told !== undefined && told.at >= from ? [told.price] : [];
    });
    if (fresh.length * 2 < this.urls.length) return undefined;
    return fresh.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.floor(fresh.length / 2)];
  }

  /** What a source said; what is no price is left out. */
  tell(source: string, text: string): void {
    const prices = this.#told.get(source) ?? new Map<string, { price: bigint; at: number }>();
    this.#told.set(source, prices);
    for (const [symbol, price] of Object.entries(pricesIn(text))) {
      if (price > 0n) prices.set(symbol, { price, at: this.now() });
    }
  }

  #connect(url: string): void {
    const socket = new WebSocket(url, { handshakeTimeout: HANDSHAKE_MS, maxPayload: 16_384, perMessageDeflate: false });
    this.#sockets.set(url, socket);
    socket.on('message', (data: Buffer, isBinary) => void (isBinary || this.tell(url, data.toString('utf8'))));
    // The close that follows says all that is to be done.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#isStopped) return;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#connect(url);
      }, RETRY_MS);
      this.#timers.add(timer);
    });
  }
}

function pricesIn(text: string): Record<string, bigint> {
  try {
    const { prices } = message.parse(JSON.parse(text));
    return Object.fromEntries(Object.entries(prices).map(([symbol, price]) => [symbol, decimalOf(price)]));
  } catch {
    return {};
  }
}
