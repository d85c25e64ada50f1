import { z } from 'zod';
import { decimalOf } from './decimal.js';

const WITHIN_MS = 5_000;
const MOST_BYTES = 1 << 20;

/** A market as GET /symbols tells of it, in decimals. */
export interface Market {
  readonly symbol: string;
  /** The venue's number of it, below 256. */
  readonly id: number;
  readonly base: string;
  readonly quote: string;
  readonly tick: bigint;
  readonly lot: bigint;
  readonly minimum: bigint;
  readonly isOpen: boolean;
}

const digits = z.string().regex(/^\d{1,18}$/);
const currency = z.string().regex(/^[A-Z]{3,5}$/);
const symbolStatus = z.object({
  id: digits.transform(Number).pipe(z.number().max(255)),
  base_currency: currency,
  counter_currency: currency,
  min_price_increment: digits,
  min_price_increment_scale: digits,
  lot_size: digits,
  lot_size_scale: digits,
  min_order_size: digits,
  min_order_size_scale: digits,
  status: z.string(),
});

/** Every market of the venue that can be understood. @throws Error when it does not answer */
export async function fetchMarkets(restUrl: string, read: (text: string) => unknown): Promise<Map<string, Market>> {
  const response = await fetch(`${restUrl}/symbols`, { signal: AbortSignal.timeout(WITHIN_MS), redirect: 'error' });
  const text = await response.text();
  if (!response.ok || text.length > MOST_BYTES) throw new Error(`GET /symbols answered ${response.status}`);
  const listed = Object.entries(z.record(z.string(), z.unknown()).parse(read(text)));
  return new Map(listed.flatMap(([symbol, status]) => entryOf(symbol, symbolStatus.safeParse(status).data)));
}

function entryOf(symbol: string, status: z.infer<typeof symbolStatus> | undefined): [string, Market][] {
  if (status === undefined) return [];
  const market = {
    symbol,
    id: status.id,
    base: status.base_currency,
    quote: status.counter_currency,
    tick: scaled(status.min_price_increment, status.min_price_increment_scale),
    lot: scaled(status.lot_size, status.lot_size_scale),
    minimum: scaled(status.min_order_size, status.min_order_size_scale),
    isOpen: status.status === 'open',
  };
  return market.tick > 0n && market.lot > 0n ? [[symbol, market]] : [];
}

const scaled = (number: string, scale: string): bigint => decimalOf(`${number}e-${scale}`);
