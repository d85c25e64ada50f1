import { setTimeout as sleep } from 'node:timers/promises';
import { type Secret } from '@base/config';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Events } from '@base/events';
import { listen } from '@base/jobs';
import { type Logger } from '@base/observability';
import { type EngineEvent } from '@core/contracts';
import { type Ledger, LedgerMisuse, LedgerRefusal } from '@platform/ledger';
import {
  connectToPrimary,
  EventOrder,
  type ExchangeLink,
  HighestTerm,
  type PrimaryOptions,
} from '@platform/venue-link';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { inGap } from './gaps.js';
import { settlementMetrics } from './measure-settlement.js';
import { TRANSFERS_CHANNEL } from './move-money.js';
import { SendBustLegs } from './send-bust-legs.js';
import { SendTransfers } from './send-transfers.js';
import { SettleEvents } from './settle-events.js';
import { SettlementFault } from './settlement-fault.js';

export interface SettlerParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly logger: Logger;
}

export interface SettlerSettings {
  /** Of all processes of the venue that may be the primary. */
  readonly addresses: PrimaryOptions['addresses'];
  /** Of the role `settlement`. */
  readonly key: Secret;
  /** What this process knows of the venue's terms; shared with whoever else in it speaks to the venue. */
  readonly terms?: HighestTerm;
  /** Events in one transaction at most. */
  readonly batch?: number;
  /** A move that was not answered is sent again after this. */
  readonly resendMs?: number;
  /** How often moves are looked for without being told of one. */
  readonly lookMs?: number;
  readonly retryMs?: number;
}

const DEFAULTS = { batch: 500, resendMs: 10_000, lookMs: 1_000, retryMs: 500 };
/** Decoded events that may wait. Whoever falls further behind lets go of the link and comes back for the rest. */
const MOST_WAITING = 50_000;
/** One settler at a time; the checkpoint's own lock is what keeps two from settling the same. */
const LEADER_LOCK = 815_071;

/**
 * Follows the engine's event stream from the checkpoint on and settles it, batch by batch; hands moves to the engine. The stream brings only
 * what is durable, so nothing is settled that the engine could forget. Any failure ends the connection, and the next one begins again at the
 * checkpoint, which is all that it remembers.
 */
