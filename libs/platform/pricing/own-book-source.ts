import { type Logger } from '@base/observability';
import { type BookFrame, type ExchangeFrame, readExchangeFrame, type SymbolsFrame } from './exchange-frames.js';
import { OwnBook, OWN_BOOK_RULES, type OwnBookRules } from './own-book.js';
import { pairOf } from './pair.js';
import { type NoTick, type PriceListener, type PriceSource } from './price-source.js';
import { ReconnectingSocket, type SocketEvents, type SocketLink } from './reconnecting-socket.js';

/** The name under which quotes give it among their sources. */
export const OWN_BOOK = 'own-book';

/** A snapshot has every level of a book. */
const MAX_MESSAGE_BYTES = 8 << 20;
/** A changed book is looked at so often, however much happens in it. */
const LOOK_MS = 100;
/**
 * So many messages are read between two looks. How many there are is up to the exchange's customers, who must not be able to cut the book off: what is not
 * read waits at the gateway, which tells a slow reader of the last state of each level only.
 */
const MESSAGES_PER_LOOK = 1_000;
/** One that has not changed is as good as it was, which is said so often. */
const REPEAT_MS = 1_000;
/** A change that is older than this when it arrives was held up on the way; clocks are kept by NTP. */
const MAX_LAG_MS = 5_000;
/** A gateway that is behind goes on sending late changes; when none has come for so long it has caught up. */
const LATE_MS = 5_000;
/** A connection on which nothing has been heard for so long is dead, and its books with it: as old as a price may be. */
const SILENCE_MS = 3_000;

export interface OwnBookSourceOptions {
  readonly url: string;
  readonly pairs: readonly string[];
  readonly logger: Logger;
  readonly rules?: OwnBookRules;
  readonly wallClockMs?: () => number;
}

/**
 * The order book of the platform's own exchange as a price source: a client of the exchange's public WebSocket like any other, so that whoever prices needs
 * to know nothing of the engine. A book that is not known in full, of an instrument that is not open, or in which too little stands has no price.
 */
export class OwnBookSource implements PriceSource {
  readonly name = OWN_BOOK;
  readonly kind = 'own-book';
  readonly #options: OwnBookSourceOptions;
  readonly #socket: ReconnectingSocket;

  constructor(options: OwnBookSourceOptions) {
    this.#options = options;
    const { url, logger } = options;
    this.#socket = new ReconnectingSocket({ name: OWN_BOOK, url, logger, maxMessageBytes: MAX_MESSAGE_BYTES });
  }

