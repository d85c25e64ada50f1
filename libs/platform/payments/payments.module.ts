import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { Outbox } from '@base/jobs';
import { type Logger } from '@base/observability';
import { Ledger } from '@platform/ledger';
import { type BankRail } from './bank-rail.js';
import { type CardProcessor } from './card-processor.js';
import { createPayments, type PaymentsSettings } from './create-payments.js';

/** All of payments' use-cases: `@Inject(PAYMENTS) payments: Payments`. */
export const PAYMENTS = Symbol('payments');
export const CARD_PROCESSOR = Symbol('card-processor');

export interface PaymentsModuleOptions extends PaymentsSettings {
  readonly bank: BankRail;
  readonly card: CardProcessor;
  readonly logger: Logger;
}

@Global()
@Module({})
export class PaymentsModule {
  static of({ bank, card, logger, ...settings }: PaymentsModuleOptions): DynamicModule {
    return {
      module: PaymentsModule,
      providers: [
        {
          provide: PAYMENTS,
          useFactory: (database: Database, clock: Clock, ledger: Ledger, outbox: Outbox, events: Events) =>
            createPayments({ database, clock, logger, ledger, outbox, events, bank, card }, settings),
          inject: [Database, CLOCK, Ledger, Outbox, Events],
        },
        { provide: CARD_PROCESSOR, useValue: card },
      ],
      exports: [PAYMENTS, CARD_PROCESSOR],
    };
  }
}
