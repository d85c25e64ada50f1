import { type Place, type RecordBatch, type RecordSource, type RecordStream } from '@base/event-log';
import { type EngineEvent } from '@core/contracts';
import {
  connectToPrimary,
  EventOrder,
  type ExchangeLink,
  HighestTerm,
  type PrimaryOptions,
} from '@platform/venue-link';
import { engineRecord } from './engine-record.js';

export interface EngineSourceSettings {
  readonly topic: string;
  /** Of all processes of the venue that may be the primary. */
  readonly addresses: PrimaryOptions['addresses'];
  /** Of the role `observer`. */
  readonly key: PrimaryOptions['key'];
  readonly terms?: HighestTerm;
  /** Events in one batch at most. */
  readonly batch?: number;
  /** Events that may wait here; from then on the link is not read until half of them have gone. */
  readonly mostWaiting?: number;
}

const DEFAULTS = { batch: 500, mostWaiting: 4_000 };
const LOOK_MS = 1_000;

/**
 * The engine's events, through an observer's link, from any command on: the venue keeps them all. What is not taken is soon not read either, and the
 * venue, which waits for nobody, ends a link that is not read for long; the stream then ends when what had come is taken, and another begins there.
 */
export class EngineEventSource implements RecordSource {
  readonly stream = 'engine';
  readonly #settings: EngineSourceSettings & typeof DEFAULTS & { readonly terms: HighestTerm };

  constructor(settings: EngineSourceSettings) {
    this.#settings = { ...DEFAULTS, terms: new HighestTerm(), ...settings };
  }

  async open({ major: sequence, minor: index }: Place): Promise<EngineEventStream> {
    const { addresses, key, terms, topic, batch, mostWaiting } = this.#settings;
    const stream = new EngineEventStream({ topic, batch, mostWaiting });
    const link = await connectToPrimary({
      addresses,
      terms,
      key,
      keyName: 'observer',
      order: new EventOrder(Number(sequence), Number(index)),
      onEvent: (event) => stream.receive(event),
      onClosed: (end) => stream.ended(end),
    });
    // Of the checkpoint's command more events may follow; before any, the stream begins with the first.
    stream.follow(link, sequence === 0n ? 1 : Number(sequence));
    return stream;
  }
}

export class EngineEventStream implements RecordStream {
  readonly #settings: { readonly topic: string; readonly batch: number; readonly mostWaiting: number };
  #link: ExchangeLink | undefined;
  #events: EngineEvent[] = [];
  #end: string | undefined;
  #wake: () => void = () => undefined;

  constructor(settings: { readonly topic: string; readonly batch: number; readonly mostWaiting: number }) {
    this.#settings = settings;
  }

  /** Events that have come and were not taken. */
  get waiting(): number {
    return this.#events.length;
  }

  follow(link: ExchangeLink, from: number): void {
    this.#link = link;
    link.subscribe(from);
  }

  receive(event: EngineEvent): void {
    this.#events.push(event);
    if (this.#events.length >= this.#settings.mostWaiting) this.#link?.pause();
    this.#wake();
  }

  ended(end: string): void {
    this.#end = end;
    this.#wake();
  }

  async take(signal: AbortSignal): Promise<RecordBatch | undefined> {
    const { topic, batch, mostWaiting } = this.#settings;
    if (this.#events.length === 0) {
      if (this.#end !== undefined) throw new Error(`the exchange's link ended: ${this.#end}`);
      await this.#news(signal);
    }
    const taken = this.#events.splice(0, batch);
    if (this.#events.length < mostWaiting / 2) this.#link?.resume();
    const last = taken.at(-1);
    if (last === undefined) return undefined;
    const upTo = { major: last.sequence, minor: BigInt(last.origin) };
    return { records: taken.map((event) => engineRecord(topic, event)), upTo };
  }

  close(): Promise<void> {
    this.#link?.close();
    return Promise.resolve();
  }

  /** Until an event comes, the link ends, or it is time to look whether anybody still wants one. */
  async #news(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', this.#wake, { once: true });
    });
    signal.removeEventListener('abort', this.#wake);
  }
}