  start(listener: PriceListener): void {
    for (const pair of this.#options.pairs) listener.withdrawn(pair, 'disconnected');
    this.#socket.start((link) => new Watching(this.#options, listener, link));
  }

  stop(): Promise<void> {
    return this.#socket.stop();
  }
}

/** What one connection knows of one pair. */
interface Watched {
  readonly book: OwnBook;
  /** As `symbols` says; undefined while the exchange does not list it. */
  status: string | undefined;
  isSubscribed: boolean;
  hasSnapshot: boolean;
  /** While its changes come late the rest of them is still on its way, so until then no book of this gateway is what it is by now. */
  lateUntilMs: number;
  /** Why it has no price, as the listener was told last; undefined when that was a price. */
  told: NoTick | undefined;
  lookedAtMs: number;
}

/** One connection: its messages are numbered without a gap, and what an earlier one knew is forgotten. */
class Watching implements SocketEvents {
  readonly #watched: ReadonlyMap<string, Watched>;
  #next = 0;
  /** Whether the gateway has lost the exchange; undefined until it has said so. */
  #isAway: boolean | undefined;
  #knowsSymbols = false;
  #readSinceLook = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: OwnBookSourceOptions,
    private readonly listener: PriceListener,
    private readonly link: SocketLink,
  ) {
    const { pairs, rules = OWN_BOOK_RULES } = options;
    const begin = {
      status: undefined,
      isSubscribed: false,
      hasSnapshot: false,
      lateUntilMs: -Infinity,
    };
    this.#watched = new Map(
      pairs.map((pair) => [
        pair,
        { ...begin, book: new OwnBook(pairOf(pair), rules), told: 'disconnected', lookedAtMs: -Infinity },
      ]),
    );
  }

  opened(): void {
    this.link.say({ action: 'subscribe', channel: 'heartbeat' });
    this.link.say({ action: 'subscribe', channel: 'symbols' });
    this.#timer = setInterval(() => this.#nextTurn(), LOOK_MS);
    this.#timer.unref();
  }

  closed(): void {
    clearInterval(this.#timer);
    for (const [pair, watched] of this.#watched) this.#withdraw(pair, watched, 'disconnected');
  }

  message(text: string | undefined): void {
    this.#readSinceLook += 1;
    if (this.#readSinceLook === MESSAGES_PER_LOOK) this.link.pause();
    const frame = text === undefined ? undefined : readExchangeFrame(text);
    if (frame === undefined) {
      this.listener.refused('malformed');
      return this.link.cut('what it says is not understood');
    }
    if (frame.seqnum !== this.#next) {
      this.listener.refused('out_of_order');
      return this.link.cut('messages are missing');
    }
    this.#next += 1;
    this.#take(frame);
  }

  #nextTurn(): void {
    this.#look();
    this.#readSinceLook = 0;
    this.link.resume();
  }

  #take(frame: ExchangeFrame): void {
    if (frame.event === 'subscribed' || frame.event === 'rejected') return;
    switch (frame.channel) {
      case 'l2':
        return this.#book(frame);
      case 'symbols':
        return this.#symbols(frame);
      case 'heartbeat':
        this.#isAway = frame.venue === 'away';
        this.link.healthy();
        return this.#look();
    }
  }

  #symbols(frame: SymbolsFrame): void {
    this.#knowsSymbols = true;
    // What a snapshot does not list is not there any more.
    if (frame.event === 'snapshot') for (const watched of this.#watched.values()) watched.status = undefined;
    const rows = frame.event === 'snapshot' ? Object.entries(frame.symbols) : [[frame.symbol, frame] as const];
    for (const [pair, { status }] of rows) {
      const watched = this.#watched.get(pair);
      if (watched === undefined) continue;
      watched.status = status;
      if (watched.isSubscribed) continue;
      watched.isSubscribed = true;
      this.link.say({ action: 'subscribe', channel: 'l2', symbol: pair });
    }
    this.#look();
  }

  #book(frame: BookFrame): void {
    const watched = this.#watched.get(frame.symbol);
    if (watched === undefined) return;
    const { book } = watched;
    if (frame.event === 'snapshot') {
      book.clear();
      watched.hasSnapshot = true;
    }
    const lag = (this.options.wallClockMs ?? Date.now)() - Date.parse(frame.timestamp);
    const isLate = frame.event === 'updated' && lag > MAX_LAG_MS;
    watched.lateUntilMs = isLate ? performance.now() + LATE_MS : -Infinity;
    try {
      book.change(frame.bids, frame.asks);
    } catch {
      this.listener.refused('malformed');
      this.link.cut('a level that is none');
    }
  }

  #look(): void {
    const now = performance.now();
    const common = this.#commonObstacle(now);
    for (const [pair, watched] of this.#watched) {
      const why = common ?? this.#obstacle(watched, now);
      if (why !== undefined) this.#withdraw(pair, watched, why);
      else if (watched.told !== undefined || watched.book.isChanged || now - watched.lookedAtMs >= REPEAT_MS)
        this.#tell(pair, watched, now);
    }
  }

  /** What keeps every book of this connection from being believed. */
  #commonObstacle(now: number): NoTick | undefined {
    if (now - this.link.heardAtMs > SILENCE_MS) return 'disconnected';
    return this.#isAway === undefined ? 'no_snapshot' : this.#isAway ? 'venue_away' : undefined;
  }

  #obstacle({ status, hasSnapshot }: Watched, now: number): NoTick | undefined {
    if (status === undefined) return this.#knowsSymbols ? 'not_listed' : 'no_snapshot';
    if (status !== 'open') return 'not_open';
    if (!hasSnapshot) return 'no_snapshot';
    return [...this.#watched.values()].some(({ lateUntilMs }) => now < lateUntilMs) ? 'late' : undefined;
  }

  #tell(pair: string, watched: Watched, now: number): void {
    const view = watched.book.view();
    watched.lookedAtMs = now;
    if (view.kind === 'none') return this.#withdraw(pair, watched, view.why);
    watched.told = undefined;
    this.listener.tick({ pair, price: view.price, depth: view.depth });
  }

  #withdraw(pair: string, watched: Watched, why: NoTick): void {
    if (watched.told === why) return;
    watched.told = why;
    this.listener.withdrawn(pair, why);
  }
}
