import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Secret } from '@base/config';
import {
  decodeEvent,
  encodeCommand,
  ENGINE_CODEC_VERSION,
  engineCommands,
  type EngineCommandDraft,
  type EngineEvent,
  engineEvents,
  type Farewell,
  FIRST_LINK_CODE,
  type LinkMessage,
  type LinkMessageDraft,
  linkMessages,
  type LinkRefusal,
  type LinkRole,
  type PromotionRefusal,
  type ReplicationMode,
  type Standing,
} from '@core/contracts';
import { EventOrder } from './event-order.js';
import { HighestTerm } from './highest-term.js';
import { proofOf, provesKey } from './link-proof.js';
import { MessageReader, type Reading } from './message-reader.js';
import { type Replica } from './replica.js';

/** `lost`: the connection broke without a word. `gap`: an event was missing, which the venue must never do. */
export type LinkEnd = Farewell | 'lost' | 'gap' | 'unproven_venue' | 'stale_primary';

export interface ExchangeLinkOptions {
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number };
  /** The name under which the venue knows the key. */
  readonly keyName: string;
  readonly key: Secret;
  /** Where the events that this link is asked for begin: after what has been seen by then. */
  readonly order?: EventOrder;
  /** In the order of (sequence, index), none twice, none missing. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** The same, not decoded: the message lies at `at` in `view` until this returns. */
  readonly onEventBytes?: (view: DataView, at: number, length: number) => void;
  /** Commands `command` to `command + count - 1` of this link are durable as the venue's from `first` on. */
  readonly onSequenced?: (command: number, first: number, count: number) => void;
  readonly onRefused?: (command: number, reason: LinkRefusal) => void;
  /** Everything up to `sequence` has been sent. */
  readonly onReleased?: (sequence: number) => void;
  /** Remembers the highest term of the venue, over all links of this process: a primary of a lower one is refused, and told. */
  readonly terms?: HighestTerm;
  readonly replica?: Replica;
  readonly onClosed?: (end: LinkEnd) => void;
}

export interface Welcome {
  readonly role: LinkRole;
  readonly epoch: number;
  readonly nextSequence: number;
  readonly oldestSequence: number;
  readonly standing: Standing;
  readonly term: number;
}

/** What a follower answers: since when it is the primary, or why it is not. */
export type Promotion = { readonly term: number; readonly last: number } | { readonly refusal: PromotionRefusal };

type Of<K extends LinkMessage['kind']> = Extract<LinkMessage, { kind: K }>;

const HANDSHAKE_MS = 5_000;
/** Missed beats after which the venue is taken for gone. */
const PATIENCE = 5;
const OUT_BYTES = 64 * 1024;
const HIGH = 0x1_0000_0000;
const LONGEST = Math.max(engineEvents.longest, engineCommands.longest, linkMessages.longest);

/**
 * One connection to the venue, from the side that calls: authenticates both ways, numbers and sends commands, gives back events without
 * gap or repetition. It does not reconnect: whoever owns it makes another one with the same `EventOrder`, which then begins where this ended.
 */
export class ExchangeLink {
  readonly #options: ExchangeLinkOptions;
  readonly #socket: Socket;
  readonly #order: EventOrder;
  readonly #reader: MessageReader;
  readonly #sessions = new Map<number, (session: number) => void>();
  readonly #challenge: { key: string; clientNonce: Uint8Array; venueNonce: Uint8Array };
  #state: 'greeting' | 'proving' | 'open' | 'closed' = 'greeting';
  #welcome: Welcome | undefined;
  #settle: { resolve: (link: ExchangeLink) => void; reject: (error: Error) => void } | undefined;
  #end: LinkEnd = 'lost';
  readonly #terms: HighestTerm;
  #onPromoted?: (answer: Promotion) => void;
  #onReplicationSet?: (mode: ReplicationMode) => void;
  readonly #unanswered: ((error: Error) => void)[] = [];
  #isReading = true;
  #commands = 0;
  #references = 0;
  #out = new Uint8Array(OUT_BYTES);
  #outView = new DataView(this.#out.buffer);
  #outFilled = 0;
  #isFlushDue = false;
  #isHeard = true;
  #silentBeats = 0;
  #beat: NodeJS.Timeout | undefined;

  private constructor(options: ExchangeLinkOptions) {
    this.#options = options;
    this.#order = options.order ?? new EventOrder();
    this.#terms = options.terms ?? new HighestTerm();
    this.#challenge = { key: options.keyName, clientNonce: randomBytes(32), venueNonce: new Uint8Array(32) };
    this.#reader = new MessageReader(LONGEST, (_, view, at, length) => this.#receive(view, at, length));
    this.#socket = this.#dial();
  }

  /** Connects and authenticates. @throws Error whose message is the reason when the venue will not have it, or is not the venue */
  static connect(options: ExchangeLinkOptions): Promise<ExchangeLink> {
    return new Promise((resolve, reject) => {
      const link = new ExchangeLink(options);
      link.#settle = { resolve, reject };
    });
  }

