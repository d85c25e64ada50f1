import { formatUnits, priceStep, type ViewedAsset, type ViewedInstrument } from '@core/venue-view';
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

const assetsOf = new WeakMap<readonly ViewedInstrument[], ReadonlyMap<number, ViewedAsset>>();

/** The assets that the venue's instruments are made of, by number. */
export function tradedAssets(feed: VenueFeed): ReadonlyMap<number, ViewedAsset> {
  const instruments = feed.instruments();
  const known = assetsOf.get(instruments);
  if (known !== undefined) return known;
  const made = new Map(instruments.flatMap(({ base, quote }) => [[base.number, base], [quote.number, quote]])); // prettier-ignore
  assetsOf.set(instruments, made);
  return made;
}

export const formatLocal = (cents: bigint): string => formatUnits(LOCAL, cents);

/** What so many units are worth, in local cents, rounded down; nothing where the venue has no price for them. */
export const localWorth = (feed: VenueFeed, asset: ViewedAsset, units: bigint): bigint =>
  centsOf(units, asset, rateOf(feed, asset));

export const balanceRow = (feed: VenueFeed, asset: ViewedAsset, balance: AccountBalance): BalanceRow =>
  encodeRow(asset, balance, rateOf(feed, asset));

interface KeptRow {
  readonly balance: AccountBalance;
  readonly rate: Rate;
  readonly row: BalanceRow;
}

/** The rows of one account that is told of again and again: only those are encoded whose amounts or worth have changed. */
export class BalanceRows {
  readonly #kept = new Map<number, KeptRow>();

  row(feed: VenueFeed, asset: ViewedAsset, balance: AccountBalance): BalanceRow {
    const rate = rateOf(feed, asset);
    const kept = this.#kept.get(asset.number);
    if (kept !== undefined && isSame(kept, balance, rate)) return kept.row;
    const row = encodeRow(asset, balance, rate);
    this.#kept.set(asset.number, { balance, rate, row });
    return row;
  }
}

const isSame = (kept: KeptRow, balance: AccountBalance, rate: Rate): boolean =>
  kept.balance.total === balance.total &&
  kept.balance.held === balance.held &&
  kept.rate.value === rate.value &&
  kept.rate.scale === rate.scale;

function encodeRow(asset: ViewedAsset, { total, held }: AccountBalance, rate: Rate): BalanceRow {
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
