import { setTimeout as sleep } from 'node:timers/promises';
import { NodeDisk } from '@base/journal';
import { seededRandom } from '@base/journal/testing';
import { ANY, CANCEL_ON_DISCONNECT, type EngineEvent } from '@core/contracts';
import { EventOrder } from '@platform/venue-link';
import { replayJournal } from '../replay-journal.js';
import { type Client } from './client.js';
import { type ExchangeProcess } from './exchange-process.js';
import { funding, listing, MAKER, order, TAKER } from './opening.js';

const BURST = 40;
const MOST_UNDER_WAY = 400;
const LONGEST_LIFE_MS = 300;
/** Lives after which the book is emptied, so that a thousand of them find room in it. */
const CLEAR_EVERY = 5;
const CLEARING = [MAKER, TAKER].map(
  (account) => ({ kind: 'cancel-all', account, instrument: ANY, session: 0 }) as const,
);

/**
 * A gateway that keeps sending orders to a process that keeps being killed, and everything it was told. Every order has a client order id of
 * its own and never trades or ends by itself for long, so that its being there can be asked for.
 */
export class KillRounds {
  /** Told as durable: client order id to sequence. */
  readonly acknowledged = new Map<bigint, number>();
  /** Seen in the stream: client order id to sequence. */
  readonly accepted = new Map<bigint, number>();
  readonly duplicates = new Set<bigint>();
  readonly faults: string[] = [];
  resolved = 0;
  readonly #process: ExchangeProcess;
  readonly #random: () => number;
  readonly #order = new EventOrder();
  readonly #unknown = new Set<bigint>();
  /** Acknowledged, and its event has not been seen yet. */
  readonly #unchecked = new Set<bigint>();
  #nextId = 1n;
  #lives = 0;

  constructor(exchange: ExchangeProcess, seed: number) {
    this.#process = exchange;
    this.#random = seededRandom(seed);
  }

