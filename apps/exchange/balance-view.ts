import { Worker } from 'node:worker_threads';
import { type LinkMessage } from '@core/contracts';
import { type EventRing } from './event-ring.js';
import { type Link } from './link.js';

type ReadBalances = Extract<LinkMessage, { kind: 'read-balances' }>;

export interface BalanceTask {
  readonly folder: string;
  /** The command after which the balances are wanted; durable. */
  readonly at: number;
  readonly reference: number;
}

/** Encoded messages, whole ones. */
export interface BalancePiece {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

interface Reading {
  readonly link: Link;
  readonly task: BalanceTask;
  thread?: Worker;
}

/**
 * What everybody owned when an earlier command had been applied: a second engine in a thread of its own is put to the newest snapshot before
 * it and replays the journal up to it, as `event-history.ts` does for events. One at a time; others wait.
 */
export class BalanceView {
  readonly #folder: string;
  readonly #script: URL;
  #readings: Reading[] = [];

  constructor(folder: string, script: URL) {
    this.#folder = folder;
    this.#script = script;
  }

  /** Answers the link. False when it may not ask: by its role, or while it takes events or another answer. */
  read(link: Link, { at, reference }: ReadBalances, ring: EventRing): boolean {
    const mayAsk = link.role === 'settlement' || link.role === 'operator';
    if (!mayAsk || link.isSubscribed || this.#readings.some((reading) => reading.link === link)) return false;
    if (Number(at) > ring.releasedSequence) {
      link.close('from_the_future');
      return true;
    }
    this.#readings.push({ link, task: { folder: this.#folder, at: Number(at), reference } });
    this.#startNext();
    return true;
  }

  /** The link has ended. */
  leave(link: Link): void {
    const reading = this.#readings.find((other) => other.link === link);
    if (reading !== undefined) this.#end(reading);
  }

  close(): void {
    for (const reading of [...this.#readings]) this.#end(reading);
  }

  #startNext(): void {
    const [first] = this.#readings;
    if (first === undefined || first.thread !== undefined) return;
    const thread = new Worker(this.#script, { workerData: first.task });
    thread.unref();
    first.thread = thread;
    thread.on('message', (piece: BalancePiece) => this.#pass(first, piece));
    const fail = (): void => {
      if (this.#readings.includes(first)) first.link.close('history_unavailable');
    };
    thread.on('error', fail);
    thread.on('exit', fail);
    thread.postMessage('next');
  }

  #pass(reading: Reading, { bytes, isLast }: BalancePiece): void {
    if (!this.#readings.includes(reading)) return;
    reading.link.output.sendForeign(bytes, () => {
      if (!isLast) reading.thread?.postMessage('next');
      else if (this.#readings.includes(reading)) this.#end(reading);
    });
  }

  #end(reading: Reading): void {
    this.#readings = this.#readings.filter((other) => other !== reading);
    void reading.thread?.terminate();
    this.#startNext();
  }
}
