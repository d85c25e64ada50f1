import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { WatchOnlyAccounts } from '@platform/keys';
import { AllocateAddress } from './allocate-address.js';
import { type CustodyChains } from './custody-settings.js';

/** Custody's use-cases by their classes, for the modules of an app. No key is anywhere near: addresses come from public keys. */
@Global()
@Module({})
export class CustodyModule {
  static of(chains: CustodyChains): DynamicModule {
    return {
      module: CustodyModule,
      providers: [
        { provide: WatchOnlyAccounts, useValue: new WatchOnlyAccounts() },
        {
          provide: AllocateAddress,
          useFactory: (accounts: WatchOnlyAccounts, clock: Clock) => new AllocateAddress(accounts, chains, clock),
          inject: [WatchOnlyAccounts, CLOCK],
        },
      ],
      exports: [WatchOnlyAccounts, AllocateAddress],
    };
  }
}
