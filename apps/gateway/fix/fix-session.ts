/**
 * One FIX session's rules (FIX 4.4, volume 2), without sockets, clocks or stores: messages and times in, effects out, in the order in which
 * they are to be done. Numbers outlive connections; the owner keeps them (`session-store.ts`) and begins the next connection with them.
 */
import { BEGIN_STRING } from './fix-codec.js';
import { faultOf, isKnownType, isStandardType } from './fix-dictionary.js';
import { FixBody, type FixMessage, MSG, SESSION_REJECT } from './fix-message.js';
import { parseTimestamp } from './fix-time.js';

/** A message with its number. Its body alone is kept: header and checksum are made when it is sent. */
export interface Outbound {
  readonly seq: number;
  readonly msgType: string;
  readonly body: string;
  /** Its content may have been sent under another number, before the client had the numbers reset. */
  readonly isPossResend?: boolean;
}

export type SessionEffect =
  | { readonly kind: 'send'; readonly message: Outbound }
  /** An application message, whose turn it is: once each, in order. */
  | { readonly kind: 'deliver'; readonly message: FixMessage; readonly seq: number }
  /** Numbers that need no application: of the session itself, or filled. */
  | { readonly kind: 'passed'; readonly from: number; readonly through: number }
  /** Send again what was sent under these numbers. */
  | { readonly kind: 'resend'; readonly from: number; readonly through: number }
  /** Both sides begin at 1 again: what was kept is void. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'logged-on' }
  | { readonly kind: 'close'; readonly reason: string };

export interface SessionSettings {
  readonly ours: string;
  readonly theirs: string;
  readonly clockSkewMaxMs: number;
  /** Messages behind a gap that are kept; what is beyond is asked for again. */
  readonly aheadMax: number;
}

export interface SessionNumbers {
  /** Expected from the other side. */
  readonly nextIn: number;
  readonly nextOut: number;
}

const LOGOUT_PATIENCE_MS = 2_000;
/** A request for what is missing that brought nothing is sent again after this. */
const GAP_PATIENCE_MS = 5_000;
const HEARTBEAT_SECONDS_MAX = 60;

export class FixSession {
  readonly #settings: SessionSettings;
  #nextIn: number;
  #nextOut: number;
  readonly #ahead = new Map<number, FixMessage>();
  #gap: { through: number; askedAt: number } | undefined;
  #heartbeatMs = 30_000;
  #isLoggedOn = false;
  #isOver = false;
  #loggingOutSince: number | undefined;
  #lastSentAt = 0;
  #lastReceivedAt = 0;
  #tested: number | undefined;
  #tests = 0;

  constructor(settings: SessionSettings, numbers: SessionNumbers) {
    this.#settings = settings;
    this.#nextIn = numbers.nextIn;
    this.#nextOut = numbers.nextOut;
  }

