import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import { SOCKET_PATH } from '../handshake.js';

/** A message of the door, read as clients do. */
export type Told = Record<string, unknown> & { readonly seqnum: number; readonly event: string };

const PATIENCE_MS = 60_000;

/** A client without opinions: keeps what it is told, and says what it is told to say. Checks that seqnums have no gap. */
export class SocketClient {
  readonly told: Told[] = [];
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  #waiting: (() => void)[] = [];
  #read = 0;
  #count = 0;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as Told;
      if (message.seqnum !== this.#count) throw new Error(`seqnum ${message.seqnum}, not ${this.#count}`);
      this.#count += 1;
      this.told.push(message);
      this.#wake();
    });
    ws.on('close', (code, reason) => {
      this.closedWith = { code, reason: reason.toString() };
      this.#wake();
    });
    ws.on('error', () => undefined);
  }

  static async open(port: number, options: ClientOptions = {}): Promise<SocketClient> {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${SOCKET_PATH}`, options);
    const client = new SocketClient(ws);
    await once(ws, 'open');
    return client;
  }

  say(request: Record<string, unknown> | string): void {
    this.ws.send(typeof request === 'string' ? request : JSON.stringify(request));
  }

  /** The next message that has not been read and is like this; what is before it is passed over. */
  async next(like: Record<string, unknown> = {}): Promise<Told> {
    return this.#until(
      () => {
        for (; this.#read < this.told.length; this.#read += 1) {
          const message = this.told[this.#read];
          if (message !== undefined && Object.entries(like).every(([name, value]) => message[name] === value)) {
            this.#read += 1;
            return message;
          }
        }
        return undefined;
      },
      `a message like ${JSON.stringify(like)}`,
    );
  }

  /** What was told so far is of no interest any more. @returns how many messages that were */
  forget(): number {
    this.#read = 0;
    return this.told.splice(0).length;
  }

  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#until(() => this.closedWith, 'the end');
  }

  /** Says it and waits for the acknowledgement. */
  async subscribe(request: Record<string, unknown>): Promise<Told> {
    this.say({ action: 'subscribe', ...request });
    return this.next({ channel: request.channel });
  }

  end(): void {
    this.ws.terminate();
  }

  async #until<T>(look: () => T | undefined, what: string): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited for ${what}; the last were ${JSON.stringify(this.told.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1_000));
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** A bare socket that has said what it was told to say as a handshake, and what was answered. */
export async function rawHandshake(
  port: number,
  { path = SOCKET_PATH, headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const lines = Object.entries({ host: 'x', upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`); // prettier-ignore
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return { socket, answer: answer.toString('latin1') };
}