  /** One life: start, resolve what the last one left unknown, send until it is killed. Without a gap it is killed at a random moment. */
  async round(gap?: { name: string; times: number }): Promise<void> {
    await this.#process.start(gap);
    this.#lives += 1;
    const observer = await this.#observe();
    if (this.#lives === 1) {
      await (await this.#process.connect('operator')).do(listing);
      await (await this.#process.connect('settlement')).do(funding);
    }
    if (this.#lives % CLEAR_EVERY === 0) await (await this.#process.connect('operator')).do(CLEARING);
    const gateway = await this.#process.connect('gateway', { keeps: false });
    const isOver = this.#watch(gateway);
    if (gap === undefined) void sleep(this.#random() * LONGEST_LIFE_MS).then(() => this.#process.kill());
    await this.#send(gateway, isOver);
    await this.#process.exited();
    await observer.ended();
    this.#check();
  }

  /** The last life: what is unknown is resolved, everything told is compared with what the whole stream and a replay say. */
  async end(): Promise<void> {
    await this.#process.start();
    const observer = await this.#observe();
    await this.#resolve(await this.#process.connect('gateway', { keeps: false }), observer);
    this.#check();
    const whole = new Map<bigint, number>();
    const again = await this.#process.connect('observer', { keeps: false, onEvent: (event) => note(event, whole) });
    again.link.subscribe(1);
    await again.until(() => again.released > 0 || again.link.order.sequence >= observer.link.order.sequence);
    for (const [id, sequence] of this.accepted) {
      if (whole.get(id) !== sequence) this.faults.push(`order ${id} was ${sequence} and is ${whole.get(id)}`);
    }
    const code = await this.#process.signal('SIGTERM');
    if (code !== 0) this.faults.push(`a graceful end gave ${code}`);
    this.compareReplays();
  }

  /** The state that recovery comes to is the one of a replay from the first command. */
  compareReplays(): void {
    const disk = new NodeDisk();
    const { journalFolder } = this.#process;
    const whole = replayJournal(disk, journalFolder);
    const recovered = replayJournal(disk, journalFolder, 'snapshot');
    if (whole.digest !== recovered.digest || whole.lastSequence !== recovered.lastSequence) {
      this.faults.push(
        `recovery comes to ${recovered.lastSequence} ${recovered.digest}, a replay to ${whole.lastSequence} ${whole.digest}`,
      );
    }
    if (whole.unsound !== null) this.faults.push(whole.unsound);
    if (whole.report.damage !== undefined) this.faults.push(whole.report.damage.message);
  }

  /** All that has been released since the last life, then all that will be: one stream over all lives, without gap or repetition. */
  async #observe(): Promise<Client> {
    const observer = await this.#process.connect('observer', {
      order: this.#order,
      onEvent: (event) => {
        if (event.kind === 'order-rejected' && event.reason === 'duplicate_client_order_id')
          this.duplicates.add(event.clientOrderId);
        const before = event.kind === 'order-accepted' ? this.accepted.get(event.clientOrderId) : undefined;
        if (before !== undefined) this.faults.push(`${describe(event)} was accepted as ${before} already`);
        note(event, this.accepted);
      },
    });
    observer.link.subscribe(Math.max(1, this.#order.resumeFrom));
    const { nextSequence } = observer.link.welcome;
    await observer.until(
      () => observer.released >= nextSequence - 1 || observer.link.order.sequence >= nextSequence - 1,
    );
    return observer;
  }

  #watch(gateway: Client): () => boolean {
    return () => gateway.end !== undefined;
  }

  async #send(gateway: Client, isOver: () => boolean): Promise<void> {
    const ids = new Map<number, bigint>();
    const session = await Promise.race([gateway.link.openSession(), gateway.ended().then(() => 0)]);
    const retell = (): void => {
      for (const [number, sequence] of gateway.sequences) {
        const id = ids.get(number);
        if (id !== undefined) this.#acknowledge(id, sequence);
        ids.delete(number);
      }
      gateway.sequences.clear();
    };
    // Unknown ones first: whatever became of them, the venue says so.
    const again = [...this.#unknown];
    while (!isOver()) {
      retell();
      if (ids.size < MOST_UNDER_WAY) {
        for (let k = 0; k < BURST; k += 1) {
          const id = again.pop() ?? this.#nextId++;
          this.#unknown.add(id);
          ids.set(gateway.link.send(this.#draft(id), session), id);
        }
      }
      await sleep(1);
    }
    retell();
  }

  #acknowledge(id: bigint, sequence: number): void {
    this.#unknown.delete(id);
    if (this.acknowledged.has(id)) return;
    this.acknowledged.set(id, sequence);
    this.#unchecked.add(id);
  }

  /** Sends what is unknown again: either it is accepted now, or it is refused as a duplicate of what had been there. */
  async #resolve(gateway: Client, observer: Client): Promise<void> {
    const ids = [...this.#unknown];
    const sequences = await gateway.do(ids.map((id) => this.#draft(id)));
    const last = Math.max(0, ...sequences);
    await observer.until(() => observer.released >= last || observer.link.order.sequence > last);
    for (const id of ids) {
      if (!this.accepted.has(id)) this.faults.push(`order ${id} is neither there nor taken`);
      else this.resolved += 1;
    }
  }

  /** Everything acknowledged is there, as what it was acknowledged as; a second sending of it was refused as a duplicate. */
  #check(): void {
    for (const id of this.#unchecked) {
      const sequence = this.acknowledged.get(id) as number;
      const at = this.accepted.get(id);
      if (at === undefined) {
        if (sequence < this.#order.sequence) this.faults.push(`order ${id}, acknowledged as ${sequence}, is gone`);
        continue;
      }
      this.#unchecked.delete(id);
      if (at !== sequence && !this.duplicates.has(id))
        this.faults.push(`order ${id}, acknowledged as ${sequence}, is ${at}`);
    }
  }

  /** One in four can trade, one in eight ends with its session. */
  #draft(id: bigint): ReturnType<typeof order> {
    const isSell = id % 4n === 3n;
    return order({
      clientOrderId: id,
      account: isSell ? TAKER : MAKER,
      side: isSell ? 'sell' : 'buy',
      quantity: 1n + (id % 5n),
      price: 40 + Number(id % 50n),
      instructions: id % 8n === 5n ? CANCEL_ON_DISCONNECT : 0,
    });
  }
}

const describe = (event: EngineEvent): string => `event ${event.sequence}.${event.origin} (${event.kind})`;

function note(event: EngineEvent, accepted: Map<bigint, number>): void {
  if (event.kind === 'order-accepted') accepted.set(event.clientOrderId, Number(event.sequence));
}
