import { isAssetCode, type AssetCode } from '@core/money';

/** Two assets priced in each other: a price says how many of `quote` one of `base` costs. */
export interface Pair {
  readonly symbol: string;
  readonly base: AssetCode;
  readonly quote: AssetCode;
}

/** `parsePair('BTC-USD')`, or undefined when the text does not name two different known assets. */
export function parsePair(symbol: string): Pair | undefined {
  const [base = '', quote = '', ...rest] = symbol.split('-');
  if (rest.length > 0 || base === quote || !isAssetCode(base) || !isAssetCode(quote)) return undefined;
  return { symbol, base, quote };
}

/** As {@link parsePair}, for a symbol written in our own code or tables. @throws RangeError */
export function pairOf(symbol: string): Pair {
  const pair = parsePair(symbol);
  if (!pair) throw new RangeError(`${symbol} is not a pair`);
  return pair;
}
