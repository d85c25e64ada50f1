/** How often somebody may do something: `burst` at once, and from then on `perSecond`. */
export interface ThrottleLimits {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Verdict {
  readonly isAdmitted: boolean;
  /** How many more would be admitted right now. */
  readonly remaining: number;
  /** Whole seconds until the whole burst is there again; of a refusal, until the next one is admitted. */
  readonly waitSeconds: number;
}

/** Those remembered at once; with more than that, whoever has nothing to remember is forgotten. */
const MOST = 50_000;

/**
 * The generic cell rate algorithm (ITU-T I.371): one number for each name, the time at which all that was admitted would have been due at the
 * steady rate. Names are API keys or addresses.
 */
export class Throttle {
  readonly #due = new Map<string, number>();
  readonly #intervalMs: number;
  readonly #burstMs: number;

  constructor(
    readonly limits: ThrottleLimits,
    private readonly most = MOST,
  ) {
    this.#intervalMs = 1_000 / limits.perSecond;
    this.#burstMs = limits.burst * this.#intervalMs;
  }

  /** @param now by a steady clock, milliseconds */
  take(name: string, now: number): Verdict {
    const due = Math.max(now, this.#due.get(name) ?? 0) + this.#intervalMs;
    const ahead = due - now;
    if (ahead > this.#burstMs)
      return { isAdmitted: false, remaining: 0, waitSeconds: Math.ceil((ahead - this.#burstMs) / 1_000) };
    if (this.#due.size >= this.most && !this.#due.has(name)) this.#forget(now);
    this.#due.set(name, due);
    const remaining = Math.floor((this.#burstMs - ahead) / this.#intervalMs);
    return { isAdmitted: true, remaining, waitSeconds: Math.ceil(ahead / 1_000) };
  }

  /** Whose burst is whole again has nothing to be remembered for; if all have, the names are made up and the oldest half goes. */
  #forget(now: number): void {
    for (const [name, due] of this.#due) if (due <= now) this.#due.delete(name);
    if (this.#due.size < this.most) return;
    let left = this.most / 2;
    for (const name of this.#due.keys()) {
      if (left-- <= 0) break;
      this.#due.delete(name);
    }
  }
}
