import { type Logger } from '@base/observability';
import { WebSocket, type RawData } from 'ws';
import { priceMetrics } from './price-metrics.js';

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Often enough that whoever asks when something was heard last is told of silence within their three seconds. */
const HEARTBEAT_MS = 1_000;
/** Neither a message nor a pong for this long: the connection is dead even if TCP does not know yet. */
const SILENCE_MS = 7_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;

export interface SocketSettings {
  /** Of the price source: labels its metrics and its lines in the log. */
  readonly name: string;
  readonly url: string;
  readonly logger: Logger;
  readonly maxMessageBytes: number;
  /** More than that is a flood, for which the connection is cut; without it whoever speaks on it sees to it by pausing. */
  readonly maxMessagesPerSecond?: number;
}

/** One connection as the one who speaks on it sees it. */
export interface SocketLink {
  /** When a message or a pong came last, or the connection was made: of `performance.now()`. */
  readonly heardAtMs: number;
  say(message: object): void;
  /** Ends this connection, which is made again. */
  cut(why: string): void;
  /** What came makes sense: the next loss is retried at once. */
  healthy(): void;
  /** Reads no more from the network; what was read already still comes. */
  pause(): void;
  resume(): void;
}

export interface SocketEvents {
  opened(): void;
  /** `undefined` is a binary message. */
  message(text: string | undefined): void;
  closed(): void;
}

/**
 * A WebSocket to somebody outside that is made again whenever it is lost. Nothing the other side does can hurt the process: messages are
 * bounded in size, and in rate where whoever speaks does not bound that, and a silent connection is cut and made again with growing, jittered pauses.
 */
export class ReconnectingSocket {
  readonly #settings: SocketSettings;
  #connection: Connection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = true;

  constructor(settings: SocketSettings) {
    this.#settings = settings;
  }

  /** @param speak made anew for each connection: what was said on an earlier one means nothing on the next */
  start(speak: (link: SocketLink) => SocketEvents): void {
    this.#stopped = false;
    this.#connect(speak);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#connection?.end();
  }

  #connect(speak: (link: SocketLink) => SocketEvents): void {
    this.#connection = new Connection(this.#settings, speak, {
      healthy: () => (this.#failures = 0),
      closed: (why) => this.#reconnect(speak, why),
    });
  }

  #reconnect(speak: (link: SocketLink) => SocketEvents, why: string): void {
    if (this.#stopped) return;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    const { name, logger } = this.#settings;
    if (this.#failures === 1) logger.warn({ source: name, why }, 'price source lost; reconnecting');
    this.#retry = setTimeout(() => this.#connect(speak), ceiling * (0.5 + Math.random() / 2));
    this.#retry.unref();
  }
}

class Connection implements SocketLink {
  readonly #socket: WebSocket;
  readonly #events: SocketEvents;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #ended: Promise<void>;
  #heardAtMs = performance.now();
  #second = { startMs: 0, messages: 0 };
  #why = 'closed by the source';

  constructor(
    private readonly settings: SocketSettings,
    speak: (link: SocketLink) => SocketEvents,
    private readonly owner: { healthy(): void; closed(why: string): void },
  ) {
    this.#socket = new WebSocket(settings.url, {
      maxPayload: settings.maxMessageBytes,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#events = speak(this);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
    this.#socket.on('open', () => {
      this.#heardAtMs = performance.now();
      priceMetrics.connected.set({ source: settings.name }, 1);
      this.#events.opened();
    });
    this.#socket.on('pong', () => (this.#heardAtMs = performance.now()));
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    this.#socket.on('error', (error) => (this.#why = error.message));
    this.#ended = new Promise((resolve) => {
      this.#socket.once('close', () => {
        clearInterval(this.#heartbeat);
        priceMetrics.connected.set({ source: settings.name }, 0);
        this.#events.closed();
        this.owner.closed(this.#why);
        resolve();
      });
    });
  }

  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  say(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  cut(why: string): void {
    this.#why = why;
    this.#socket.terminate();
  }

  healthy(): void {
    this.owner.healthy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async end(): Promise<void> {
    this.#socket.terminate();
    await this.#ended;
  }

  #beat(): void {
    if (performance.now() - this.#heardAtMs > SILENCE_MS) return this.cut('silent');
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #receive(data: RawData, isBinary: boolean): void {
    // What was read already still comes after a cut.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#heardAtMs = performance.now();
    if (this.#floods()) return this.cut('too many messages');
    this.#events.message(isBinary ? undefined : textOf(data));
  }

  #floods(): boolean {
    const now = performance.now();
    if (now - this.#second.startMs > 1_000) this.#second = { startMs: now, messages: 0 };
    this.#second.messages += 1;
    return this.#second.messages > (this.settings.maxMessagesPerSecond ?? Infinity);
  }
}

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
