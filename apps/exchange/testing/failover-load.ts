import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineEvent } from '@core/contracts';
import {
  connectToPrimary,
  EventOrder,
  type ExchangeLink,
  type ExchangeLinkOptions,
  HighestTerm,
} from '@platform/venue-link';
import { secretOf } from './client.js';
import { MAKER, order, TAKER } from './opening.js';

const BURST = 20;
const MOST_UNKNOWN = 200;
const PAUSE_MS = 10;
const PATIENCE_MS = 60_000;

/**
 * A gateway and an observer that know both addresses of a pair, follow whoever is the primary, and remember all they were told: orders with client
 * order ids of their own, which are sent again until something is known of them.
 */
export class FailoverLoad {
  /** Told as durable: client order id to sequence. */
  readonly acknowledged = new Map<bigint, number>();
  /** Seen in the stream: client order id to sequence. */
  readonly accepted = new Map<bigint, number>();
  readonly duplicates = new Set<bigint>();
  readonly faults: string[] = [];
  readonly terms = new HighestTerm();
  readonly order = new EventOrder();
  readonly #addresses: readonly ExchangeLinkOptions['address'][];
  readonly #unknown = new Set<bigint>();
  readonly #loops: Promise<void>[] = [];
  #nextId = 1n;
  #isOver = false;
  #isAbandoned = false;

  constructor(addresses: readonly ExchangeLinkOptions['address'][]) {
    this.#addresses = addresses;
  }

  start(): void {
    this.#loops.push(
      this.#keep(() => this.#trade()),
      this.#keep(() => this.#observe()),
    );
  }

  /** Sends no more orders, and ends when all that were sent are known and seen. */
  async stop(): Promise<void> {
    this.#isOver = true;
    for (const start = Date.now(); !this.#isDone(); await sleep(5)) {
      const unseen = [...this.acknowledged.keys()].filter((id) => !this.accepted.has(id));
      if (Date.now() - start > PATIENCE_MS)
        throw new Error(`of ${this.#nextId - 1n} orders ${this.#unknown.size} are unknown, ${unseen.length} unseen`);
    }
    await Promise.all(this.#loops);
  }

  /** Ends whatever is still unknown: for a test that is over, well or not. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** Waits for so many further acknowledgements. */
  async more(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count;
    for (const start = Date.now(); this.acknowledged.size < wanted; await sleep(2)) {
      if (Date.now() - start > PATIENCE_MS) throw new Error(`${this.acknowledged.size} of ${wanted} acknowledged`);
    }
  }

  /** Everything acknowledged is in the stream where it was said to be; what came twice was refused as a duplicate. */
  check(): string[] {
    for (const [id, sequence] of this.acknowledged) {
      const at = this.accepted.get(id);
      if (at === undefined) this.faults.push(`order ${id}, acknowledged as ${sequence}, is gone`);
      else if (at !== sequence && !this.duplicates.has(id))
        this.faults.push(`order ${id}, acknowledged as ${sequence}, is ${at}`);
    }
    return this.faults;
  }

  /** What the venue's whole stream, as far back as it goes, says now is what was seen while it came, whoever was the primary. */
  async compareWithHistory(): Promise<void> {
    const whole = new Map<bigint, number>();
    const until = { sequence: this.order.sequence };
    const seen = new EventOrder();
    const link = await this.#connect('observer', { order: seen, onEvent: (event) => note(event, whole) });
    const { oldestSequence } = link.welcome;
    link.subscribe(oldestSequence);
    for (const start = Date.now(); seen.sequence < until.sequence; await sleep(5)) {
      if (Date.now() - start > PATIENCE_MS) throw new Error(`history ends at ${seen.sequence} of ${until.sequence}`);
    }
    link.close();
    for (const [id, sequence] of this.accepted) {
      if (sequence >= oldestSequence && whole.get(id) !== sequence)
        this.faults.push(`order ${id} was ${sequence} and is ${whole.get(id)}`);
    }
  }

  async #keep(once: () => Promise<void>): Promise<void> {
    while (!this.#isDone()) {
      await once().catch(() => undefined);
      await sleep(PAUSE_MS);
    }
  }

  #isDone(): boolean {
    const hasEnded =
      this.#isOver && this.#unknown.size === 0 && [...this.acknowledged.keys()].every((id) => this.accepted.has(id));
    return this.#isAbandoned || hasEnded;
  }

  #connect(role: 'gateway' | 'observer', options: Partial<ExchangeLinkOptions>): Promise<ExchangeLink> {
    const { terms } = this;
    return connectToPrimary({ addresses: this.#addresses, keyName: role, key: secretOf(role), ...options, terms });
  }

  async #trade(): Promise<void> {
    const ids = new Map<number, bigint>();
    const again = [...this.#unknown];
    const link = await this.#connect('gateway', {
      onSequenced: (command, first, count) => {
        for (let k = 0; k < count; k += 1) this.#acknowledge(ids.get(command + k), first + k);
      },
      onRefused: (command) => {
        const id = ids.get(command);
        if (id !== undefined) again.push(id);
      },
    });
    while (link.isOpen && !this.#isDone()) {
      for (let k = 0; k < BURST && (again.length > 0 || (!this.#isOver && this.#unknown.size < MOST_UNKNOWN)); k += 1) {
        const id = again.pop() ?? this.#nextId++;
        this.#unknown.add(id);
        ids.set(link.send(draft(id)), id);
      }
      await sleep(2);
    }
    link.close();
  }

  #acknowledge(id: bigint | undefined, sequence: number): void {
    if (id === undefined) return;
    this.#unknown.delete(id);
    if (!this.acknowledged.has(id)) this.acknowledged.set(id, sequence);
  }

  async #observe(): Promise<void> {
    const link = await this.#connect('observer', { order: this.order, onEvent: (event) => this.#see(event) });
    link.subscribe(Math.max(1, this.order.resumeFrom));
    while (link.isOpen && !this.#isDone()) await sleep(5);
    link.close();
  }

  #see(event: EngineEvent): void {
    if (event.kind === 'order-rejected' && event.reason === 'duplicate_client_order_id')
      this.duplicates.add(event.clientOrderId);
    const before = event.kind === 'order-accepted' ? this.accepted.get(event.clientOrderId) : undefined;
    if (before !== undefined) this.faults.push(`event ${event.sequence} accepts again what ${before} accepted`);
    note(event, this.accepted);
  }
}

function note(event: EngineEvent, accepted: Map<bigint, number>): void {
  if (event.kind === 'order-accepted') accepted.set(event.clientOrderId, Number(event.sequence));
}

/** One in four can trade. */
function draft(id: bigint): ReturnType<typeof order> {
  const isSell = id % 4n === 3n;
  return order({
    clientOrderId: id,
    account: isSell ? TAKER : MAKER,
    side: isSell ? 'sell' : 'buy',
    quantity: 1n + (id % 5n),
    price: 40 + Number(id % 50n),
  });
}
