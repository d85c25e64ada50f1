import { formatDecimal, type ViewedAsset } from '@core/venue-view';
import { tradedVolumes } from '@products/venue';
import { type Trader } from '../access/access.js';
import { balanceRow, formatLocal, localWorth, tradedAssets } from '../encode-balance.js';
import { type GatewayParts } from '../parts.js';
import { spot } from './market-data-routes.js';
import { notFound } from './rest-refusal.js';
import { type RestRequest, type RestRoute } from './rest-routes.js';

/** The only account there is on this wire. */
const PRIMARY = 'primary';
const PPM_SCALE = 6;
const VOLUME_MS = 30 * 86_400_000;
/** A sum over a month of fills is not made again for each request. */
const VOLUME_KEPT_MS = 60_000;
const MOST_VOLUMES = 10_000;

/** Balances on the exchange, and what trading costs. */
export class AccountRoutes {
  readonly #volumes = new Map<number, { readonly until: number; readonly cents: Promise<bigint> }>();

  constructor(private readonly parts: Pick<GatewayParts, 'feed' | 'database' | 'clock'>) {}

  get routes(): RestRoute[] {
    return [
      {
        method: 'GET',
        path: '/accounts',
        access: 'view',
        answer: ({ query }, trader) => this.#accounts(query.text('account'), trader),
      },
      {
        method: 'GET',
        path: '/accounts/:account/:currency',
        access: 'view',
        answer: (request, trader) => this.#balance(request, trader),
      },
      { method: 'GET', path: '/fees', access: 'view', answer: (_request, trader) => this.#fees(trader) },
    ];
  }

  /** Every asset that the account has or had. */
  #accounts(name: string | undefined, { account }: Trader): string {
    if (name !== undefined && name !== PRIMARY) throw notFound('There is one account, and it is called primary');
    const { feed } = this.parts;
    const assets = tradedAssets(feed);
    const rows = feed.balances(account).flatMap((balance) => {
      const asset = assets.get(balance.asset);
      return asset === undefined ? [] : [balanceRow(feed, asset, balance).json];
    });
    return `{"${PRIMARY}":[${rows.join(',')}]}`;
  }

  #balance({ params }: RestRequest, { account }: Trader): string {
    const { feed } = this.parts;
    const asset = [...tradedAssets(feed).values()].find(({ code }) => code === params['currency']?.toUpperCase());
    if (params['account'] !== PRIMARY || asset === undefined) throw notFound('There is no such account or currency');
    const balance = feed.balances(account).find(({ asset: number }) => number === asset.number);
    return balanceRow(feed, asset, balance ?? { total: 0n, held: 0n }).json;
  }

  /** One pair of rates for all symbols: where they differ, the highest, so that nobody pays more than was said. */
  async #fees({ account }: Trader): Promise<string> {
    const { feed } = this.parts;
    const rates = spot(feed).map(({ number }) => feed.feeRates(account, number));
    const highest = (of: 'makerPpm' | 'takerPpm'): string =>
      formatDecimal(BigInt(rates.length === 0 ? 0 : Math.max(...rates.map((rate) => rate[of]))), PPM_SCALE);
    const volume = formatLocal(await this.#volumeOf(account));
    return `{"makerRate":${highest('makerPpm')},"takerRate":${highest('takerPpm')},"volumeInUSD":${volume}}`;
  }

  /** Of the last 30 days, in cents, by today's prices. */
  #volumeOf(account: number): Promise<bigint> {
    const now = performance.now();
    const kept = this.#volumes.get(account);
    if (kept !== undefined && kept.until > now) return kept.cents;
    const cents = this.#readVolume(account);
    if (this.#volumes.size >= MOST_VOLUMES) this.#volumes.clear();
    this.#volumes.set(account, { until: now + VOLUME_KEPT_MS, cents });
    cents.catch(() => this.#volumes.delete(account));
    return cents;
  }

  async #readVolume(account: number): Promise<bigint> {
    const { feed, database, clock } = this.parts;
    const assets: ReadonlyMap<number, ViewedAsset> = tradedAssets(feed);
    const since = new Date(clock.now().getTime() - VOLUME_MS);
    let cents = 0n;
    for (const { asset: number, units } of await tradedVolumes(database, account, since)) {
      const asset = assets.get(number);
      if (asset !== undefined) cents += localWorth(feed, asset, units);
    }
    return cents;
  }
}
