/**
 * The venue's reports as FIX sessions take them: live to who listens, and the latest kept, so that a session that was away for a while is
 * told exactly what it missed. What is older comes from the product's history (`settled-history.ts`).
 */
import { type ExecutionReport, type StreamPosition } from '@core/venue-view';
import { type VenueFeed } from '../desk/venue-feed.js';

const KEPT_MAX = 50_000;
/** No command has more events. */
const LAST_INDEX = 65_535;

export type ReportListener = (reports: readonly ExecutionReport[]) => void;

/** Who listens, until it stops or the view has lost its place. */
export interface Listening {
  /** Everything up to the tap's position has been told to it. */
  readonly isOn: boolean;
  readonly stop: () => void;
}

export class ReportTap {
  readonly #most: number;
  readonly #listeners = new Map<number, Set<ReportListener>>();
  #kept: ExecutionReport[] = [];
  /** Where in `kept` the oldest stands. */
  #first = 0;
  /** Reports after this are kept. */
  #since: StreamPosition;
  #position: StreamPosition;
  #time = 0n;
  readonly #stop: (() => void)[];

  /** @param rebuilt called when the view lost its place: every session has to begin from history */
  constructor(feed: VenueFeed, rebuilt: () => void, most = KEPT_MAX) {
    this.#most = most;
    this.#since = feed.position;
    this.#position = feed.position;
    this.#stop = [
      feed.listen(({ sequence, time, reports }) => {
        // The view may stand within a command that it has not told of yet; what has been told is whole commands.
        this.#position = { sequence, index: LAST_INDEX };
        this.#time = time;
        if (reports.length > 0) this.#take(reports);
      }),
      feed.onRebuilt(() => {
        // What lies between the old view's place and the new one's has been told to nobody: whoever listens has to ask history for it.
        for (const listeners of this.#listeners.values()) listeners.clear();
        this.#listeners.clear();
        this.#kept = [];
        this.#first = 0;
        this.#since = feed.position;
        this.#position = feed.position;
        rebuilt();
      }),
    ];
  }

  /** Everything up to there has been told. */
  get position(): StreamPosition {
    return this.#position;
  }

  /** The venue's time of the last command; 0 before the first. Microseconds. */
  get time(): bigint {
    return this.#time;
  }

  /** The account's reports after the position; undefined when some of them are not kept any more. */
  since(account: number, position: StreamPosition): ExecutionReport[] | undefined {
    if (isAfter(this.#since, position)) return undefined;
    const found: ExecutionReport[] = [];
    for (let at = this.#first; at < this.#kept.length; at += 1) {
      const report = this.#kept[at];
      if (report?.account === account && isAfter(report, position)) found.push(report);
    }
    return found;
  }

  listen(account: number, listener: ReportListener): Listening {
    const listeners = this.#listeners.get(account) ?? new Set();
    this.#listeners.set(account, listeners.add(listener));
    return {
      get isOn() {
        return listeners.has(listener);
      },
      stop: () => {
        if (listeners.delete(listener) && listeners.size === 0) this.#listeners.delete(account);
      },
    };
  }

  close(): void {
    for (const stop of this.#stop) stop();
  }

  #take(reports: readonly ExecutionReport[]): void {
    const byAccount = new Map<number, ExecutionReport[]>();
    for (const report of reports) {
      this.#kept.push(report);
      if (!this.#listeners.has(report.account)) continue;
      const own = byAccount.get(report.account);
      if (own === undefined) byAccount.set(report.account, [report]);
      else own.push(report);
    }
    for (const [account, own] of byAccount) for (const listener of this.#listeners.get(account) ?? []) listener(own);
    this.#forget();
  }

  #forget(): void {
    while (this.#kept.length - this.#first > this.#most) {
      const { sequence, index } = this.#kept[this.#first] ?? this.#since;
      this.#since = { sequence, index };
      this.#first += 1;
    }
    // The array is shortened now and then, not at each report.
    if (this.#first > this.#most) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }
}

export const isAfter = (a: StreamPosition, b: StreamPosition): boolean =>
  a.sequence > b.sequence || (a.sequence === b.sequence && a.index > b.index);
