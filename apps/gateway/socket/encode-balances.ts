import { formatDecimal, formatUnits, priceStep, type ViewedAsset } from '@core/venue-view';
import { type VenueFeed } from '../desk/venue-feed.js';

/** In which customers are shown what everything is worth. */
const LOCAL = { code: 'USD', scale: 2 } as const;

/** Local currency per unit, as an integer and the power of ten that divides it. */
interface Rate {
  readonly value: bigint;
  readonly scale: number;
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
const localCents = (units: bigint, asset: ViewedAsset, rate: Rate): bigint =>
  (units * rate.value * 10n ** BigInt(LOCAL.scale)) / 10n ** BigInt(asset.scale + rate.scale);

/** Every asset that the account has or had: one that has become zero is said to be. */
export function balancesBody(feed: VenueFeed, account: number): string {
  const assets = new Map(feed.instruments().flatMap(({ base, quote }) => [[base.number, base], [quote.number, quote]])); // prettier-ignore
  const local = (cents: bigint): string => formatDecimal(cents, LOCAL.scale);
  let rows = '';
  let total = 0n;
  let totalAvailable = 0n;
  for (const balance of feed.balances(account)) {
    const asset = assets.get(balance.asset);
    if (asset === undefined) continue;
    const available = balance.total - balance.held;
    const rate = rateOf(feed, asset);
    const cents = localCents(balance.total, asset, rate);
    const availableCents = localCents(available, asset, rate);
    total += cents;
    totalAvailable += availableCents;
    rows +=
      `${rows === '' ? '' : ','}{"currency":"${asset.code}","balance":${formatUnits(asset, balance.total)},"available":${formatUnits(asset, available)},` +
      `"balance_local":${local(cents)},"available_local":${local(availableCents)},"rate":${formatDecimal(rate.value, rate.scale)}}`;
  }
  return `,"event":"snapshot","channel":"balances","balances":[${rows}],"total_available_local":${local(totalAvailable)},"total_balance_local":${local(total)}`;
}
