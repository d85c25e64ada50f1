import { randomBytes } from 'node:crypto';
import { type Socket } from 'node:net';
import { Secret } from '@base/config';
import {
  CANCEL_ON_DISCONNECT,
  ENGINE_CODEC_VERSION,
  engineCommands,
  type Farewell,
  FIRST_LINK_CODE,
  type LinkMessage,
  linkMessages,
  type LinkRefusal,
  type LinkRole,
  type Standing,
} from '@core/contracts';
import { type Challenge, MessageReader, proofOf, provesKey, type Reading } from '@platform/venue-link';
import { adopt } from './adopt-socket.js';
import { type CommandSender } from './command-batch.js';
import { type EventHistory } from './event-history.js';
import { type EventRing } from './event-ring.js';
import { LinkOutput } from './link-output.js';
import { commandsOf } from './roles.js';
import { NO_TERM, type SealedTerm } from './standby/term-seal.js';

export interface LinkKey {
  readonly role: LinkRole;
  readonly key: Secret;
}

/** What links ask of the venue. */
export interface Venue {
  readonly ring: EventRing;
  readonly keys: ReadonlyMap<string, LinkKey>;
  readonly epoch: number;
  readonly heartbeatMs: number;
  /** The earliest command whose events can be had at all. */
  readonly oldestSequence: number;
  take(view: DataView, at: number, length: number, session: number, sender: CommandSender, number: number): boolean;
  openSession(): number | undefined;
  endSession(session: number): void;
  /** Events from before the ring, in pieces through `output.sendForeign` and then from the ring; balances at earlier commands. */
  readonly history: EventHistory | undefined;
  /** A follower takes neither commands nor subscriptions. */
  readonly standing: Standing;
  readonly term: SealedTerm;
  /** Whether this venue is, for all it knows, the primary: asked before anything leaves. */
  mayLeave(): boolean;
  /** Somebody has heard of a higher term; true when that is proven and this venue is the primary no more. */
  hear(term: SealedTerm): boolean;
  /** What a standby or an operator says about replication; false when it is out of turn. */
  converse(link: Link, message: LinkMessage): boolean;
  closed(link: Link, reason: Farewell | 'lost'): void;
}

const LONGEST = Math.max(engineCommands.longest, linkMessages.longest);
const HIGH = 0x1_0000_0000;
const PLACE = engineCommands.messages.place;
const MOST_SESSIONS = 65_536;
/** What was said last gets so long to be read. */
const LINGER_MS = 1_000;
/** Beats without a word after which the other side is taken for gone. */
const PATIENCE = 5;
/** A key that nobody knows, so that an unknown name is refused where, and when, a wrong key is. */
const NOBODY: LinkKey = { role: 'observer', key: new Secret(randomBytes(32).toString('hex')) };

type Of<K extends LinkMessage['kind']> = Extract<LinkMessage, { kind: K }>;

/** One connection, from the venue's side: handshake, numbered commands in, events out. */
export class Link implements CommandSender {
  readonly output: LinkOutput;
  readonly #venue: Venue;
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  /** By number: whether an order was bound to it. */
  readonly #sessions = new Map<number, boolean>();
  #state: 'greeting' | 'proving' | 'open' | 'closed' = 'greeting';
  #challenge: Challenge | undefined;
  #identity: LinkKey = NOBODY;
  #heard: SealedTerm = NO_TERM;
  #allowed = commandsOf('observer');
  #commands = 0;
  #isSubscribed = false;
  #isHeard = true;
  #silentBeats = 0;
  #beats = 0;
  #isReading = true;
  #isFlushDue = false;

