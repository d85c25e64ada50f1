import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { type Secret } from '@base/config';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { Outbox } from '@base/jobs';
import { type Logger } from '@base/observability';
import { Ledger } from '@platform/ledger';
import { PAYMENTS, type Payments } from '@platform/payments';
import { type Pricing } from '@platform/pricing';
import { type Brokerage, createBrokerage } from './create-brokerage.js';
import { type CustomerTiers } from './limits.js';
import { PlatformPayments } from './platform-payments.js';

/** Under this the modules of an app ask for the {@link Brokerage}. */
export const BROKERAGE = Symbol('brokerage');

export interface BrokerageSettings {
  /** None in a process that gives no quotes. */
  readonly quoteSigningKey?: Secret | undefined;
  readonly logger: Logger;
  readonly pricing: Pricing;
  readonly tiers: CustomerTiers;
}

/** The brokerage for the modules of an app. */
@Global()
@Module({})
export class BrokerageModule {
  static of({ quoteSigningKey, ...given }: BrokerageSettings): DynamicModule {
    const brokerage: Provider = {
      provide: BROKERAGE,
      useFactory: (
        database: Database,
        clock: Clock,
        events: Events,
        outbox: Outbox,
        ledger: Ledger,
        payments: Payments,
      ): Brokerage =>
        createBrokerage(
          { database, clock, events, outbox, ledger, payments: new PlatformPayments(payments, clock), ...given },
          { quoteSigningKey },
        ),
      inject: [Database, CLOCK, Events, Outbox, Ledger, PAYMENTS],
    };
    return { module: BrokerageModule, providers: [brokerage], exports: [BROKERAGE] };
  }
}
