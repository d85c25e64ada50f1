import { formatUnits, priceStep, type ViewedAsset } from '@core/venue-view';
import { type VenueFeed } from './desk/venue-feed.js';

/** In which customers are shown what everything is worth. */
const LOCAL = { code: 'USD', scale: 2 } as const;

/** Local currency per unit, as an integer and the power of ten that divides it. */
interface Rate {
  readonly value: bigint;
  readonly scale: number;
}

export interface AccountBalance {
  readonly total: bigint;
  readonly held: bigint;
}

/** A row of what both protocols tell of an account, with its worth in local cents. */
export interface BalanceRow {
  readonly json: string;
  readonly localCents: bigint;
  readonly availableLocalCents: bigint;
}

/** The assets that the venue's instruments are made of, by number. */
export const tradedAssets = (feed: VenueFeed): ReadonlyMap<number, ViewedAsset> =>
  new Map(feed.instruments().flatMap(({ base, quote }) => [[base.number, base], [quote.number, quote]])); // prettier-ignore

export const formatLocal = (cents: bigint): string => formatUnits(LOCAL, cents);

/** What so many units are worth, in local cents, rounded down; nothing where the venue has no price for them. */
export const localWorth = (feed: VenueFeed, asset: ViewedAsset, units: bigint): bigint =>
  centsOf(units, asset, rateOf(feed, asset));

export function balanceRow(feed: VenueFeed, asset: ViewedAsset, { total, held }: AccountBalance): BalanceRow {
  const rate = rateOf(feed, asset);
  const localCents = centsOf(total, asset, rate);
  const availableLocalCents = centsOf(total - held, asset, rate);
  const json =
    `{"currency":"${asset.code}","balance":${formatUnits(asset, total)},"available":${formatUnits(asset, total - held)},` +
    `"balance_local":${formatLocal(localCents)},"available_local":${formatLocal(availableLocalCents)},"rate":${formatUnits(rate, rate.value)}}`;
  return { json, localCents, availableLocalCents };
}

/** The venue's own last price against the local currency; none where it lists no such instrument, or nothing has traded. */
function rateOf(feed: VenueFeed, { code }: ViewedAsset): Rate {
  if (code === LOCAL.code) return { value: 1n, scale: 0 };
  const instrument = feed.instrument(`${code}-${LOCAL.code}`);
  if (instrument === undefined || instrument.settlement !== 'spot') return { value: 0n, scale: 0 };
  const { lastPrice, markPrice } = feed.ticker(instrument.number);
  const { increment, scale } = priceStep(instrument);
  return { value: BigInt(lastPrice === 0 ? markPrice : lastPrice) * increment, scale };
}

/** Cents, rounded down: an estimate that is never more than what it estimates. */
const centsOf = (units: bigint, asset: ViewedAsset, rate: Rate): bigint =>
  (units * rate.value * 10n ** BigInt(LOCAL.scale)) / 10n ** BigInt(asset.scale + rate.scale);
