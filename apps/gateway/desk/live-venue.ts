import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Secret } from '@base/config';
import { counter, gauge, type Logger } from '@base/observability';
import { type EngineEvent } from '@core/contracts';
import { type CommandEffects, type VenueSnapshot, VenueView } from '@core/venue-view';
import { connectToPrimary, EventOrder, type ExchangeLink, HighestTerm, type LinkEnd, type PrimaryOptions } from '@platform/venue-link'; // prettier-ignore
import { InFlight } from './in-flight.js';
import { LiveFeed } from './live-feed.js';
import { type OrderDesk } from './order-desk.js';
import { refusedTerms } from './refused-terms.js';
import { VenueDesk } from './venue-desk.js';
import { type VenueFeed } from './venue-feed.js';

export interface LiveVenueOptions {
  readonly addresses: PrimaryOptions['addresses'];
  readonly key: Secret;
  readonly keyName?: string;
  /** One for the whole process. */
  readonly terms?: HighestTerm;
  /** Where a view begins: `readVenueSnapshot` of the product. */
  readonly readSnapshot: () => Promise<VenueSnapshot>;
  readonly logger: Logger;
  /** More are refused as `overloaded`. */
  readonly mostInFlight?: number;
  /** The first pause between two tries to connect; it doubles up to a second. */
  readonly retryMs?: number;
  /** How long the answers of commands that the venue has, and could not tell of, are waited for while there is no connection. */
  readonly patienceMs?: number;
}

const MOST_PAUSE_MS = 1_000;
const SETTINGS = { keyName: 'gateway', mostInFlight: 20_000, retryMs: 50, patienceMs: 5_000 };
/** Ends of a link after which the events behind the last one seen cannot be had, or are of another history. */
const CANNOT_RESUME: readonly string[] = [
  'history_unavailable',
  'from_the_future',
  'gap',
  'malformed',
] satisfies LinkEnd[];

const connected = gauge({
  name: 'strongroom_gateway_venue_connected',
  help: '1 while orders can be entered at the exchange',
});
const lag = gauge({
  name: 'strongroom_gateway_venue_lag_commands',
  help: 'Commands released by the exchange and not in the view yet',
});
const reconnections = counter({
  name: 'strongroom_gateway_venue_connections_total',
  help: 'Connections made to the exchange',
});
const rebuilds = counter({ name: 'strongroom_gateway_venue_rebuilds_total', help: 'Views begun from a snapshot' });

/** A view with its place in the stream. */
interface Following {
  readonly view: VenueView;
  order: EventOrder;
  /** The last event taken, to be compared with what the next link says it was. */
  last: EngineEvent | undefined;
  /** Whether readers have it: from when it had come to what the venue had released. */
  isShown: boolean;
  target: bigint;
}

/**
 * The venue from a gateway's side: one connection, one view, one desk. It connects again by itself and goes on from the last event seen. Where
 * the venue cannot, or has another history than was seen (a standby that lacked the end of it was promoted), a new view is made from a snapshot
 * and takes the place of the old one when it has caught up.
 */
export class LiveVenue {
  readonly #options: LiveVenueOptions & typeof SETTINGS;
  readonly #terms: HighestTerm;
  readonly #inFlight = new InFlight();
  readonly #desk: VenueDesk;
  #feed: LiveFeed | undefined;
  #following: Following | undefined;
  #link: ExchangeLink | undefined;
  #lostAt: number | undefined;
  /** Of the primary that was followed last. */
  #term: number | undefined;
  /** On the present link. */
  #hasCaughtUp = false;
  #lag = 0;
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #onReady: () => void = () => undefined;

