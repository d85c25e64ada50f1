import { Worker } from 'node:worker_threads';
import { BalanceView } from './balance-view.js';
import { type EventRing } from './event-ring.js';
import { type Link } from './link.js';

/** Engines that may be at it at once; each is a thread with tables of its own. Others wait. */
const MOST_READERS = 2;

/** What the thread is asked: events of durable commands, up to this one, in one more piece. */
export interface HistoryRequest {
  readonly upTo: number;
}

/** Events from where the last piece ended; all of those up to command `next - 1` have come then. */
export interface HistoryPiece {
  readonly bytes: Uint8Array;
  readonly next: number;
}

export interface HistoryTask {
  readonly folder: string;
  readonly from: number;
}

interface Feeding {
  readonly link: Link;
  readonly ring: EventRing;
  readonly from: number;
  thread?: Worker;
}

/**
 * Events that the ring no longer holds, made again: a second engine in a thread of its own is put to the newest snapshot before them and
 * replays the journal. A link gets them piece by piece as it takes them, until the ring has what comes next.
 */
export class EventHistory {
  /** What everybody owned at an earlier command. */
  readonly balances: BalanceView;
  readonly #folder: string;
  readonly #script: URL;
  readonly #feedings = new Map<Link, Feeding>();
  readonly #waiting: Feeding[] = [];

  /** @param script event-history-thread.js as built, for specs whose own modules are not files */
  constructor(folder: string, script = new URL('./event-history-thread.js', import.meta.url)) {
    this.#folder = folder;
    this.#script = script;
    this.balances = new BalanceView(folder, new URL('./balance-view-thread.js', script));
  }

  /** Sends the link the events from command `from` on, and lets it follow the ring as soon as that has the next ones. */
  feed(from: number, link: Link, ring: EventRing): void {
    const feeding: Feeding = { link, ring, from };
    this.#feedings.set(link, feeding);
    this.#waiting.push(feeding);
    this.#startNext();
  }

  /** The link has ended, or needs no more. */
  leave(link: Link): void {
    this.balances.leave(link);
    const feeding = this.#feedings.get(link);
    if (feeding === undefined) return;
    this.#feedings.delete(link);
    const place = this.#waiting.indexOf(feeding);
    if (place >= 0) this.#waiting.splice(place, 1);
    void feeding.thread?.terminate();
    this.#startNext();
  }

  close(): void {
    this.balances.close();
    for (const link of [...this.#feedings.keys()]) this.leave(link);
  }

  #startNext(): void {
    while (this.#feedings.size - this.#waiting.length < MOST_READERS) {
      const feeding = this.#waiting.shift();
      if (feeding === undefined) return;
      this.#start(feeding);
    }
  }

  #start(feeding: Feeding): void {
    const task: HistoryTask = { folder: this.#folder, from: feeding.from };
    const thread = new Worker(this.#script, { workerData: task });
    thread.unref();
    feeding.thread = thread;
    thread.on('message', (piece: HistoryPiece) => this.#pass(feeding, piece));
    const fail = (): void => {
      if (this.#feedings.get(feeding.link) === feeding) feeding.link.close('history_unavailable');
    };
    thread.on('error', fail);
    thread.on('exit', fail);
    this.#ask(feeding);
  }

  #ask(feeding: Feeding): void {
    const request: HistoryRequest = { upTo: feeding.ring.releasedSequence };
    feeding.thread?.postMessage(request);
  }

  #pass(feeding: Feeding, { bytes, next }: HistoryPiece): void {
    const { link, ring } = feeding;
    if (this.#feedings.get(link) !== feeding) return;
    link.output.sendForeign(bytes, () => {
      if (this.#feedings.get(link) !== feeding) return;
      const position = next > ring.releasedSequence + 1 ? undefined : ring.locate(next);
      if (position === undefined) return this.#ask(feeding);
      link.output.follow(position);
      this.leave(link);
      link.output.flush();
    });
  }
}
