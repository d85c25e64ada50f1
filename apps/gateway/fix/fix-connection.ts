/** One TCP connection: bytes to messages, the time that a Logon may take, and what is read no further. */
import { type Socket } from 'node:net';
import { canonicalAddress } from '@platform/identity';
import { type CommandEffects } from '@core/venue-view';
import { type Trader } from '../access/access.js';
import { encodeMessage, FixReader } from './fix-codec.js';
import { FixBody, type FixMessage, MSG } from './fix-message.js';
import { fixMetrics } from './fix-metrics.js';
import { type FixParts, type FixSettings } from './fix-settings.js';
import { formatTimestamp } from './fix-time.js';
import { LiveSession } from './live-session.js';
import { logOn } from './log-on.js';
import { Wire } from './wire.js';

const GARBLED_MAX = 100;
/** Messages behind a Logon that has not been answered. */
const UNREAD_MAX = 100;
/** After the last message, this long for the client to close. */
const LINGER_MS = 2_000;
/** What the database has not taken by then is not waited for: it is sent to the next connection. */
const WRITTEN_MS = 5_000;

export class FixConnection {
  readonly #socket: Socket;
  readonly #parts: FixParts;
  readonly #settings: FixSettings;
  readonly #reader = new FixReader();
  readonly #deadline: number;
  readonly #released: (connection: FixConnection) => void;
  /** Read and not yet looked at: what came behind the Logon while that was being answered. */
  #unread: FixMessage[] = [];
  /** `beginning`: who it is is known, and what happened while he was away is being told. */
  #state: 'new' | 'logging-on' | 'beginning' | 'live' | 'ending' = 'new';
  #live: LiveSession | undefined;
  #stopWatching: (() => void) | undefined;
  #garbled = 0;
  #tokens: number;
  #refilledAt: number;
  #throttled: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    given: { parts: FixParts; settings: FixSettings; released: (it: FixConnection) => void },
  ) {
    this.#socket = socket;
    this.#parts = given.parts;
    this.#settings = given.settings;
    this.#released = given.released;
    this.#deadline = performance.now() + given.settings.logonTimeoutMs;
    this.#tokens = given.settings.messageBurst;
    this.#refilledAt = performance.now();
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => void this.#closed());
  }

  /** The client's address in one spelling. */
  get address(): string {
    return canonicalAddress(this.#socket.remoteAddress ?? '') ?? '';
  }

  tick(now: number): void {
    const isUnknown = this.#state === 'new' || this.#state === 'logging-on';
    if (isUnknown && performance.now() > this.#deadline) this.#end('no Logon in time');
    if (this.#state !== 'live') return;
    if (this.#live?.isHopeless === true) return this.#cut('slow consumer');
    this.#live?.tick(now, this.#unread.length > 0 || this.#socket.isPaused());
  }

  venueChanged(effects: CommandEffects): void {
    this.#live?.venueChanged(effects);
  }

  flushMarketData(): void {
    this.#live?.flushMarketData();
  }

  /** Says why, and ends. */
  logout(text: string): void {
    if (this.#state === 'live') return this.#live?.logout(text);
    this.#live?.abandon();
    this.#end(text);
  }

  cut(reason: string): void {
    this.#cut(reason);
  }

  #read(chunk: Buffer): void {
    if (this.#state === 'ending') return;
    for (const read of this.#reader.read(chunk)) {
      if (read.kind === 'oversized') return this.#cut('oversized message');
      if (read.kind === 'garbled') {
        fixMetrics.garbled();
        this.#garbled += 1;
        if (this.#garbled > GARBLED_MAX) return this.#cut('garbled messages');
        continue;
      }
      this.#tokens -= 1;
      this.#unread.push(read.message);
    }
    this.#work();
  }

  #work(): void {
    if (this.#state === 'new') {
      const logon = this.#unread.shift();
      if (logon !== undefined) void this.#logOn(logon);
    }
    while (this.#state === 'live' && this.#unread.length > 0 && !this.#isFull) {
      const message = this.#unread.shift();
      if (message !== undefined) this.#live?.receive(message);
    }
    this.#paceReading();
  }

  get #isFull(): boolean {
    return (this.#live?.inFlight ?? 0) >= this.#settings.inFlightMax;
  }

  /** Who sends faster than may be, or than the venue answers, is not read until it has evened out. */
  #paceReading(): void {
    const { messagesPerSecond, messageBurst } = this.#settings;
    const now = performance.now();
    this.#tokens = Math.min(messageBurst, this.#tokens + ((now - this.#refilledAt) * messagesPerSecond) / 1_000);
    this.#refilledAt = now;
    if (this.#tokens < 0 && this.#throttled === undefined) {
      fixMetrics.throttled();
      const wait = Math.ceil((-this.#tokens * 1_000) / messagesPerSecond);
      this.#throttled = setTimeout(() => {
        this.#throttled = undefined;
        this.#work();
      }, wait);
    }
    // Until the Logon is answered some is read all the same, or it would not be seen that the client has gone.
    const isFull = this.#state === 'live' ? this.#isFull : this.#unread.length > UNREAD_MAX;
    const isWaiting = this.#throttled !== undefined || isFull;
    if (isWaiting) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  async #logOn(message: FixMessage): Promise<void> {
    this.#state = 'logging-on';
    const receivedAt = this.#settings.now();
    try {
      const outcome = await logOn(this.#parts, this.#settings, {
        message,
        address: this.address,
        lost: () => this.#live?.lost(),
      });
      fixMetrics.logon(outcome.kind);
      if (outcome.kind === 'taken') return await this.#begin(message, { ...outcome, receivedAt });
      if (outcome.kind === 'refused') this.#sayGoodbye(message, outcome);
      this.#end(outcome.kind === 'refused' ? outcome.text : outcome.reason);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'a FIX logon could not be answered');
      this.#end('the logon could not be answered');
    }
  }

  async #begin(
    message: FixMessage,
    { trader, session, receivedAt }: { trader: Trader; session: LiveSessionHeld; receivedAt: number },
  ): Promise<void> {
    if (this.#state !== 'logging-on') return this.#parts.store.release(session);
    this.#state = 'beginning';
    const { compId: ours, now } = this.#settings;
    const live = new LiveSession({
      parts: this.#parts,
      settings: this.#settings,
      session,
      trader,
      wire: new Wire(this.#socket, { ours, theirs: session.compId, now }),
      end: (reason) => this.#end(reason),
      inFlightChanged: () => this.#work(),
    });
    this.#live = live;
    this.#stopWatching = this.#parts.access.onChanged(trader.keyId, (standing) => live.traderChanged(standing));
    await live.begin(message, receivedAt);
    if (this.#state !== 'beginning') return;
    this.#state = 'live';
    this.#parts.logger.info({ compId: session.compId }, 'FIX session logged on');
    this.#work();
  }

  /** A Logout outside of any session. */
  #sayGoodbye(message: FixMessage, { text, seq }: { text: string; seq: number }): void {
    const { compId: sender, now } = this.#settings;
    const header = {
      msgType: MSG.LOGOUT,
      seq,
      sender,
      target: message.get(49) ?? '',
      sendingTime: formatTimestamp(now()),
    };
    if (!this.#socket.destroyed) this.#socket.write(encodeMessage(header, new FixBody().add(58, text).toString()));
  }

  /** When what was said has been written, and the client has had a moment to read it. */
  #end(reason: string): void {
    if (this.#state === 'ending') return;
    this.#state = 'ending';
    this.#unread = [];
    this.#parts.logger.info({ reason, address: this.address }, 'FIX connection ended');
    const finish = (): void => {
      this.#socket.end();
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    };
    // Read on, or the client's own end would not be seen.
    this.#socket.resume();
    if (this.#live === undefined) return finish();
    const patience = new Promise<void>((resolve) => setTimeout(resolve, WRITTEN_MS).unref());
    void Promise.race([this.#live.written(), patience]).then(() => setImmediate(finish), finish);
  }

  /** At once. */
  #cut(reason: string): void {
    if (this.#state !== 'ending') this.#parts.logger.warn({ reason, address: this.address }, 'FIX connection cut');
    this.#state = 'ending';
    this.#unread = [];
    fixMetrics.cut();
    this.#socket.destroy();
  }

  async #closed(): Promise<void> {
    this.#state = 'ending';
    clearTimeout(this.#throttled);
    this.#stopWatching?.();
    await this.#live?.over().catch((error: unknown) => {
      this.#parts.logger.warn({ err: error }, 'a FIX session could not be let go of');
    });
    this.#released(this);
  }
}

type LiveSessionHeld = ConstructorParameters<typeof LiveSession>[0]['session'];
