import { type DynamicModule, type FactoryProvider, Global, Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { Outbox } from '@base/jobs';
import { WatchOnlyAccounts } from '@platform/keys';
import { Ledger } from '@platform/ledger';
import { AllocateAddress } from './allocate-address.js';
import { DecideWithdrawal } from './decide-withdrawal.js';
import { EndUnsigned } from './end-unsigned.js';
import { KeepWhitelist } from './whitelist.js';
import { RequestWithdrawal } from './request-withdrawal.js';
import { type CustodySettings } from './settings.js';
import { type WithdrawableValue } from './withdrawable-value.js';

export const CUSTODY_SETTINGS = Symbol('custody-settings');

const WITHDRAWABLE_VALUE = Symbol('withdrawable-value');

/** The app's adapter for a port, built from whatever the app provides. */
export type Adapter<Port> = Pick<FactoryProvider<Port>, 'useFactory' | 'inject'>;

const WITH_BOOKS = [Ledger, Events, CLOCK];

const USE_CASES: readonly Provider[] = [
  {
    provide: AllocateAddress,
    useFactory: (database: Database, settings: CustodySettings, clock: Clock) =>
      new AllocateAddress(database, new WatchOnlyAccounts(), settings, clock),
    inject: [Database, CUSTODY_SETTINGS, CLOCK],
  },
  {
    provide: RequestWithdrawal,
    useFactory: (...parts: ConstructorParameters<typeof RequestWithdrawal>) => new RequestWithdrawal(...parts),
    inject: [Ledger, WITHDRAWABLE_VALUE, Outbox, CUSTODY_SETTINGS, CLOCK],
  },
  {
    provide: KeepWhitelist,
    useFactory: (settings: CustodySettings, clock: Clock) => new KeepWhitelist(settings, clock),
    inject: [CUSTODY_SETTINGS, CLOCK],
  },
  {
    provide: EndUnsigned,
    useFactory: (ledger: Ledger, events: Events, clock: Clock) => new EndUnsigned({ ledger, events, clock }),
    inject: WITH_BOOKS,
  },
  {
    provide: DecideWithdrawal,
    useFactory: (ledger: Ledger, events: Events, clock: Clock) => new DecideWithdrawal({ ledger, events, clock }),
    inject: WITH_BOOKS,
  },
];

/** What the APIs need of custody: addresses, requests, decisions. No node, no signer. */
@Global()
@Module({})
export class CustodyModule {
  static of(settings: CustodySettings, ports: { readonly withdrawable: Adapter<WithdrawableValue> }): DynamicModule {
    const providers = [
      { provide: CUSTODY_SETTINGS, useValue: settings },
      { provide: WITHDRAWABLE_VALUE, ...ports.withdrawable },
      ...USE_CASES,
    ];
    return { module: CustodyModule, providers, exports: [CUSTODY_SETTINGS, ...USE_CASES] };
  }
}
