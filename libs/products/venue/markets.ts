import { type EngineEvent } from '@core/contracts';
import { type Tx } from '@base/database';
import { asTimestamp, timestampOf } from './engine-time.js';
import { json } from './history-tables.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** An instrument as it stands; 0702-venue-view.ts says what each field is. Times as `timestampOf` writes them. */
interface MarketRecord {
  readonly instrument: number;
  state: string;
  reference_price: number;
  mark_price: number;
  auction_price: number;
  auction_quantity: bigint;
  auction_at: string | null;
  last_price: number;
  last_quantity: bigint;
  last_taker_side: string | null;
  last_sequence: bigint | null;
  last_index: number | null;
  last_at: string | null;
}

interface BarRecord {
  readonly instrument: number;
  readonly minute: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  volume: bigint;
}

const MICROSECONDS_IN_MINUTE = 60_000_000n;
const KINDS: ReadonlySet<string> = new Set(['trade', 'instrument-listed', 'instrument-state', 'bands-set', 'mark-price-set']); // prettier-ignore
type MarketEvent = Event<'trade' | 'instrument-listed' | 'instrument-state' | 'bands-set' | 'mark-price-set'>;

/** What a batch of events makes of instruments' states and prices, and of their minutes. */
export class Markets {
  readonly #markets: Map<number, MarketRecord>;
  readonly #bars = new Map<string, BarRecord>();

  private constructor(known: readonly MarketRecord[]) {
    this.#markets = new Map(known.map((market) => [market.instrument, market]));
  }

  /** Those that these events are about. */
  static async read(tx: Tx, events: readonly EngineEvent[]): Promise<Markets> {
    const numbers = new Set(events.filter(isOfMarket).map(({ instrument }) => instrument));
    if (numbers.size === 0) return new Markets([]);
    const known = await tx.query<MarketRecord>(
      `SELECT m.*, ${asTimestamp('auction_at')} AS auction_at, ${asTimestamp('last_at')} AS last_at
         FROM venue.market m WHERE instrument = ANY ($1::smallint[])`,
      [[...numbers]],
    );
    return new Markets(known);
  }

  apply(event: EngineEvent): void {
    if (!isOfMarket(event)) return;
    const market = this.#market(event.instrument);
    switch (event.kind) {
      case 'trade':
        market.last_price = event.price;
        market.last_quantity = event.quantity;
        market.last_taker_side = event.takerSide;
        market.last_sequence = event.sequence;
        market.last_index = event.origin;
        market.last_at = timestampOf(event.time);
        return this.#draw(event);
      case 'instrument-state':
        market.state = event.state;
        if (event.auctionPrice === 0) return;
        market.auction_price = event.auctionPrice;
        market.auction_quantity = event.auctionQuantity;
        market.auction_at = timestampOf(event.time);
        market.reference_price = event.auctionPrice;
        return;
      case 'bands-set':
        if (event.referencePrice !== 0) market.reference_price = event.referencePrice;
        return;
      case 'mark-price-set':
        market.mark_price = event.price;
        market.reference_price = event.price;
        return;
      case 'instrument-listed':
    }
  }

  async write(tx: Tx): Promise<void> {
    if (this.#markets.size > 0)
      await tx.query(
        `INSERT INTO venue.market SELECT * FROM jsonb_populate_recordset(NULL::venue.market, $1::jsonb)
         ON CONFLICT (instrument) DO UPDATE SET state = EXCLUDED.state, reference_price = EXCLUDED.reference_price,
           mark_price = EXCLUDED.mark_price, auction_price = EXCLUDED.auction_price, auction_quantity = EXCLUDED.auction_quantity,
           auction_at = EXCLUDED.auction_at, last_price = EXCLUDED.last_price, last_quantity = EXCLUDED.last_quantity,
           last_taker_side = EXCLUDED.last_taker_side, last_sequence = EXCLUDED.last_sequence, last_index = EXCLUDED.last_index,
           last_at = EXCLUDED.last_at`,
        [json([...this.#markets.values()])],
      );
    if (this.#bars.size > 0)
      await tx.query(
        `INSERT INTO venue.minute_bar AS bar SELECT * FROM jsonb_populate_recordset(NULL::venue.minute_bar, $1::jsonb)
         ON CONFLICT (instrument, minute) DO UPDATE SET high = greatest(bar.high, EXCLUDED.high), low = least(bar.low, EXCLUDED.low),
           close = EXCLUDED.close, volume = bar.volume + EXCLUDED.volume`,
        [json([...this.#bars.values()])],
      );
  }

  #draw({ instrument, time, price, quantity }: Event<'trade'>): void {
    const minute = Number(time / MICROSECONDS_IN_MINUTE);
    const key = `${instrument}/${minute}`;
    const bar = this.#bars.get(key);
    if (bar === undefined) {
      this.#bars.set(key, { instrument, minute, open: price, high: price, low: price, close: price, volume: quantity });
      return;
    }
    bar.high = Math.max(bar.high, price);
    bar.low = Math.min(bar.low, price);
    bar.close = price;
    bar.volume += quantity;
  }

  #market(instrument: number): MarketRecord {
    const known = this.#markets.get(instrument);
    if (known !== undefined) return known;
    const market: MarketRecord = {
      instrument,
      state: 'closed',
      reference_price: 0,
      mark_price: 0,
      auction_price: 0,
      auction_quantity: 0n,
      auction_at: null,
      last_price: 0,
      last_quantity: 0n,
      last_taker_side: null,
      last_sequence: null,
      last_index: null,
      last_at: null,
    };
    this.#markets.set(instrument, market);
    return market;
  }
}

const isOfMarket = (event: EngineEvent): event is MarketEvent => KINDS.has(event.kind);
