import { type Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { type Trader } from '../access/access.js';
import { jsonText } from './json-text.js';
import { endings, type Ending } from './metrics.js';
import { Outbox, type OutboxLimits } from './outbox.js';
import { type SharedMessage } from './shared-message.js';
import { type Subscription } from './topic.js';
import { type Turn } from './turn.js';

/** RFC 6455 §7.4.1, and the registry of its codes (1012, 1013). */
const CLOSE_CODES: Partial<Record<Ending, number>> = {
  'authentication failed': 1008,
  /** Try again later. */
  unavailable: 1013,
  'key changed': 1008,
  /** Service restart: connect again. */
  'session ended': 1012,
  'protocol error': 1003,
  'going away': 1001,
};

/** One client's WebSocket: what it is subscribed to, who it stands for, and how it ends. */
export class Connection {
  readonly outbox: Outbox;
  /** By channel, and symbol where the channel has one. */
  readonly subscriptions = new Map<string, Subscription>();
  trader: Trader | undefined;
  #ending: Ending | undefined;
  #isPonged = true;

  /** @param onEnd called once, at once when it is ended here, before the socket is gone */
  constructor(
    private readonly ws: WebSocket,
    socket: Duplex,
    readonly address: string,
    parts: { readonly turn: Turn; readonly limits: OutboxLimits; readonly onEnd: () => void },
  ) {
    this.outbox = new Outbox(socket, parts.turn, parts.limits, {
      onHopeless: () => this.end('slow consumer'),
      isOpen: () => ws.readyState === WebSocket.OPEN,
    });
    this.#onEnd = parts.onEnd;
    ws.on('pong', () => (this.#isPonged = true));
    // What a peer does wrong in its frames is answered by `ws` with the code that says so; 'close' follows.
    ws.on('error', () => this.#ended('protocol error'));
    ws.on('close', () => this.#ended('client'));
  }

  readonly #onEnd: () => void;

  /** Nothing more is taken from it or said to it. */
  get isEnded(): boolean {
    return this.#ending !== undefined;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** @param body from `,"event":` on, without the closing brace */
  say(body: string): void {
    if (!this.isEnded) this.outbox.push(Buffer.from(`${body}}`, 'latin1'));
  }

  sayMessage(message: SharedMessage): void {
    if (!this.isEnded) this.outbox.push(message);
  }

  /** @param members further members, each beginning with a comma */
  reject(channel: string, text: string, members = ''): void {
    const named = channel === '' ? '' : `,"channel":${jsonText(channel.slice(0, 32))}`;
    this.say(`,"event":"rejected"${named},"text":${jsonText(text)}${members}`);
  }

  /**
   * Some endings are said, with a close frame after what was said before. Where that would only give an abuser or a dead peer more time, the socket is gone at
   * once: after `close()` a peer may go on sending until it answers.
   */
  end(reason: Ending): void {
    if (this.isEnded) return;
    const code = CLOSE_CODES[reason];
    if (code !== undefined) this.outbox.flush();
    this.#ended(reason);
    if (code === undefined) this.ws.terminate();
    else this.ws.close(code, reason);
  }

  /** Asks the peer for a sign of life; one that has given none since it was last asked is gone. */
  probe(): void {
    if (!this.#isPonged) return this.end('silent');
    this.#isPonged = false;
    this.ws.ping();
  }

  #ended(reason: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    endings.inc({ reason });
    this.#onEnd();
  }
}
