import { ANY, type EngineEvent } from '@core/contracts';
import { type Tx } from '@base/database';
import { json } from './history-tables.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

export interface Rates {
  readonly makerPpm: number;
  readonly takerPpm: number;
}

interface FeeRow {
  readonly instrument: number;
  readonly tier: number;
  readonly maker_ppm: number;
  readonly taker_ppm: number;
  readonly sequence: bigint;
}

interface TermsRow {
  readonly account: number;
  readonly tier: number;
  readonly state: string;
  readonly sequence: bigint;
}

const FREE: Rates = { makerPpm: 0, takerPpm: 0 };
const FIRST_TIER = 0;

/** The fee schedule and the tiers of accounts, as a batch of events finds and leaves them. */
export class AccountRates {
  readonly #fees: Map<string, FeeRow>;
  readonly #terms: Map<number, TermsRow>;
  readonly #setFees = new Set<string>();
  readonly #setTerms = new Set<number>();

  private constructor(fees: readonly FeeRow[], terms: readonly TermsRow[]) {
    this.#fees = new Map(fees.map((row) => [keyOf(row.instrument, row.tier), row]));
    this.#terms = new Map(terms.map((row) => [row.account, row]));
  }

  /** What the orders that these events accept are accepted at. */
  static async read(tx: Tx, events: readonly EngineEvent[]): Promise<AccountRates> {
    const accepted = events.filter((event): event is Event<'order-accepted'> => event.kind === 'order-accepted');
    if (accepted.length === 0) return new AccountRates([], []);
    const fees = await tx.query<FeeRow>('SELECT * FROM venue.fee_rate WHERE instrument = ANY ($1::smallint[])', [
      distinct(accepted.map(({ instrument }) => instrument)),
    ]);
    const terms = await tx.query<TermsRow>('SELECT * FROM venue.account_terms WHERE account = ANY ($1::int[])', [
      distinct(accepted.map(({ account }) => account)),
    ]);
    return new AccountRates(fees, terms);
  }

  /** At which an order of the account would be accepted now. */
  of(account: number, instrument: number): Rates {
    const tier = this.#terms.get(account)?.tier ?? FIRST_TIER;
    const row = this.#fees.get(keyOf(instrument, tier));
    return row === undefined ? FREE : { makerPpm: row.maker_ppm, takerPpm: row.taker_ppm };
  }

  /** @param listed the instruments that the engine has listed by now, all of which a setting for ANY reaches */
  setFees(event: Event<'fees-set'>, listed: readonly number[]): void {
    const { tier, makerPpm, takerPpm, sequence } = event;
    for (const instrument of event.instrument === ANY ? listed : [event.instrument]) {
      const key = keyOf(instrument, tier);
      this.#fees.set(key, { instrument, tier, maker_ppm: makerPpm, taker_ppm: takerPpm, sequence });
      this.#setFees.add(key);
    }
  }

  setAccount({ account, tier, state, sequence }: Event<'account-set'>): void {
    this.#terms.set(account, { account, tier, state, sequence });
    this.#setTerms.add(account);
  }

  async write(tx: Tx): Promise<void> {
    const fees = [...this.#setFees].flatMap((key) => this.#fees.get(key) ?? []);
    if (fees.length > 0)
      await tx.query(
        `INSERT INTO venue.fee_rate SELECT * FROM jsonb_populate_recordset(NULL::venue.fee_rate, $1::jsonb)
         ON CONFLICT (instrument, tier) DO UPDATE
           SET maker_ppm = EXCLUDED.maker_ppm, taker_ppm = EXCLUDED.taker_ppm, sequence = EXCLUDED.sequence`,
        [json(fees)],
      );
    const terms = [...this.#setTerms].flatMap((account) => this.#terms.get(account) ?? []);
    if (terms.length > 0)
      await tx.query(
        `INSERT INTO venue.account_terms SELECT * FROM jsonb_populate_recordset(NULL::venue.account_terms, $1::jsonb)
         ON CONFLICT (account) DO UPDATE SET tier = EXCLUDED.tier, state = EXCLUDED.state, sequence = EXCLUDED.sequence`,
        [json(terms)],
      );
  }
}

const keyOf = (instrument: number, tier: number): string => `${instrument}/${tier}`;
const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)];
