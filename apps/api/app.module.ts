import { type DynamicModule, Module } from '@nestjs/common';
import { type Process, ProcessModule } from '@base/process';
import { AuditModule } from '@platform/audit';
import { CustodyModule, custodySettingsOf } from '@platform/custody';
import { IdentityModule } from '@platform/identity';
import { LedgerModule } from '@platform/ledger';
import { NotificationsModule } from '@platform/notifications';
import { PAYMENTS, type Payments, PaymentsModule, railsOf, termsOf } from '@platform/payments';
import { CautiousValuation, createPricing, priceSourcesOf, PricingModule } from '@platform/pricing';
import { BrokerageModule, IdentityTiers } from '@products/brokerage';
import { BrokerageHttpModule } from './brokerage/brokerage-http.module.js';
import { type ApiConfig } from './config.js';
import { CustodyHttpModule } from './custody/custody-http.module.js';
import { ExchangeHttpModule } from './exchange/exchange-http.module.js';
import { IdentityHttpModule } from './identity/identity-http.module.js';
import { PaymentsHttpModule, webhookSecrets } from './payments/payments-http.module.js';

/** Everything customers can call. A feature is one line here and a folder beside it. */
@Module({})
export class AppModule {
  static of(process: Process, config: ApiConfig): DynamicModule {
    const keys = { tokenKey: config.TOKEN_KEY, previousTokenKey: config.TOKEN_KEY_PREVIOUS };
    const pricing = createPricing(process, { sources: priceSourcesOf(config, process.logger) });
    return {
      module: AppModule,
      imports: [
        ProcessModule.of(process),
        AuditModule,
        LedgerModule,
        NotificationsModule.of(keys),
        IdentityModule.of({ ...keys, publicUrl: config.API_PUBLIC_URL, sharedNetwork: config.SANDBOX }),
        IdentityHttpModule,
        CustodyModule.of(custodySettingsOf(config), {
          withdrawable: { useFactory: ({ withdrawable }: Payments) => withdrawable, inject: [PAYMENTS] },
        }),
        CustodyHttpModule,
        ExchangeHttpModule,
        PaymentsModule.of({
          ...railsOf(config),
          terms: termsOf(config),
          valuation: new CautiousValuation(pricing.prices),
          logger: process.logger,
        }),
        PaymentsHttpModule.of(webhookSecrets(config)),
        PricingModule.of(pricing),
        BrokerageModule.of({
          quoteSigningKey: config.QUOTE_SIGNING_KEY,
          logger: process.logger,
          pricing,
          tiers: new IdentityTiers(config.SANDBOX ? 3 : 0),
        }),
        BrokerageHttpModule,
      ],
    };
  }
}