  constructor(
    accepted: Socket,
    venue: Venue,
    readonly id: number,
  ) {
    this.#venue = venue;
    this.#reader = new MessageReader(LONGEST, this.#receive);
    this.#socket = adopt(accepted, this.#reader.buffer, (count) => {
      this.#isHeard = true;
      this.#judge(this.#reader.filled(count));
    });
    this.output = new LinkOutput(this.#socket, venue.ring, {
      tooSlow: () => this.close('too_slow'),
      room: () => this.resume(),
      mayLeave: () => venue.mayLeave(),
    });
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', () => this.#end('lost'));
  }

  get role(): LinkRole | undefined {
    return this.#state === 'open' ? this.#identity.role : undefined;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Goes on reading, where a command found no room. */
  resume(): void {
    if (this.#isReading || this.#state === 'closed') return;
    this.#isReading = true;
    this.#judge(this.#reader.resume());
    if (this.#isReading) this.#socket.resume();
  }

  /** Stops reading; what has been read whole is dealt with. */
  pause(): void {
    this.#isReading = false;
    this.#socket.pause();
  }

  sequenced(number: number, sequence: number, count: number): void {
    this.output.addRun(number, sequence, count);
  }

  refused(number: number, reason: LinkRefusal): void {
    this.output.say({ kind: 'refused', command: BigInt(number), reason });
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    // No release may come that would take it along.
    setImmediate(() => {
      this.#isFlushDue = false;
      this.output.flush();
    });
  }

  /** Once per heartbeat: says that it is alive if nothing else did, and whether the other side is. */
  beat(): void {
    this.#silentBeats = this.#isHeard ? 0 : this.#silentBeats + 1;
    this.#isHeard = false;
    // Whoever is not read from cannot be heard.
    if (!this.#isReading) this.#silentBeats = 0;
    if (this.#state === 'greeting' || this.#state === 'proving') {
      // Whoever sends a byte at a time has no more time than others.
      this.#beats += 1;
      if (this.#silentBeats >= 1 || this.#beats > PATIENCE) this.close('handshake_timeout');
      return;
    }
    if (this.#silentBeats >= PATIENCE) return this.close('heartbeat_missed');
    if (this.#state !== 'open' || this.output.takeActivity() || this.output.lag > 0) return;
    // One that is still being told of the past has not been told of all that is out.
    const released = this.#isSubscribed && this.output.cursor === undefined ? 0 : this.#venue.ring.releasedSequence;
    this.output.say({ kind: 'heartbeat', released: BigInt(released) });
    this.output.flush();
  }

  /** Says why, and ends. */
  close(reason: Farewell): void {
    if (this.#state === 'closed') return;
    this.#end(reason);
    this.#socket.pause();
    if (reason === 'too_slow') {
      this.#socket.destroy();
      return;
    }
    this.output.end({ kind: 'farewell', reason });
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #end(reason: Farewell | 'lost'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const [session, isBound] of this.#sessions) if (isBound) this.#venue.endSession(session);
    this.#sessions.clear();
    this.#venue.closed(this, reason);
  }

  #judge(reading: Reading): void {
    if (reading === 'drained') return;
    if (reading === 'stopped') this.pause();
    else this.close(reading);
  }

  readonly #receive = (_: Uint8Array, view: DataView, at: number, length: number): boolean => {
    if (this.#state === 'closed') return true;
    if (view.getUint8(at + 2) < FIRST_LINK_CODE) return this.#receiveCommand(view, at, length);
    const fault = linkMessages.fault(view, at, at + length);
    if (fault !== null) this.close(fault === 'unknown_version' ? 'wrong_version' : 'malformed');
    else this.#receiveControl(linkMessages.decode(view, at));
    return true;
  };

  #receiveCommand(view: DataView, at: number, length: number): boolean {
    const code = view.getUint8(at + 2);
    if (this.#state !== 'open') this.close('out_of_turn');
    else if (engineCommands.fault(view, at, at + length) !== null) this.close('malformed');
    else if (this.#allowed[code] !== 1) this.close('not_your_role');
    else return this.#number(view, at, length, code);
    return true;
  }

  /** Commands come in the order of their numbers: one that is missing, or there twice, would otherwise pass unnoticed. */
  #number(view: DataView, at: number, length: number, code: number): boolean {
    const number = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * HIGH;
    if (number !== this.#commands + 1) {
      this.close(number > this.#commands ? 'from_the_future' : 'repeated');
      return true;
    }
    if (this.output.isBehind) return false;
    const session = view.getUint32(at + 4, true);
    if (session !== 0 && !this.#sessions.has(session)) this.refused(number, 'unknown_session');
    else if (!this.#venue.take(view, at, length, session, this, number)) return false;
    else if (session !== 0 && code === PLACE.code) this.#bind(session, view.getUint8(at + PLACE.at.instructions));
    this.#commands = number;
    return true;
  }

  #bind(session: number, instructions: number): void {
    if ((instructions & CANCEL_ON_DISCONNECT) !== 0) this.#sessions.set(session, true);
  }

  #receiveControl(message: LinkMessage): void {
    if (message.kind === 'farewell') {
      this.#end('lost');
      this.#socket.end();
    } else if (this.#state === 'greeting' && message.kind === 'hello') this.#greet(message);
    else if (this.#state === 'proving' && message.kind === 'proof') this.#welcome(message);
    else if (this.#state === 'open') this.#converse(message);
    else this.close('out_of_turn');
    this.output.flush();
  }

  #greet({ nonce, key, engineVersion, term, seal }: Of<'hello'>): void {
    if (engineVersion !== ENGINE_CODEC_VERSION) return this.close('wrong_version');
    this.#identity = this.#venue.keys.get(key) ?? NOBODY;
    this.#challenge = { key, clientNonce: nonce, venueNonce: randomBytes(32) };
    this.#heard = { term, seal };
    this.#state = 'proving';
    this.output.say({ kind: 'challenge', nonce: this.#challenge.venueNonce });
  }

  #welcome({ proof }: Of<'proof'>): void {
    const { key, role } = this.#identity;
    const challenge = this.#challenge as Challenge;
    if (!provesKey(proof, 'client', key, challenge)) return this.close('wrong_key');
    const { ring, epoch, oldestSequence, heartbeatMs, standing, term } = this.#venue;
    if (this.#heard.term > term.term && this.#venue.hear(this.#heard)) return this.close('fenced');
    if (standing === 'follower' && role !== 'operator' && role !== 'standby') return this.close('not_primary');
    this.#state = 'open';
    this.#allowed = commandsOf(role);
    this.output.say({
      kind: 'welcome',
      proof: proofOf('venue', key, challenge),
      nextSequence: BigInt(ring.releasedSequence + 1),
      oldestSequence: BigInt(oldestSequence),
      epoch,
      link: this.id,
      heartbeatMs,
      engineVersion: ENGINE_CODEC_VERSION,
      role,
      standing,
      ...term,
    });
  }

  #converse(message: LinkMessage): void {
    switch (message.kind) {
      case 'subscribe':
        return this.#subscribe(Number(message.from));
      case 'open-session':
        return this.#openSession(message.reference);
      case 'close-session':
        return this.#closeSession(message.session);
      case 'heartbeat':
        return;
      case 'read-balances':
        if (this.#venue.history?.balances.read(this, message, this.#venue.ring) !== true) this.close('out_of_turn');
        return;
      default:
        if (!this.#venue.converse(this, message)) this.close('out_of_turn');
    }
  }

  #subscribe(from: number): void {
    const { ring, oldestSequence, standing, history } = this.#venue;
    if (this.#isSubscribed || this.role === 'standby') return this.close('out_of_turn');
    if (standing === 'follower') return this.close('not_primary');
    this.#isSubscribed = true;
    if (from > ring.releasedSequence + 1) return this.close('from_the_future');
    if (from === 0) return this.output.follow(ring.released);
    if (from < oldestSequence) return this.close('history_unavailable');
    const position = ring.locate(from);
    if (position !== undefined) this.output.follow(position);
    else if (history === undefined) this.close('history_unavailable');
    else history.feed(from, this, ring);
  }

  #openSession(reference: number): void {
    if (this.#allowed[PLACE.code] !== 1) return this.close('not_your_role');
    const session = this.#sessions.size < MOST_SESSIONS ? this.#venue.openSession() : undefined;
    if (session === undefined) return this.close('too_many_sessions');
    this.#sessions.set(session, false);
    this.output.say({ kind: 'session-opened', reference, session });
  }

  #closeSession(session: number): void {
    if (this.#sessions.get(session) === true) this.#venue.endSession(session);
    this.#sessions.delete(session);
  }
}
