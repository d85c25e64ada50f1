/** One socket: messages out, in order and in few writes; what was sent before, sent again. */
import { type Duplex } from 'node:stream';
import { once } from 'node:events';
import { encodeMessage } from './fix-codec.js';
import { FixBody, MSG } from './fix-message.js';
import { formatTimestamp } from './fix-time.js';
import { type KeptMessage } from './held-session.js';

export interface WireSettings {
  readonly ours: string;
  readonly theirs: string;
  readonly now: () => number;
}

/** Bytes that the client has not read: market data waits from here on. */
const CONGESTED_BYTES = 256 * 1_024;
/** And here the connection is given up. */
const HOPELESS_BYTES = 16 * 1_024 * 1_024;
/** A message that waited longer for the database is sent with the time at which it is sent. */
const STALE_MS = 10_000;

export class Wire {
  readonly #socket: Duplex;
  readonly #settings: WireSettings;
  #isCorked = false;

  constructor(socket: Duplex, settings: WireSettings) {
    this.#socket = socket;
    this.#settings = settings;
  }

  get isCongested(): boolean {
    return this.#socket.writableLength > CONGESTED_BYTES;
  }

  get isHopeless(): boolean {
    return this.#socket.writableLength > HOPELESS_BYTES;
  }

  /** @param taken called when the system has taken it to be sent, and never if the connection ends before */
  send(message: KeptMessage, taken: () => void): void {
    const now = this.#settings.now();
    const sendingTime = formatTimestamp(now - message.madeAt > STALE_MS ? now : message.madeAt);
    this.#write(encodeMessage({ ...this.#header(message), sendingTime }, message.body), taken);
  }

  /** With its number and the time at which it was sent first. */
  async sendAgain(message: KeptMessage, taken: () => void): Promise<void> {
    const times = {
      sendingTime: formatTimestamp(this.#settings.now()),
      origSendingTime: formatTimestamp(message.madeAt),
    };
    this.#write(encodeMessage({ ...this.#header(message), ...times }, message.body), taken);
    await this.#room();
  }

  /** Stands for numbers that are not sent again: `from` to `next - 1`. */
  async fill(from: number, next: number, taken: () => void): Promise<void> {
    if (next <= from) return;
    const time = formatTimestamp(this.#settings.now());
    const header = {
      ...this.#header({ seq: from, msgType: MSG.SEQUENCE_RESET }),
      sendingTime: time,
      origSendingTime: time,
    };
    this.#write(encodeMessage(header, new FixBody().add(123, 'Y').add(36, next).toString()), taken);
    await this.#room();
  }

  #header({ seq, msgType, isPossResend }: Pick<KeptMessage, 'seq' | 'msgType' | 'isPossResend'>) {
    const { ours, theirs } = this.#settings;
    return { msgType, seq, sender: ours, target: theirs, isPossResend };
  }

  /** What one turn of the event loop writes leaves in one go. */
  #write(bytes: Buffer, taken: () => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes, (error) => {
      if (error == null) taken();
    });
  }

  async #room(): Promise<void> {
    if (!this.isCongested || this.#socket.destroyed) return;
    const gone = new AbortController();
    const over = (): void => gone.abort();
    this.#socket.once('close', over);
    await once(this.#socket, 'drain', { signal: gone.signal }).catch(() => undefined);
    this.#socket.off('close', over);
  }
}
