import { type EngineEvent } from '@core/contracts';
import { ViewFault } from './view-fault.js';
import { type FeeRates, type ViewedAsset, type ViewedInstrument, type VenueSnapshot } from './venue-snapshot.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;
type Rates = Pick<FeeRates, 'makerPpm' | 'takerPpm'>;
interface Standing {
  tier: number;
  isSuspended: boolean;
}

const ANY = 0xffffffff;
const NO_FEES: Rates = { makerPpm: 0, takerPpm: 0 };

/** What is traded, at which fees and by whom: everything that operators set. */
export class Listings {
  readonly #assets: ReadonlyMap<number, ViewedAsset>;
  readonly #instruments = new Map<number, ViewedInstrument>();
  readonly #bySymbol = new Map<string, number>();
  readonly #fees = new Map<number, Map<number, FeeRates>>();
  readonly #accounts = new Map<number, Standing>();
  readonly #changed = new Set<number>();
  #all: readonly ViewedInstrument[] | undefined;
  isKillSwitchEngaged: boolean;

  constructor(snapshot: VenueSnapshot) {
    this.#assets = new Map(snapshot.assets.map((asset) => [asset.number, asset]));
    for (const instrument of snapshot.instruments) this.#keep(instrument);
    for (const rates of snapshot.fees) this.#setRates(rates);
    for (const { number, tier, isSuspended } of snapshot.accounts) this.#accounts.set(number, { tier, isSuspended });
    this.isKillSwitchEngaged = snapshot.isKillSwitchEngaged;
  }

  get assets(): readonly ViewedAsset[] {
    return [...this.#assets.values()];
  }

  /** The same array until something changes. */
  get instruments(): readonly ViewedInstrument[] {
    this.#all ??= [...this.#instruments.values()];
    return this.#all;
  }

  get fees(): readonly FeeRates[] {
    return [...this.#fees.values()].flatMap((tiers) => [...tiers.values()]);
  }

  get accounts(): VenueSnapshot['accounts'] {
    return [...this.#accounts].map(([number, standing]) => ({ number, ...standing }));
  }

  asset(number: number): ViewedAsset | undefined {
    return this.#assets.get(number);
  }

  instrument(number: number): ViewedInstrument | undefined {
    return this.#instruments.get(number);
  }

  bySymbol(symbol: string): ViewedInstrument | undefined {
    const number = this.#bySymbol.get(symbol);
    return number === undefined ? undefined : this.#instruments.get(number);
  }

  /** @throws ViewFault for a number that was never listed */
  listed(number: number): ViewedInstrument {
    const instrument = this.#instruments.get(number);
    if (instrument === undefined) throw new ViewFault('unknown_instrument', `instrument ${number}`);
    return instrument;
  }

  /** What an order of the account would be accepted with now. */
  ratesOf(account: number, instrument: number): Rates {
    return this.#fees.get(instrument)?.get(this.#accounts.get(account)?.tier ?? 0) ?? NO_FEES;
  }

  /** @throws ViewFault for an asset that the view was not told of */
  list(event: Event<'instrument-listed'>): void {
    const { instrument: number, symbol, settlement, lotUnits, tickValue, tickValueScale } = event;
    const { minimumQuantity, maximumQuantity, maximumPrice } = event;
    this.#keep({
      ...{ number, symbol, settlement, lotUnits, tickValue, tickValueScale },
      ...{ minimumQuantity, maximumQuantity, maximumPrice },
      base: this.#assetOf(event.base),
      quote: this.#assetOf(event.quote),
      state: 'closed',
      ...{ auctionPrice: 0, auctionQuantity: 0n, auctionTime: 0n, referencePrice: 0, markPrice: 0 },
    });
    this.#changed.add(number);
  }

  changeState(event: Event<'instrument-state'>): void {
    const { state, auctionPrice, auctionQuantity, time: auctionTime } = event;
    const auction = { auctionPrice, auctionQuantity, auctionTime, referencePrice: auctionPrice };
    this.#change(event.instrument, auctionPrice === 0 ? { state } : { state, ...auction });
  }

  setBands({ instrument, referencePrice }: Event<'bands-set'>): void {
    if (referencePrice > 0) this.#change(instrument, { referencePrice });
  }

  setMarkPrice({ instrument, price }: Event<'mark-price-set'>): void {
    this.#change(instrument, { markPrice: price, referencePrice: price });
  }

  setFees({ instrument, tier, makerPpm, takerPpm }: Event<'fees-set'>): void {
    const meant = instrument === ANY ? this.#instruments.keys() : [instrument];
    for (const number of meant) this.#setRates({ instrument: number, tier, makerPpm, takerPpm });
  }

  setAccount({ account, tier, state }: Event<'account-set'>): void {
    this.#accounts.set(account, { tier, isSuspended: state === 'suspended' });
  }

  /** Which instruments have changed since this was called last. */
  tellChanges(): ViewedInstrument[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].map((number) => this.listed(number));
    this.#changed.clear();
    return changed;
  }

  #assetOf(number: number): ViewedAsset {
    const asset = this.#assets.get(number);
    if (asset === undefined) throw new ViewFault('unknown_asset', `asset ${number}`);
    return asset;
  }

  #change(number: number, changes: Partial<ViewedInstrument>): void {
    this.#keep({ ...this.listed(number), ...changes });
    this.#changed.add(number);
  }

  #keep(instrument: ViewedInstrument): void {
    this.#all = undefined;
    this.#instruments.set(instrument.number, instrument);
    this.#bySymbol.set(instrument.symbol, instrument.number);
  }

  #setRates(rates: FeeRates): void {
    const tiers = this.#fees.get(rates.instrument) ?? new Map<number, FeeRates>();
    this.#fees.set(rates.instrument, tiers.set(rates.tier, rates));
  }
}