export class Settler {
  readonly #parts: SettlerParts;
  readonly #settings: SettlerSettings & typeof DEFAULTS & { readonly terms: HighestTerm };
  readonly #settle: SettleEvents;
  readonly #transfers: SendTransfers;
  readonly #bustLegs: SendBustLegs;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(parts: SettlerParts, settings: SettlerSettings) {
    this.#parts = parts;
    this.#settings = { ...DEFAULTS, terms: new HighestTerm(), ...settings };
    this.#settle = new SettleEvents(parts.ledger, parts.events, parts.clock);
    this.#transfers = new SendTransfers(parts.database, parts.clock);
    this.#bustLegs = new SendBustLegs(parts.database, parts.clock);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the batch at hand is committed and the link is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.#lead();
      } catch (error) {
        this.#failed(error);
      }
      settlementMetrics.connected(false);
      await sleep(this.#settings.retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** Waits to be the only one, and follows the stream until something ends that. */
  async #lead(): Promise<void> {
    const client = await this.#parts.database.dedicatedClient();
    const lost = { is: false };
    client.once('end', () => {
      lost.is = true;
      this.#wake();
    });
    try {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [LEADER_LOCK]);
      if (rows[0]?.won === true) await this.#follow(() => this.#isStopping || lost.is);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #follow(isOver: () => boolean): Promise<void> {
    let checkpoint = await readCheckpoint(this.#parts.database);
    const stream = await Stream.open(this.#settings, checkpoint, () => this.#wake());
    const unlisten = listen(this.#parts.database, TRANSFERS_CHANNEL, () => this.#woken());
    settlementMetrics.connected(true);
    try {
      while (!isOver()) {
        checkpoint = await this.#takeBatch(stream, checkpoint);
        settlementMetrics.lag(
          { released: stream.released, settled: Number(checkpoint.sequence), settledAt: checkpoint.eventAt },
          this.#parts.clock.now(),
        );
        if (stream.waiting > 0) continue;
        if (stream.end === 'from_the_future')
          throw new SettlementFault('ahead_of_exchange', `settled to ${checkpoint.sequence}`);
        if (stream.end !== undefined) return this.#parts.logger.warn({ end: stream.end }, 'the exchange’s link ended');
        await this.#send(stream.link);
        await this.#pause(stream);
      }
    } finally {
      stream.link.close();
      await unlisten();
    }
  }

  async #takeBatch(stream: Stream, checkpoint: Checkpoint): Promise<Checkpoint> {
    const events = stream.take(this.#settings.batch);
    if (events.length === 0) return checkpoint;
    inGap('read');
    const moved = await this.#parts.database.transaction((tx) => this.#settle.run(tx, events, checkpoint));
    inGap('settled');
    settlementMetrics.settled(events.length);
    return moved;
  }

  #areTransfersDue = true;
  #lookedAt = 0;

  #woken(): void {
    this.#areTransfersDue = true;
    this.#wake();
  }

  async #send(link: ExchangeLink): Promise<void> {
    const isTime = performance.now() - this.#lookedAt >= this.#settings.lookMs;
    if (!link.isOpen || (!this.#areTransfersDue && !isTime)) return;
    this.#areTransfersDue = false;
    this.#lookedAt = performance.now();
    const { resendMs } = this.#settings;
    const moves = await this.#transfers.run((command) => void link.send(command), resendMs);
    const legs = await this.#bustLegs.run((command) => void link.send(command), resendMs);
    if (moves + legs > 0) this.#areTransfersDue = true;
  }

  /** Until an event comes, a move is asked for, or it is time to look. */
  async #pause(stream: Stream): Promise<void> {
    if (stream.waiting > 0 || this.#areTransfersDue || this.#isStopping) return;
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const timer = setTimeout(() => this.#wake(), this.#settings.lookMs);
    await woken;
    clearTimeout(timer);
  }

  #failed(error: unknown): void {
    if (this.#isStopping) return;
    const isBooking = error instanceof LedgerMisuse || error instanceof LedgerRefusal;
    const code = error instanceof SettlementFault ? error.code : isBooking ? 'not_booked' : 'unavailable';
    // Of what has no name, or no place in the books, the next try will say the same.
    const isHalted = code !== 'overtaken' && code !== 'unavailable';
    settlementMetrics.failed(code, isHalted);
    const { logger } = this.#parts;
    if (isHalted) logger.error({ err: error }, 'the exchange cannot be settled; people have to look');
    else logger.warn({ err: error }, 'the settlement of the exchange begins again');
  }
}

/** The engine's events as they come, waiting to be settled. */
class Stream {
  readonly link: ExchangeLink;
  readonly #order: EventOrder;
  readonly #state: StreamState;

  private constructor(link: ExchangeLink, order: EventOrder, state: StreamState) {
    this.link = link;
    this.#order = order;
    this.#state = state;
  }

  /** From the event after the checkpoint on. */
  static async open(
    { addresses, key, terms }: Pick<Required<SettlerSettings>, 'addresses' | 'key' | 'terms'>,
    { sequence, index }: Checkpoint,
    onNews: () => void,
  ): Promise<Stream> {
    const order = new EventOrder(Number(sequence), index);
    const state: StreamState = { events: [], taken: 0, released: 0, end: undefined };
    const link = await connectToPrimary({
      addresses,
      terms,
      key,
      keyName: 'settlement',
      order,
      onEvent: (event) => {
        state.events.push(event);
        if (state.events.length - state.taken > MOST_WAITING) link.destroy();
        onNews();
      },
      onReleased: (released) => (state.released = released),
      onClosed: (end) => {
        state.end = end;
        onNews();
      },
    });
    state.released = link.welcome.nextSequence - 1;
    // Of the checkpoint's command more events may follow; before any, the stream begins with the first.
    link.subscribe(sequence === 0n ? 1 : Number(sequence));
    return new Stream(link, order, state);
  }

  get waiting(): number {
    return this.#state.events.length - this.#state.taken;
  }

  get released(): number {
    return Math.max(this.#state.released, this.#order.sequence);
  }

  get end(): string | undefined {
    return this.#state.end;
  }

  take(most: number): EngineEvent[] {
    const state = this.#state;
    const events = state.events.slice(state.taken, state.taken + most);
    state.taken += events.length;
    if (state.taken === state.events.length) {
      state.events = [];
      state.taken = 0;
    }
    return events;
  }
}

interface StreamState {
  events: EngineEvent[];
  taken: number;
  released: number;
  end: string | undefined;
}
