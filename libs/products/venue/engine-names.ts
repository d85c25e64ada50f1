import { type EngineEvent, FEE_ACCOUNT, FIRST_CUSTOMER, INSURANCE_ACCOUNT, ROUNDING_ACCOUNT } from '@core/contracts';
import { type Queryable } from '@base/database';
import { type Account, account, type AccountType } from '@platform/ledger';
import { findCustomers } from './accounts.js';
import { type EngineAsset, readEngineAssets } from './engine-asset.js';
import { type Instrument, listInstruments } from './instruments.js';
import { SettlementFault } from './settlement-fault.js';

/** The ledger's account types of the engine's own accounts. */
const VENUE_ACCOUNTS: ReadonlyMap<number, AccountType> = new Map([
  [FEE_ACCOUNT, 'exchange_fees'],
  [ROUNDING_ACCOUNT, 'exchange_rounding'],
  [INSURANCE_ACCOUNT, 'exchange_insurance'],
]);

/** The types of all accounts of the ledger that show what the engine holds. */
export const EXCHANGE_ACCOUNT_TYPES: readonly AccountType[] = ['exchange_available', ...VENUE_ACCOUNTS.values()];

/** The engine's number of a venue account of the ledger. */
export const numberOfType = (type: AccountType): number | undefined =>
  [...VENUE_ACCOUNTS].find(([, known]) => known === type)?.[0];

/** What the ledger calls what the engine numbers. Customers and assets never change their numbers, so what it once knows stays true. */
export class EngineNames {
  readonly #customers = new Map<number, string>();
  #assets: ReadonlyMap<number, EngineAsset> = new Map();
  #instruments = new Map<number, Instrument>();

  /** Learns what these events name. */
  async learn(on: Queryable, events: readonly EngineEvent[]): Promise<void> {
    if (this.#assets.size === 0)
      this.#assets = new Map((await readEngineAssets(on)).map((asset) => [asset.number, asset]));
    this.#instruments = new Map((await listInstruments(on)).map((instrument) => [instrument.number, instrument]));
    await this.learnCustomers(on, events.flatMap(accountsIn));
  }

  async learnCustomers(on: Queryable, numbers: readonly number[]): Promise<void> {
    const unknown = [...new Set(numbers)].filter((number) => number >= FIRST_CUSTOMER && !this.#customers.has(number));
    if (unknown.length === 0) return;
    for (const [number, customer] of await findCustomers(on, unknown)) this.#customers.set(number, customer);
  }

  /** An instrument listed by an event of the batch at hand. */
  listed(instrument: Instrument): void {
    this.#instruments.set(instrument.number, instrument);
  }

  /** Numbers of the instruments that the engine has listed. */
  get listedInstruments(): number[] {
    return [...this.#instruments.values()].flatMap(({ number, listedAt }) => (listedAt === null ? [] : [number]));
  }

  /** @throws SettlementFault */
  asset(number: number): EngineAsset {
    const asset = this.#assets.get(number);
    if (asset === undefined) throw new SettlementFault('unknown_asset', `number ${number}`);
    return asset;
  }

  /** @throws SettlementFault */
  instrument(number: number): Instrument {
    const instrument = this.#instruments.get(number);
    if (instrument === undefined) throw new SettlementFault('unknown_instrument', `number ${number}`);
    return instrument;
  }

  /** The ledger's account of an engine account in an asset. @throws SettlementFault */
  account(number: number, { code }: EngineAsset): Account {
    const type = VENUE_ACCOUNTS.get(number);
    if (type !== undefined) return account(type, code);
    const customer = this.#customers.get(number);
    if (customer === undefined) throw new SettlementFault('unknown_account', `number ${number}`);
    return account('exchange_available', code, customer);
  }
}

/** The accounts whose money an event moves. */
function accountsIn(event: EngineEvent): number[] {
  switch (event.kind) {
    case 'trade':
      return [event.makerAccount, event.takerAccount];
    case 'transfer-settled':
    case 'variation-settled':
      return [event.account];
    default:
      return [];
  }
}
