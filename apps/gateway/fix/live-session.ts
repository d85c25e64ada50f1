/** A session that is logged on: its rules, its numbers and its application together, over one wire. */
import { DatabaseUnavailable } from '@base/database';
import { type CommandEffects } from '@core/venue-view';
import { type Trader } from '../access/access.js';
import { Application } from './application/application.js';
import { type Conversation, Unanswered } from './application/conversation.js';
import { MarketData } from './application/market-data.js';
import { OrderNames } from './application/order-names.js';
import { FixBody, type FixMessage, isAdmin, MSG } from './fix-message.js';
import { FixSession, type Outbound, type SessionEffect } from './fix-session.js';
import { type FixParts, type FixSettings } from './fix-settings.js';
import { type HeldSession, type KeptMessage } from './held-session.js';
import { isAfter, type Listening } from './report-tap.js';
import { catchUp } from './tell-reports.js';
import { type Wire } from './wire.js';

const AHEAD_MAX = 1_000;
const RESEND_PAGE = 500;
/** Market data of this connection that can be sent again. */
const PASSING_MAX = 5_000;
/** Handlers that are under way when the connection ends get so long. */
const ENDING_MS = 25_000;
/** How far the session has been told is written this often when nothing else is. */
const NOTE_MS = 10_000;
const INTERNAL_ERROR = 0;
const SETTLEMENT_BEHIND = 'the exchange’s settlement is behind: log on again in a minute';

export interface LiveSessionParts {
  readonly parts: FixParts;
  readonly settings: FixSettings;
  readonly session: HeldSession;
  readonly trader: Trader;
  readonly wire: Wire;
  /** Ends the connection when what was sent has gone. */
  readonly end: (reason: string) => void;
  readonly inFlightChanged: () => void;
}

export class LiveSession {
  readonly #given: LiveSessionParts;
  #held: HeldSession;
  #rules: FixSession;
  #trader: Trader;
  #application: Application | undefined;
  readonly #marketData: MarketData;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #passing = new Map<number, KeptMessage>();
  #resending: Promise<void> = Promise.resolve();
  #deskSession: number | undefined;
  #beginning: Promise<void> = Promise.resolve();
  #isOver = false;
  #isReleased = false;
  #notedAt = 0;
  #listening: Listening | undefined;
  #names: OrderNames;

