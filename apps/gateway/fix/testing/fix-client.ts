import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeMessage, FixReader } from '../fix-codec.js';
import { FixBody, type FixMessage } from '../fix-message.js';
import { formatTimestamp } from '../fix-time.js';

const PATIENCE_MS = 60_000;

/** A bare client: it sends what it is told to, right or wrong, and keeps what comes. */
export class FixClient {
  readonly got: FixMessage[] = [];
  isClosed = false;
  seq = 1;
  #read = 0;
  #wake: () => void = () => undefined;
  readonly #reader = new FixReader();

  private constructor(
    readonly socket: Socket,
    readonly compId: string,
  ) {
    socket.on('data', (chunk) => {
      for (const read of this.#reader.read(chunk)) if (read.kind === 'message') this.got.push(read.message);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** @param ca the certificate that the other side must have; plain TCP without it */
  static async open(port: number, compId: string, ca?: string): Promise<FixClient> {
    const host = '127.0.0.1';
    const socket = ca === undefined ? connect(port, host) : connectTls({ port, host, ca, checkServerIdentity: () => undefined }); // prettier-ignore
    const event = ca === undefined ? 'connect' : 'secureConnect';
    await new Promise<void>((resolve, reject) => socket.once(event, () => resolve()).once('error', reject));
    return new FixClient(socket, compId);
  }

  /** Sends a message with the next number, unless another is given. */
  send(
    msgType: string,
    body: FixBody | string,
    more: { seq?: number; at?: number; isAgain?: boolean; isPossResend?: boolean } = {},
  ): void {
    const seq = more.seq ?? this.seq;
    if (more.seq === undefined) this.seq += 1;
    const sendingTime = formatTimestamp(more.at ?? Date.now());
    const again = more.isAgain === true ? { origSendingTime: sendingTime } : {};
    const header = {
      msgType,
      seq,
      sender: this.compId,
      target: 'EXCHANGE',
      sendingTime,
      isPossResend: more.isPossResend,
      ...again,
    };
    this.socket.write(encodeMessage(header, body.toString()));
  }

  logOn(keyId: string, secret: string, more: FixBody = new FixBody(), at?: number): void {
    const body = new FixBody().add(98, 0).add(108, 30).add(553, keyId).add(554, secret).toString();
    this.send('A', body + more.toString(), at === undefined ? {} : { at });
  }

  order(
    id: string,
    more: { side?: '1' | '2'; quantity?: string; price?: string; isPossResend?: boolean } = {},
    again?: number,
  ): void {
    const { side = '1', quantity = '1', price = '100', isPossResend = false } = more;
    const body = new FixBody().add(11, id).add(55, 'BTC-USD').add(54, side).add(60, formatTimestamp(Date.now()));
    const options = { isPossResend, ...(again === undefined ? {} : { seq: again, isAgain: true }) };
    this.send('D', body.add(40, 2).add(38, quantity).add(44, price), options);
  }

  /** The next message of that type after the last one asked for. @throws when none comes, or the connection ends */
  async next(msgType: string, is: (message: FixMessage) => boolean = () => true): Promise<FixMessage> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      while (this.#read < this.got.length) {
        const message = this.got[this.#read];
        this.#read += 1;
        if (message?.msgType === msgType && is(message)) return message;
      }
      if (this.isClosed || Date.now() > deadline)
        throw new Error(
          `no ${msgType}: ${this.got.map((it) => `${it.msgType}#${it.get(34)} ${it.get(58) ?? ''}`).join(', ')}`,
        );
      await this.#something(100);
    }
  }

  /** Until the other side closes. */
  async closed(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.isClosed) {
      if (Date.now() > deadline) throw new Error('still connected');
      await this.#something(100);
    }
  }

  async drop(): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }

  #something(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
