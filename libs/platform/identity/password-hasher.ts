import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { normalisePassword } from './password-policy.js';
import { refusal } from './refusals.js';

export interface PasswordHasherOptions {
  /** KiB for one hash. */
  readonly memoryCost: number;
  /** Hashes computed at a time: memory is bounded by `concurrency × memoryCost`. */
  readonly concurrency: number;
  /** Callers that may wait for their turn; the next one is told to come back. */
  readonly queue: number;
}

/** OWASP ASVS 5.0 (11.4.2 with its appendix): argon2id, t = 1, p = 1, at least 46 MiB. */
const DEFAULTS: PasswordHasherOptions = { memoryCost: 47_104, concurrency: 2, queue: 64 };
const TIME_COST = 1;
const PARALLELISM = 1;

/** Argon2id (RFC 9106), with a bound on how much of it happens at once, so that a flood of sign-ins exhausts neither memory nor threads. */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions;
  readonly #waiting: (() => void)[] = [];
  readonly #decoy: Promise<string>;
  #running = 0;

  constructor(options: Partial<PasswordHasherOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#decoy = this.#hash(randomBytes(24).toString('base64'));
  }

  /** The encoded hash (PHC string). @throws Refusal too_busy */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => this.#hash(normalisePassword(password)));
  }

  /**
   * Whether the password made this hash. Without a hash, that is for somebody who does not exist, it takes as long and says no.
   * @throws Refusal too_busy
   */
  async verify(password: string, encoded: string | null | undefined): Promise<boolean> {
    const against = encoded ?? (await this.#decoy);
    const matches = await this.#inTurn(() => verify(against, normalisePassword(password)));
    return matches && typeof encoded === 'string';
  }

  /** Whether the hash was made with other parameters than today's. */
  isOutdated(encoded: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(encoded);
    return memoryCost !== this.#options.memoryCost || timeCost !== TIME_COST || parallelism !== PARALLELISM;
  }

  #hash(password: string): Promise<string> {
    return hash(password, { memoryCost: this.#options.memoryCost, timeCost: TIME_COST, parallelism: PARALLELISM });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#options.concurrency) {
      if (this.#waiting.length >= this.#options.queue) throw refusal('too_busy', { retryAfterSeconds: 2 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      // The place is handed over rather than given back, so that nobody who comes in between overtakes.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