  get welcome(): Welcome {
    if (this.#welcome === undefined) throw new Error('there is no welcome before the handshake');
    return this.#welcome;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get order(): EventOrder {
    return this.#order;
  }

  /** Bytes that wait for the venue to read them. A sender with much to say waits for them to become few. */
  get pendingBytes(): number {
    return this.#outFilled + this.#socket.writableLength;
  }

  /** Asks for events: from the last one seen on, or from `from`, or from what is released next if there is neither. Once. */
  subscribe(from = this.#order.resumeFrom): void {
    this.#say({ kind: 'subscribe', from: BigInt(from) });
  }

  /** Sends a command of `session` (0 for none) and answers its number on this link, which `onSequenced` or `onRefused` will name. */
  send(draft: EngineCommandDraft, session = 0): number {
    this.#assertOpen();
    this.#commands += 1;
    this.#reserve(engineCommands.longest);
    this.#outFilled += encodeCommand(draft, session, BigInt(this.#commands), this.#outView, this.#outFilled);
    return this.#commands;
  }

  /** The same for a command that is encoded already, of any session or number: a sender with many alike changes a few fields of one. */
  sendEncoded(command: Uint8Array, session = 0): number {
    this.#assertOpen();
    this.#commands += 1;
    this.#reserve(command.length);
    const at = this.#outFilled;
    this.#out.set(command, at);
    this.#outView.setUint32(at + 4, session, true);
    this.#outView.setUint32(at + 8, this.#commands % HIGH, true);
    this.#outView.setUint32(at + 12, Math.floor(this.#commands / HIGH), true);
    this.#outFilled += command.length;
    return this.#commands;
  }

  /** A new session: the venue cancels its CANCEL_ON_DISCONNECT orders when it, or this link, ends. */
  openSession(): Promise<number> {
    this.#references += 1;
    const reference = this.#references;
    this.#say({ kind: 'open-session', reference });
    return new Promise((resolve) => this.#sessions.set(reference, resolve));
  }

  closeSession(session: number): void {
    this.#say({ kind: 'close-session', session });
  }

  /** Tells a follower to become the primary; forced, also when it lacks what the primary had released. */
  promote(isForced = false): Promise<Promotion> {
    this.#say({ kind: 'promote', isForced: isForced ? 1 : 0 });
    return this.#answer((resolve) => (this.#onPromoted = resolve));
  }

  /** Tells a primary whether its standby must have a command before anybody is told of it. */
  setReplication(mode: ReplicationMode): Promise<ReplicationMode> {
    this.#say({ kind: 'set-replication', mode });
    return this.#answer((resolve) => (this.#onReplicationSet = resolve));
  }

  /** A message of replication's own: see `Replica`. */
  tell(message: LinkMessageDraft): void {
    this.#say(message);
  }

  /**
   * Reads no more of the socket until `resume`; what has been read by now still comes. The venue waits for nobody: it ends a link that is not read
   * for so long that it would have to keep events for it.
   */
  pause(): void {
    if (!this.#isReading || this.#state === 'closed') return;
    this.#isReading = false;
    this.#socket.pause();
  }

  /** Goes on reading, where a command found no room or after `pause`. */
  resume(): void {
    if (this.#isReading || this.#state === 'closed') return;
    this.#isReading = true;
    this.#judge(this.#reader.resume());
    if (this.#isReading) this.#socket.resume();
  }

  /** Takes leave. What was sent before still arrives. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.#say({ kind: 'farewell', reason: 'shutting_down' });
    this.#end = 'none';
    this.#flush();
    this.#socket.end();
  }

  /** Breaks off, as a process that dies does. */
  destroy(): void {
    this.#socket.destroy();
  }

  #dial(): Socket {
    const onread = {
      buffer: this.#reader.buffer,
      callback: (count: number) => {
        this.#isHeard = true;
        this.#judge(this.#reader.filled(count));
        return this.#isReading;
      },
    };
    const { address } = this.#options;
    const socket = connect('path' in address ? { ...address, onread } : { ...address, onread, noDelay: true });
    socket.on('error', () => undefined);
    socket.once('close', () => this.#closed());
    socket.setTimeout(HANDSHAKE_MS, () => this.#fail('handshake_timeout'));
    socket.once('connect', () => {
      const { key, clientNonce } = this.#challenge;
      this.#say({ kind: 'hello', nonce: clientNonce, key, engineVersion: ENGINE_CODEC_VERSION, ...this.#terms.sealed });
    });
    return socket;
  }

  #judge(reading: Reading): void {
    if (reading === 'stopped') {
      this.#isReading = false;
      this.#socket.pause();
    } else if (reading !== 'drained') this.#fail(reading);
  }

  #receive(view: DataView, at: number, length: number): boolean {
    if (this.#state === 'closed') return true;
    const { replica } = this.#options;
    const isControl = view.getUint8(at + 2) >= FIRST_LINK_CODE;
    if (!isControl && replica !== undefined) {
      if (this.#state === 'open' && engineCommands.fault(view, at, at + length) === null)
        return replica.onCommand(view, at, length);
      this.#fail('malformed');
    } else if (!isControl) this.#receiveEvent(view, at, length);
    else if (linkMessages.fault(view, at, at + length) !== null) this.#fail('malformed');
    else this.#receiveControl(linkMessages.decode(view, at));
    return true;
  }

  #receiveEvent(view: DataView, at: number, length: number): void {
    if (this.#state !== 'open' || engineEvents.fault(view, at, at + length) !== null) return this.#fail('malformed');
    const sequence = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * HIGH;
    const place = this.#order.place(sequence, view.getUint32(at + 4, true));
    if (place === 'gap') return this.#fail('gap');
    if (place === 'repeated') return;
    this.#options.onEventBytes?.(view, at, length);
    this.#options.onEvent?.(decodeEvent(view, at));
  }

  #receiveControl(message: LinkMessage): void {
    switch (message.kind) {
      case 'challenge':
        return this.#prove(message);
      case 'welcome':
        return this.#welcomed(message);
      case 'session-opened':
        this.#sessions.get(message.reference)?.(message.session);
        this.#sessions.delete(message.reference);
        return;
      case 'sequenced':
        return this.#options.onSequenced?.(Number(message.command), Number(message.first), message.count);
      case 'refused':
        return this.#options.onRefused?.(Number(message.command), message.reason);
      case 'heartbeat':
        if (message.released > 0n) this.#options.onReleased?.(Number(message.released));
        return;
      case 'farewell':
        this.#end = message.reason;
        this.#socket.destroy();
        return;
      case 'promoted':
        return this.#onPromoted?.({ term: message.term, last: Number(message.last) });
      case 'not-promoted':
        return this.#onPromoted?.({ refusal: message.reason });
      case 'replication-set':
        return this.#onReplicationSet?.(message.mode);
      default:
        if (this.#state !== 'open' || this.#options.replica === undefined) return this.#fail('out_of_turn');
        return this.#options.replica.onMessage(message);
    }
  }

  #prove({ nonce }: Of<'challenge'>): void {
    if (this.#state !== 'greeting') return this.#fail('out_of_turn');
    this.#state = 'proving';
    this.#challenge.venueNonce = nonce;
    this.#say({ kind: 'proof', proof: proofOf('client', this.#options.key, this.#challenge) });
  }

  #welcomed(message: Of<'welcome'>): void {
    if (this.#state !== 'proving') return this.#fail('out_of_turn');
    if (!provesKey(message.proof, 'venue', this.#options.key, this.#challenge)) return this.#fail('unproven_venue');
    if (message.engineVersion !== ENGINE_CODEC_VERSION) return this.#fail('wrong_version');
    if (message.standing === 'primary' && !this.#terms.accept(message)) return this.#fail('stale_primary');
    const { role, epoch, standing, term, heartbeatMs } = message;
    const { nextSequence, oldestSequence } = message;
    this.#welcome = {
      ...{ role, epoch, standing, term },
      nextSequence: Number(nextSequence),
      oldestSequence: Number(oldestSequence),
    };
    this.#state = 'open';
    this.#socket.setTimeout(0);
    this.#beat = setInterval(() => this.#onBeat(), heartbeatMs);
    this.#settle?.resolve(this);
    this.#settle = undefined;
  }

  #onBeat(): void {
    this.#silentBeats = this.#isHeard || !this.#isReading ? 0 : this.#silentBeats + 1;
    this.#isHeard = false;
    if (this.#silentBeats >= PATIENCE) return this.#fail('heartbeat_missed');
    if (this.pendingBytes === 0) this.#say({ kind: 'heartbeat', released: BigInt(this.#order.sequence) });
  }

  #say(message: LinkMessageDraft): void {
    if (this.#state === 'closed') return;
    this.#reserve(linkMessages.longest);
    this.#outFilled += linkMessages.encode(message, this.#outView, this.#outFilled);
  }

  /** What one turn of the event loop says goes out in one piece, at its end. */
  #reserve(bytes: number): void {
    if (this.#outFilled + bytes > this.#out.length) this.#flush();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    process.nextTick(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#outFilled === 0 || this.#socket.destroyed) return;
    this.#socket.write(this.#out.slice(0, this.#outFilled));
    this.#outFilled = 0;
  }

  #fail(end: LinkEnd): void {
    this.#end = end;
    this.#socket.destroy();
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearInterval(this.#beat);
    this.#settle?.reject(new Error(this.#end));
    this.#settle = undefined;
    for (const reject of this.#unanswered) reject(new Error(this.#end));
    this.#options.onClosed?.(this.#end);
  }

  /** Fails when the link ends before the answer comes. */
  #answer<Answer>(listen: (resolve: (answer: Answer) => void) => void): Promise<Answer> {
    if (this.#state === 'closed') return Promise.reject(new Error(this.#end));
    return new Promise((resolve, reject) => {
      listen(resolve);
      this.#unanswered.push(reject);
    });
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new Error(`this link is ${this.#state}`);
  }
}
