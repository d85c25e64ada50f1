import { type AssetCode, formatRate, parseDecimal, rate, type Rate } from '@core/money';
import { type Database, type Queryable } from '@base/database';
import { pairOf } from './pair.js';
import { annualVolatilityPpm, VOLATILITY_RULES } from './volatility.js';

const SCALE = 12;

export interface MinuteClose {
  readonly pair: string;
  readonly minute: Date;
  readonly close: Rate;
  readonly sources: number;
}

interface CloseRow {
  pair: string;
  minute: Date;
  close_e12: bigint;
  sources: number;
}

const MINUTE_MS = 60_000;
export const minuteOf = (at: Date): Date => new Date(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS);

/** The last price of each minute, kept for good: for valuation, for volatility, for looking back in a dispute. */
export class MinuteCloses {
  constructor(private readonly database: Database) {}

  /** Keeps the closes of minutes that have none yet; the first recorder wins, and history does not change. */
  async keep(closes: readonly MinuteClose[]): Promise<void> {
    if (closes.length === 0) return;
    await this.database.query(
      `INSERT INTO pricing.minute_close (pair, minute, close_e12, sources)
       SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::numeric[], $4::int[]) ON CONFLICT DO NOTHING`,
      [
        closes.map((each) => each.pair),
        closes.map((each) => each.minute),
        closes.map((each) => parseDecimal(formatRate(each.close, SCALE, 'half-even'), SCALE).toString()),
        closes.map((each) => each.sources),
      ],
    );
  }

  /** Closes of a pair, newest first, before `before`. */
  async page(
    pair: string,
    { before, limit }: { before: Date; limit: number },
    on: Queryable = this.database,
  ): Promise<MinuteClose[]> {
    const rows = await on.query<CloseRow>(
      `SELECT pair, minute, close_e12, sources FROM pricing.minute_close
        WHERE pair = $1 AND minute < $2 ORDER BY minute DESC LIMIT $3`,
      [pair, before, limit],
    );
    return rows.map(fromRow);
  }

  /** The last close at or before a moment: what an amount was worth then. */
  async closeAt(pair: string, at: Date): Promise<MinuteClose | undefined> {
    const row = await this.database.maybeOne<CloseRow>(
      `SELECT pair, minute, close_e12, sources FROM pricing.minute_close
        WHERE pair = $1 AND minute <= $2 ORDER BY minute DESC LIMIT 1`,
      [pair, at],
    );
    return row && fromRow(row);
  }
}

function fromRow({ pair: symbol, minute, close_e12: close, sources }: CloseRow): MinuteClose {
  const { base, quote }: { base: AssetCode; quote: AssetCode } = pairOf(symbol);
  return { pair: symbol, minute, close: rate(base, quote, close, 10n ** BigInt(SCALE)), sources };
}

/** Annual volatility per pair out of the recorded closes, read anew at most once a minute. */
export class Volatility {
  readonly #known = new Map<string, { readAtMs: number; ppm: bigint }>();

  constructor(
    private readonly closes: MinuteCloses,
    private readonly now: () => Date,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {}

  /** Reads on the caller's connection: one who holds a connection and asks for a second starves the pool. */
  async annualPpm(on: Queryable, pair: string): Promise<bigint> {
    const known = this.#known.get(pair);
    if (known && this.monotonicMs() - known.readAtMs < MINUTE_MS) return known.ppm;
    const newestFirst = await this.closes.page(pair, { before: this.now(), limit: VOLATILITY_RULES.maxCloses }, on);
    const ppm = annualVolatilityPpm(newestFirst.reverse().map(({ close }) => close));
    this.#known.set(pair, { readAtMs: this.monotonicMs(), ppm });
    return ppm;
  }
}