  private constructor(options: LiveVenueOptions) {
    this.#options = { ...SETTINGS, ...options };
    this.#terms = options.terms ?? new HighestTerm();
    const connection = {
      entryLink: () => (this.#isUsable ? this.#link : undefined),
      order: (orderId: bigint) => this.#following?.view.order(orderId),
    };
    this.#desk = new VenueDesk(connection, this.#inFlight, this.#options.mostInFlight);
  }

  /** Resolves when the view has caught up with what the venue had released: it tries until then, or until `signal` says to give up. */
  static async connect(options: LiveVenueOptions, signal?: AbortSignal): Promise<LiveVenue> {
    const venue = new LiveVenue(options);
    const ready = new Promise<void>((resolve) => (venue.#onReady = resolve));
    venue.#running = venue.#run();
    const givenUp = new Promise<never>((_, reject) =>
      signal?.addEventListener('abort', () => reject(new Error('gave up connecting to the exchange')), { once: true }),
    );
    try {
      await Promise.race([ready, givenUp]);
    } catch (error) {
      await venue.close();
      throw error;
    }
    return venue;
  }

  get desk(): OrderDesk {
    return this.#desk;
  }

  get feed(): VenueFeed {
    if (this.#feed === undefined) throw new Error('there is no feed before the view has caught up');
    return this.#feed;
  }

  /** Ends the connection; commands without an answer are `unknown`. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#link?.close();
    await this.#running;
    this.#inFlight.loseSequenced();
  }

  get #isUsable(): boolean {
    return this.#following?.isShown === true && this.#link?.isOpen === true;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let pause = this.#options.retryMs;
    while (!signal.aborted) {
      try {
        const end = await this.#follow();
        // A view that never catches up would else be made anew, and read the database, without a pause.
        pause = this.#hasCaughtUp ? this.#options.retryMs : Math.min(pause * 2, MOST_PAUSE_MS);
        if (!signal.aborted) this.#options.logger.warn({ end }, 'the connection to the exchange ended');
      } catch (error) {
        if (!signal.aborted) this.#options.logger.warn({ err: error }, 'no connection to the exchange');
        pause = Math.min(pause * 2, MOST_PAUSE_MS);
      }
      this.#losePatience();
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Connects and follows until the link ends; says why it did. */
  async #follow(): Promise<LinkEnd> {
    this.#following ??= await this.#begin();
    const following = this.#following;
    const check = takeUpAgain(following);
    const { addresses, key, keyName } = this.#options;
    let ended: (end: LinkEnd) => void = () => undefined;
    const end = new Promise<LinkEnd>((resolve) => (ended = resolve));
    const link = await connectToPrimary({
      ...{ addresses, key, keyName, terms: this.#terms, order: following.order },
      onEvent: (event) => this.#take(following, event, check),
      onSequenced: (command, first, count) => this.#inFlight.sequenced(command, first, count),
      onRefused: (command, reason) => this.#inFlight.refused(command, reason),
      onReleased: (sequence) => this.#release(following, BigInt(sequence)),
      onClosed: ended,
    });
    this.#begun(following, link);
    const reason = await end;
    this.#ended(reason);
    return reason;
  }

  #begun(following: Following, link: ExchangeLink): void {
    reconnections.inc();
    const { term } = link.welcome;
    // A standby that was promoted may lack the end of the history, and have other commands under the numbers that were given before.
    if (this.#term !== term) this.#inFlight.loseSequenced();
    this.#term = term;
    this.#link = link;
    this.#lostAt = undefined;
    this.#hasCaughtUp = following.isShown;
    following.target = BigInt(link.welcome.nextSequence - 1);
    const { resumeFrom } = following.order;
    link.subscribe(resumeFrom === 0 ? 1 : resumeFrom);
    if (this.#closing.signal.aborted) link.close();
    this.#showIfCaughtUp(following);
    connected.set(this.#isUsable ? 1 : 0);
  }

  #ended(reason: LinkEnd): void {
    this.#link = undefined;
    this.#lostAt = performance.now();
    connected.set(0);
    this.#desk.loseSessions();
    this.#inFlight.loseSent();
    if (CANNOT_RESUME.includes(reason)) this.#beginAgain(reason);
  }

  async #begin(): Promise<Following> {
    rebuilds.inc();
    const snapshot = await this.#options.readSnapshot();
    const { sequence, index } = snapshot.position;
    const following: Following = {
      view: new VenueView(snapshot, {
        onEffects: (effects) => this.#tell(following, effects),
        termsOf: (of) => {
          const place = this.#inFlight.placeOf(of);
          return place === undefined ? undefined : refusedTerms(place);
        },
      }),
      order: new EventOrder(Number(sequence), index),
      last: undefined,
      isShown: false,
      target: 0n,
    };
    return following;
  }

  #beginAgain(reason: string): void {
    this.#options.logger.warn({ reason }, 'the view of the exchange is made anew');
    this.#following = undefined;
    this.#inFlight.loseSequenced();
  }

  #take(following: Following, event: EngineEvent, check: Check): void {
    if (this.#following !== following) return;
    if (check.expected !== undefined) {
      const { expected } = check;
      check.expected = undefined;
      if (isDeepStrictEqual(event, expected)) return;
      return this.#breakOff('another history');
    }
    try {
      following.view.apply(event);
      following.last = event;
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the view of the exchange does not fit its events');
      this.#breakOff('the view does not fit');
    }
  }

  #release(following: Following, sequence: bigint): void {
    if (this.#following !== following) return;
    try {
      following.view.release(sequence);
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the view of the exchange does not fit its events');
      return this.#breakOff('the view does not fit');
    }
    this.#lags(Number(sequence - following.view.position.sequence));
    this.#showIfCaughtUp(following);
  }

  /** Nearly always by nothing, which is not worth telling for each order. */
  #lags(commands: number): void {
    if (commands === this.#lag) return;
    this.#lag = commands;
    lag.set(commands);
  }

  #breakOff(reason: string): void {
    this.#beginAgain(reason);
    this.#link?.destroy();
  }

  #tell(following: Following, effects: CommandEffects): void {
    if (following.isShown) this.#feed?.tell(effects);
    else this.#feed?.passTime(effects.time);
    this.#inFlight.answer(effects);
    if (!following.isShown) this.#showIfCaughtUp(following);
  }

  #showIfCaughtUp(following: Following): void {
    const { view, target } = following;
    if (following.isShown || view.position.sequence < target || this.#link === undefined) return;
    following.isShown = true;
    this.#hasCaughtUp = true;
    if (this.#feed === undefined) this.#feed = this.#feedOf(view);
    else this.#feed.show(view);
    connected.set(1);
    this.#onReady();
  }

  #feedOf(view: VenueView): LiveFeed {
    const { logger } = this.#options;
    return new LiveFeed(
      view,
      () => this.#isUsable,
      (error) => logger.error({ err: error }, 'a listener of the venue’s feed threw'),
    );
  }

  /** Answers that have not come for so long are not waited for any more. */
  #losePatience(): void {
    const since = this.#lostAt;
    if (since !== undefined && performance.now() - since > this.#options.patienceMs) this.#inFlight.loseSequenced();
  }
}

/** What the next link's first event must be. */
interface Check {
  expected: EngineEvent | undefined;
}

/** The last event seen is asked for again, and must be the same: a promoted standby may have another history under the same numbers. */
function takeUpAgain(following: Following): Check {
  const { last } = following;
  if (last !== undefined) following.order = new EventOrder(Number(last.sequence), last.origin - 1);
  return { expected: last };
}
