import { type Clock } from '@base/clock';
import { type Database, type Queryable } from '@base/database';
import { type Logger } from '@base/observability';
import { type Prices } from './prices.js';

export const ALL_PAIRS = '*';

export interface Halt {
  readonly pair: string;
  readonly reason: string;
  readonly operatorId: string;
  readonly at: Date;
}

/** The operators' kill switch for prices, kept in the database so that it holds in every process and over restarts. */
export class PriceHalts {
  constructor(private readonly clock: Clock) {}

  /** No firm price of `pair` (or of {@link ALL_PAIRS}) from now on. Halting twice keeps the first reason. */
  async halt(tx: Queryable, { pair, reason, operatorId }: Omit<Halt, 'at'>): Promise<void> {
    await tx.query(
      `INSERT INTO pricing.halt (pair, reason, operator_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT (pair) DO NOTHING`,
      [pair, reason, operatorId, this.clock.now()],
    );
  }

  async resume(tx: Queryable, pair: string): Promise<void> {
    await tx.query('DELETE FROM pricing.halt WHERE pair = $1', [pair]);
  }

  async list(from: Queryable): Promise<Halt[]> {
    return from.query<Halt>(
      `SELECT pair, reason, operator_id AS "operatorId", at FROM pricing.halt ORDER BY pair LIMIT 1000`,
    );
  }
}

const FOLLOW_EVERY_MS = 500;

/** Carries the halts of the database into this process's {@link Prices}, within half a second. */
export class FollowHalts {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly halts: PriceHalts,
    private readonly prices: Prices,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    await this.refresh();
    this.#timer = setInterval(() => {
      this.refresh().catch((error: unknown) => this.logger.warn({ err: error }, 'price halts could not be read'));
    }, FOLLOW_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async refresh(): Promise<void> {
    const halts = await this.halts.list(this.database);
    this.prices.setHalted(new Set(halts.map(({ pair }) => pair)));
  }
}
