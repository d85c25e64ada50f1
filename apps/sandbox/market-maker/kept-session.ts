import { type Report, type Balance } from './messages.js';
import { VenueSession, type SessionEvents, type SessionOptions } from './venue-session.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** What a client does with a session while it has one. */
export interface SessionClient extends Omit<SessionEvents, 'ready' | 'closed'> {
  /** A new session: whatever was known of orders is void. */
  began(session: VenueSession, open: readonly Report[]): void;
  ended(why: string): void;
  balances(balances: readonly Balance[]): void;
}

/** Keeps one session alive: whenever it ends another one is opened, after growing pauses while none comes about. */
export class KeptSession {
  #session: VenueSession | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(
    private readonly options: Omit<SessionOptions, 'events'>,
    private readonly client: SessionClient,
  ) {}

  start(): void {
    const { client } = this;
    const session = new VenueSession({
      ...this.options,
      events: {
        ready: (open) => {
          this.#failures = 0;
          client.began(session, open);
        },
        report: (report) => client.report(report),
        balances: (balances) => client.balances(balances),
        rejected: (refusal) => client.rejected(refusal),
        closed: (why) => this.#again(why),
      },
    });
    this.#session = session;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    this.#session?.end('stopping');
  }

  #again(why: string): void {
    this.client.ended(why);
    if (this.#isStopped) return;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 8));
    this.#failures += 1;
    this.#retry = setTimeout(() => this.start(), pauseMs);
  }
}