  get numbers(): SessionNumbers {
    return { nextIn: this.#nextIn, nextOut: this.#nextOut };
  }

  get isLoggedOn(): boolean {
    return this.#isLoggedOn && !this.#isOver;
  }

  /** Gives an application message the next number. */
  number(msgType: string, body: string, isPossResend = false): Outbound {
    const seq = this.#nextOut;
    this.#nextOut += 1;
    return isPossResend ? { seq, msgType, body, isPossResend } : { seq, msgType, body };
  }

  /** Something has just been written to the connection. */
  sent(now: number): void {
    this.#lastSentAt = now;
  }

  /** The first message of a connection, whose sender has been authenticated. @param receivedAt it may have waited since */
  logon(message: FixMessage, now: number, receivedAt = now): SessionEffect[] {
    this.#lastReceivedAt = now;
    this.#lastSentAt = now;
    const seq = message.seqNum;
    const interval = message.integer(108);
    const isReset = message.get(141) === 'Y';
    const fault = faultOf(message);
    if (fault !== undefined) return this.#end(`Logon: tag ${fault.tag}: ${fault.text}`);
    if (seq === undefined) return this.#end('Logon without a valid MsgSeqNum');
    if (message.get(98) !== '0') return this.#end('EncryptMethod (98) must be 0: use TLS');
    if (interval === undefined || interval < 1 || interval > HEARTBEAT_SECONDS_MAX)
      return this.#end(`HeartBtInt (108) must be 1 to ${HEARTBEAT_SECONDS_MAX}`);
    if (!this.#isTimely(message, receivedAt)) return this.#end('SendingTime accuracy problem');
    if (message.isPossDup) return this.#end('a Logon is never a possible duplicate (43)');
    if (isReset && seq !== 1) return this.#end('a Logon with ResetSeqNumFlag must have MsgSeqNum 1');
    const effects: SessionEffect[] = [];
    if (isReset) {
      this.#nextIn = 1;
      this.#nextOut = 1;
      effects.push({ kind: 'reset' });
    } else if (seq < this.#nextIn) return this.#end(this.#tooLow(seq));
    this.#heartbeatMs = interval * 1_000;
    this.#isLoggedOn = true;
    const body = new FixBody().add(98, 0).add(108, interval);
    effects.push(this.#send(MSG.LOGON, isReset ? body.add(141, 'Y') : body), { kind: 'logged-on' });
    if (seq === this.#nextIn) effects.push(this.#passed(seq));
    else if (seq > this.#nextIn) effects.push(...this.#missing(seq, now));
    return effects;
  }

  /** Any message after the Logon. */
  receive(message: FixMessage, now: number): SessionEffect[] {
    if (this.#isOver) return [];
    this.heard(now);
    if (message.beginString !== BEGIN_STRING) return this.#end(`Incorrect BeginString, expecting ${BEGIN_STRING}`);
    const seq = message.seqNum;
    if (seq === undefined) return this.#end('MsgSeqNum (34) is missing or invalid');
    const stranger = this.#strangerIn(message, now);
    if (stranger !== undefined) return [this.#reject(message, seq, stranger), ...this.#end(stranger.text)];
    const isReset = message.msgType === MSG.SEQUENCE_RESET && message.get(123) !== 'Y';
    if (isReset) return this.#sequenceReset(message, seq, now);
    if (seq < this.#nextIn) return message.isPossDup ? [] : this.#end(this.#tooLow(seq));
    if (seq > this.#nextIn) return this.#early(message, seq, now);
    return [...this.#process(message, seq, now), ...this.#drain(now)];
  }

  /** The other side is not silent: what it has sent waits to be read. */
  heard(now: number): void {
    this.#lastReceivedAt = now;
    this.#tested = undefined;
  }

  /** Call at least every second. */
  tick(now: number): SessionEffect[] {
    if (this.#isOver) return [];
    if (this.#loggingOutSince !== undefined)
      return now - this.#loggingOutSince >= LOGOUT_PATIENCE_MS ? this.#close('no answer to Logout') : [];
    const silence = now - this.#lastReceivedAt;
    const patience = this.#heartbeatMs * 1.2;
    if (this.#tested !== undefined && now - this.#tested >= patience) return this.#close('no answer to TestRequest');
    const effects: SessionEffect[] = [];
    if (this.#tested === undefined && silence >= patience) {
      this.#tested = now;
      this.#tests += 1;
      effects.push(this.#send(MSG.TEST_REQUEST, new FixBody().add(112, `T${this.#tests}`)));
    } else if (now - this.#lastSentAt >= this.#heartbeatMs) {
      this.#lastSentAt = now;
      effects.push(this.#send(MSG.HEARTBEAT, new FixBody()));
    }
    if (this.#gap !== undefined && now - this.#gap.askedAt >= GAP_PATIENCE_MS) effects.push(this.#ask(now));
    return effects;
  }

  /** Says goodbye and waits a moment for the answer. */
  logout(text: string, now: number): SessionEffect[] {
    if (this.#isOver || this.#loggingOutSince !== undefined) return [];
    this.#loggingOutSince = now;
    return [this.#send(MSG.LOGOUT, new FixBody().add(58, text))];
  }

  /** The connection has ended. */
  over(): void {
    this.#isOver = true;
  }

  #process(message: FixMessage, seq: number, now: number): SessionEffect[] {
    this.#nextIn = seq + 1;
    const fault = faultOf(message);
    if (fault !== undefined) return [this.#reject(message, seq, fault), { kind: 'passed', from: seq, through: seq }];
    switch (message.msgType) {
      case MSG.HEARTBEAT:
      case MSG.REJECT:
        return [this.#passed(seq)];
      case MSG.TEST_REQUEST:
        return [this.#send(MSG.HEARTBEAT, new FixBody().add(112, message.get(112))), this.#passed(seq)];
      case MSG.RESEND_REQUEST:
        return [...this.#resend(message), this.#passed(seq)];
      case MSG.SEQUENCE_RESET:
        return this.#gapFill(message, seq);
      case MSG.LOGOUT:
        return [this.#passed(seq), ...this.#answerLogout()];
      case MSG.LOGON:
        return [this.#passed(seq), ...this.#end('already logged on')];
      default:
        return this.#application(message, seq, now);
    }
  }

  #application(message: FixMessage, seq: number, now: number): SessionEffect[] {
    const { msgType } = message;
    // What comes after our own Logout is not acted upon: its sender asks for it again, with the number as it was.
    if (this.#loggingOutSince !== undefined && now >= this.#loggingOutSince) {
      this.#nextIn = seq;
      return [];
    }
    if (isKnownType(msgType)) return [{ kind: 'deliver', message, seq }];
    if (!isStandardType(msgType))
      return [
        this.#reject(message, seq, { tag: 35, reason: SESSION_REJECT.INVALID_MSG_TYPE, text: 'invalid MsgType' }),
        this.#passed(seq),
      ];
    const body = new FixBody().add(45, seq).add(372, msgType).add(380, 3).add(58, 'unsupported message type');
    return [this.#send(MSG.BUSINESS_MESSAGE_REJECT, body), this.#passed(seq)];
  }

  /** A number that is too high: what is missing is asked for, and this one waits. */
  #early(message: FixMessage, seq: number, now: number): SessionEffect[] {
    if (message.msgType === MSG.LOGOUT) return this.#answerLogout();
    const effects: SessionEffect[] = [];
    // Answered at once, or two sides that both miss something would wait for each other.
    if (message.msgType === MSG.RESEND_REQUEST && faultOf(message) === undefined)
      effects.push(...this.#resend(message));
    if (this.#ahead.size < this.#settings.aheadMax || this.#ahead.has(seq)) this.#ahead.set(seq, message);
    if (this.#gap === undefined || this.#nextIn > this.#gap.through) effects.push(...this.#missing(seq, now));
    return effects;
  }

  #drain(now: number): SessionEffect[] {
    const effects: SessionEffect[] = [];
    for (;;) {
      const message = this.#ahead.get(this.#nextIn);
      if (message === undefined || this.#isOver) break;
      this.#ahead.delete(this.#nextIn);
      // A resend request that came early has been answered when it came.
      if (message.msgType === MSG.RESEND_REQUEST) {
        this.#nextIn += 1;
        effects.push(this.#passed(this.#nextIn - 1));
      } else effects.push(...this.#process(message, this.#nextIn, now));
    }
    for (const seq of this.#ahead.keys()) if (seq < this.#nextIn) this.#ahead.delete(seq);
    if (this.#gap !== undefined && this.#nextIn > this.#gap.through) this.#gap = undefined;
    return effects;
  }

  #missing(seen: number, now: number): SessionEffect[] {
    this.#gap = { through: seen, askedAt: now };
    return [this.#ask(now)];
  }

  #ask(now: number): SessionEffect {
    if (this.#gap !== undefined) this.#gap.askedAt = now;
    return this.#send(MSG.RESEND_REQUEST, new FixBody().add(7, this.#nextIn).add(16, 0));
  }

  #resend(message: FixMessage): SessionEffect[] {
    const from = Math.max(message.integer(7) ?? 1, 1);
    const asked = message.integer(16) ?? 0;
    const last = this.#nextOut - 1;
    const through = asked === 0 || asked > last ? last : asked;
    return from > through ? [] : [{ kind: 'resend', from, through }];
  }

  #gapFill(message: FixMessage, seq: number): SessionEffect[] {
    const next = message.integer(36) ?? 0;
    if (next <= seq)
      return [
        this.#reject(message, seq, {
          tag: 36,
          reason: SESSION_REJECT.VALUE_IS_INCORRECT,
          text: 'NewSeqNo is not ahead',
        }),
        this.#passed(seq),
      ];
    this.#nextIn = next;
    return [{ kind: 'passed', from: seq, through: next - 1 }];
  }

  /** Without GapFillFlag: for emergencies. Its own number does not matter. */
  #sequenceReset(message: FixMessage, seq: number, now: number): SessionEffect[] {
    const fault = faultOf(message);
    if (fault !== undefined) return [this.#reject(message, seq, fault)];
    const next = message.integer(36) ?? 0;
    if (next < this.#nextIn) {
      const text = `NewSeqNo ${next} is below ${this.#nextIn}`;
      return [this.#reject(message, seq, { tag: 36, reason: SESSION_REJECT.VALUE_IS_INCORRECT, text })];
    }
    if (next === this.#nextIn) return [];
    const from = this.#nextIn;
    this.#nextIn = next;
    return [{ kind: 'passed', from, through: next - 1 }, ...this.#drain(now)];
  }

  /** What makes the sender another than it was, or its message not of now. */
  #strangerIn(message: FixMessage, now: number): { tag: number; reason: number; text: string } | undefined {
    const { ours, theirs } = this.#settings;
    if (message.get(49) !== theirs) return { tag: 49, reason: SESSION_REJECT.COMP_ID_PROBLEM, text: 'CompID problem' };
    if (message.get(56) !== ours) return { tag: 56, reason: SESSION_REJECT.COMP_ID_PROBLEM, text: 'CompID problem' };
    if (!this.#isTimely(message, now))
      return { tag: 52, reason: SESSION_REJECT.SENDING_TIME_ACCURACY, text: 'SendingTime accuracy problem' };
    if (!message.isPossDup) return undefined;
    const first = message.get(122);
    const again = parseTimestamp(message.get(52) ?? '');
    const firstAt = first === undefined ? undefined : parseTimestamp(first);
    if (first !== undefined && firstAt !== undefined && again !== undefined && firstAt > again)
      return { tag: 122, reason: SESSION_REJECT.SENDING_TIME_ACCURACY, text: 'OrigSendingTime is after SendingTime' };
    return undefined;
  }

  #isTimely(message: FixMessage, now: number): boolean {
    const text = message.get(52);
    const time = text === undefined ? undefined : parseTimestamp(text);
    // One that is missing or unreadable is a fault of its own, told when its turn comes.
    return time === undefined || Math.abs(now - time) <= this.#settings.clockSkewMaxMs;
  }

  #tooLow(seq: number): string {
    return `MsgSeqNum too low, expecting ${this.#nextIn} but received ${seq}`;
  }

  #reject(message: FixMessage, seq: number, fault: { tag: number; reason: number; text: string }): SessionEffect {
    const body = new FixBody().add(45, seq);
    if (fault.tag > 0) body.add(371, fault.tag);
    if (message.msgType !== '') body.add(372, message.msgType);
    return this.#send(MSG.REJECT, body.add(373, fault.reason).add(58, fault.text));
  }

  #answerLogout(): SessionEffect[] {
    if (this.#loggingOutSince !== undefined) return this.#close('logged out');
    return [this.#send(MSG.LOGOUT, new FixBody()), ...this.#close('the client logged out')];
  }

  #end(text: string): SessionEffect[] {
    return [this.#send(MSG.LOGOUT, new FixBody().add(58, text)), ...this.#close(text)];
  }

  #close(reason: string): SessionEffect[] {
    this.#isOver = true;
    return [{ kind: 'close', reason }];
  }

  #passed(seq: number): SessionEffect {
    if (this.#nextIn === seq) this.#nextIn = seq + 1;
    return { kind: 'passed', from: seq, through: seq };
  }

  #send(msgType: string, body: FixBody): SessionEffect {
    return { kind: 'send', message: this.number(msgType, body.toString()) };
  }
}