  constructor(given: LiveSessionParts) {
    this.#given = given;
    this.#held = given.session;
    this.#trader = given.trader;
    this.#rules = this.#rulesOf(given.session);
    this.#names = new OrderNames(given.session);
    this.#marketData = new MarketData(given.parts.feed, {
      send: (msgType, body) => this.#sendPassing(msgType, body),
      get isCongested() {
        return given.wire.isCongested;
      },
      giveUp: (reason) => given.end(reason),
    });
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get isHopeless(): boolean {
    return this.#given.wire.isHopeless || this.#held.isOverfull;
  }

  /** Answers the Logon. What happened while nobody was logged on is given its numbers first, so that the client sees that it misses them. */
  begin(message: FixMessage, receivedAt: number): Promise<void> {
    this.#beginning = this.#begin(message, receivedAt);
    return this.#beginning;
  }

  async #begin(message: FixMessage, receivedAt: number): Promise<void> {
    await this.#recallRequests();
    const isTold = await this.#tellMissed();
    if (this.#isOver) return;
    if (!isTold) return this.#refuseLogon(SETTLEMENT_BEHIND);
    await this.#setCancelOnDisconnect(message);
    if (this.#isOver) return;
    const effects = this.#rules.logon(message, this.#given.settings.now(), receivedAt);
    const unsent = effects.some(({ kind }) => kind === 'reset') ? await this.#reset() : [];
    if (this.#isOver) return;
    this.#application = new Application(this.#conversation(), this.#marketData);
    this.#held.connect((sent) => this.#write(sent));
    this.#do(effects);
    for (const { msgType, body } of unsent) this.#keep(this.#rules.number(msgType, body, true), true);
    if (this.#listening?.isOn !== true && !(await this.#tellMissed())) this.logout(SETTLEMENT_BEHIND);
  }

  receive(message: FixMessage): void {
    if (!this.#isOver) this.#do(this.#rules.receive(message, this.#given.settings.now()));
  }

  /** @param isHeldBack the client is not being read at the moment, so its silence says nothing */
  tick(now: number, isHeldBack: boolean): void {
    if (this.#isOver || this.#application === undefined) return;
    if (isHeldBack) this.#rules.heard(now);
    this.#do(this.#rules.tick(now));
    if (this.#deskSession !== undefined && !this.#given.parts.feed.isConnected)
      this.logout('the connection to the exchange was lost: orders that go with this session have been canceled');
    if (now - this.#notedAt < NOTE_MS) return;
    this.#notedAt = now;
    this.#notePosition();
    this.#held.touch();
  }

  venueChanged(effects: CommandEffects): void {
    this.#marketData.changed(effects);
  }

  flushMarketData(): void {
    if (!this.#isOver) this.#marketData.flush();
  }

  traderChanged(now: Trader | undefined): void {
    if (now === undefined) this.logout('the API key is not valid any more');
    else this.#trader = now;
  }

  logout(text: string): void {
    if (!this.#isOver) this.#do(this.#rules.logout(text, this.#given.settings.now()));
  }

  /** The connection is about to end: a logon that is still under way takes up nothing more. */
  abandon(): void {
    this.#isOver = true;
  }

  /** The connection has ended. Resolves when the next logon may have the session. */
  async over(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#isOver = true;
    this.#rules.over();
    const { desk, store } = this.#given.parts;
    await Promise.allSettled([this.#beginning]);
    if (this.#deskSession !== undefined) desk.closeSession(this.#deskSession);
    const patience = new Promise((resolve) => setTimeout(resolve, ENDING_MS).unref());
    await Promise.race([Promise.allSettled(this.#inFlight), patience]);
    this.#notePosition();
    this.#stopTelling();
    await store.release(this.#held);
  }

  /** Another process speaks for the session: not a word more of it. */
  lost(): void {
    this.#isOver = true;
    this.#stopTelling();
    this.#held.disconnect();
    this.#given.end('taken over by another gateway');
  }

  async written(): Promise<void> {
    await this.#given.parts.store.written(this.#held);
  }

  #do(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#keep(effect.message, !isAdmin(effect.message.msgType));
          break;
        case 'deliver':
          this.#deliver(effect.message, effect.seq);
          break;
        case 'passed':
          this.#held.answered(effect.from, effect.through);
          break;
        case 'resend':
          this.#resend(effect.from, effect.through);
          break;
        case 'close':
          this.#given.end(effect.reason);
          break;
        case 'reset':
        case 'logged-on':
          break;
      }
    }
  }

  #deliver(message: FixMessage, seq: number): void {
    if (this.#held.progress.isAnswered(seq) || this.#application === undefined) return;
    const running: Promise<void> = this.#application.handle(message, seq).then(
      () => this.#held.answered(seq, seq),
      (error: unknown) => this.#failed(message, seq, error),
    );
    this.#inFlight.add(running);
    const done = (): void => {
      this.#inFlight.delete(running);
      this.#given.inFlightChanged();
    };
    running.then(done, done);
  }

  #failed(message: FixMessage, seq: number, error: unknown): void {
    if (error instanceof Unanswered || error instanceof DatabaseUnavailable)
      return this.logout('the exchange cannot be reached: log on again, and what was not answered is asked for');
    const { logger } = this.#given.parts;
    logger.error({ err: error, compId: this.#held.compId, msgType: message.msgType }, 'a FIX message was not handled');
    const body = new FixBody()
      .add(45, seq)
      .add(372, message.msgType)
      .add(380, INTERNAL_ERROR)
      .add(58, 'internal error');
    this.#send(MSG.BUSINESS_MESSAGE_REJECT, body.toString());
    this.#held.answered(seq, seq);
  }

  #send(msgType: string, body: string): void {
    this.#keep(this.#rules.number(msgType, body), true);
  }

  #sendPassing(msgType: string, body: string): void {
    if (this.#isOver) return;
    const message = this.#rules.number(msgType, body);
    this.#keep(message, false);
    this.#passing.set(message.seq, { ...message, madeAt: this.#given.settings.now(), isStored: false });
    const [oldest] = this.#passing.keys();
    if (this.#passing.size > PASSING_MAX && oldest !== undefined) this.#passing.delete(oldest);
  }

  #keep(message: Outbound, isStored: boolean): void {
    this.#held.add({ ...message, madeAt: this.#given.settings.now(), isStored });
  }

  #write(message: KeptMessage): void {
    const held = this.#held;
    this.#given.wire.send(message, () => held.sent(message.seq));
    this.#rules.sent(this.#given.settings.now());
  }

  /** One after the other; what is new waits, so that the client sees no further gap. */
  #resend(from: number, through: number): void {
    this.#resending = this.#resending.then(async () => {
      const last = Math.min(through, this.#held.writtenThrough);
      if (this.#isOver || last < from) return;
      this.#held.pause();
      try {
        await this.#sendAgain(from, last);
      } catch (error) {
        this.#given.parts.logger.warn({ err: error }, 'messages cannot be sent again');
        this.#given.end('messages cannot be read');
      } finally {
        this.#held.resume();
      }
    });
  }

  async #sendAgain(from: number, through: number): Promise<void> {
    const { wire, parts } = this.#given;
    const held = this.#held;
    await parts.store.written(held);
    let next = from;
    const fill = (first: number, end: number): Promise<void> => wire.fill(first, end, () => held.sentAgain(end - 1));
    while (next <= through && !this.#isOver) {
      const stored = await parts.store.messages(held.compId, next, through, RESEND_PAGE);
      const isLast = stored.length < RESEND_PAGE;
      const end = isLast ? through : (stored.at(-1)?.seq ?? through);
      const passing = [...this.#passing.values()].filter(({ seq }) => seq >= next && seq <= end);
      for (const message of [...stored, ...passing].sort((a, b) => a.seq - b.seq)) {
        await fill(next, message.seq);
        await wire.sendAgain(message, () => held.sentAgain(message.seq));
        next = message.seq + 1;
      }
      if (isLast) break;
    }
    if (!this.#isOver) await fill(next, through + 1);
  }

  async #tellMissed(): Promise<boolean> {
    const { parts, settings } = this.#given;
    const telling = {
      session: this.#held,
      names: this.#names,
      feed: parts.feed,
      send: (body: string) => this.#send(MSG.EXECUTION_REPORT, body),
      written: () => this.written(),
    };
    const { account } = this.#held.record;
    this.#listening = await catchUp(telling, {
      tap: parts.tap,
      missed: parts.missed,
      account,
      patienceMs: settings.catchUpPatienceMs,
      isOver: () => this.#isOver,
    });
    return this.#listening !== undefined;
  }

  /** Requests that earlier connections left unanswered: their reports may have come meanwhile. */
  async #recallRequests(): Promise<void> {
    const { compId, begunFence, nextIn } = this.#held.record;
    for (const { id, orderId, isCancel, seq } of await this.#given.parts.ids.askedSince(compId, begunFence, nextIn))
      if (!this.#held.progress.isAnswered(seq)) this.#names.ask(orderId, id, isCancel ? 'cancel' : 'replace');
  }

  /** What the session has been told of is everything that memory knows, as long as memory has not begun anew. */
  #notePosition(): void {
    const { tap } = this.#given.parts;
    if (this.#listening?.isOn === true && isAfter(tap.position, this.#held.position))
      this.#held.advance(tap.position, tap.time);
  }

  #stopTelling(): void {
    this.#listening?.stop();
    this.#listening = undefined;
  }

  /** Numbers begin at 1 again; reports that were never sent are sent under new ones. */
  async #reset(): Promise<readonly KeptMessage[]> {
    this.#notePosition();
    this.#stopTelling();
    this.#held.touch();
    await this.written();
    const { session, unsent } = await this.#given.parts.store.reset(this.#held, () => this.lost());
    this.#held = session;
    this.#names = new OrderNames(session);
    return unsent;
  }

  #refuseLogon(text: string): void {
    this.#held.connect((sent) => this.#write(sent));
    this.#keep(this.#rules.number(MSG.LOGOUT, new FixBody().add(58, text).toString()), false);
    this.#given.end(text);
  }

  /** Logon may carry 20001=Y or N: whether the venue cancels the session's orders when the connection ends. It is remembered. */
  async #setCancelOnDisconnect(message: FixMessage): Promise<void> {
    const given = message.get(CANCEL_ON_DISCONNECT);
    const isOn = given === undefined ? this.#held.record.isCancelledOnDisconnect : given === 'Y';
    if (isOn !== this.#held.record.isCancelledOnDisconnect)
      await this.#given.parts.store.setCancelOnDisconnect(this.#held, isOn);
    if (isOn) this.#deskSession = await this.#given.parts.desk.openSession();
  }

  #conversation(): Conversation {
    const { parts, settings } = this.#given;
    const live = this.#live();
    return {
      compId: this.#held.compId,
      fence: this.#held.record.fence,
      desk: parts.desk,
      feed: parts.feed,
      ids: parts.ids,
      history: parts.history,
      names: this.#names,
      deskSession: this.#deskSession,
      now: settings.now,
      patienceMs: settings.venuePatienceMs,
      get trader() {
        return live.trader();
      },
      isOpen: () => !this.#isOver,
      send: (msgType, body) => this.#send(msgType, body),
      sendPassing: (msgType, body) => this.#sendPassing(msgType, body),
      execId: (seq, part) => `L${this.#held.record.fence}.${seq}${part === undefined ? '' : `.${part}`}`,
    };
  }

  #live(): { trader: () => Trader } {
    return { trader: () => this.#trader };
  }

  #rulesOf(session: HeldSession): FixSession {
    const { settings } = this.#given;
    const names = { ours: settings.compId, theirs: session.compId };
    const limits = { clockSkewMaxMs: settings.clockSkewMaxMs, aheadMax: AHEAD_MAX };
    return new FixSession({ ...names, ...limits }, session.numbers);
  }
}

/** A user-defined field. */
const CANCEL_ON_DISCONNECT = 20_001;
