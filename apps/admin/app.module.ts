import { type DynamicModule, Module } from '@nestjs/common';
import { type Process, ProcessModule } from '@base/process';
import { ApprovalsModule } from '@platform/approvals';
import { AuditModule } from '@platform/audit';
import { CustodyModule, custodySettingsOf } from '@platform/custody';
import { IdentityModule } from '@platform/identity';
import { LedgerModule } from '@platform/ledger';
import { NotificationsModule } from '@platform/notifications';
import { PAYMENTS, type Payments, PaymentsModule, railsOf, termsOf } from '@platform/payments';
import { CautiousValuation, createPricing, priceSourcesOf, PricingModule } from '@platform/pricing';
import { BrokerageModule, IdentityTiers } from '@products/brokerage';
import { operatorSettingsOf } from '@products/venue';
import { ApprovalsHttpModule } from './approvals/approvals-http.module.js';
import { AuditHttpModule } from './audit/audit-http.module.js';
import { BrokerageHttpModule } from './brokerage/brokerage-http.module.js';
import { type AdminConfig } from './config.js';
import { CustodyHttpModule } from './custody/custody-http.module.js';
import { IdentityHttpModule } from './identity/identity-http.module.js';
import { LedgerHttpModule } from './ledger/ledger-http.module.js';
import { PaymentsHttpModule } from './payments/payments-http.module.js';
import { SandboxHttpModule } from './sandbox/sandbox-http.module.js';
import { VenueHttpModule } from './venue/venue-http.module.js';

/** Everything operators can call. A feature is one line here and a folder beside it. */
@Module({})
export class AppModule {
  static of(process: Process, config: AdminConfig): DynamicModule {
    const keys = { tokenKey: config.TOKEN_KEY, previousTokenKey: config.TOKEN_KEY_PREVIOUS };
    const pricing = createPricing(process, { sources: priceSourcesOf(config, process.logger) });
    return {
      module: AppModule,
      imports: [
        ProcessModule.of(process),
        ApprovalsModule,
        ApprovalsHttpModule,
        AuditModule,
        LedgerModule,
        LedgerHttpModule,
        NotificationsModule.of(keys),
        IdentityModule.of({ ...keys, publicUrl: config.API_PUBLIC_URL, sharedNetwork: config.SANDBOX }),
        IdentityHttpModule,
        CustodyModule.of(custodySettingsOf(config), {
          withdrawable: { useFactory: ({ withdrawable }: Payments) => withdrawable, inject: [PAYMENTS] },
        }),
        CustodyHttpModule,
        PaymentsModule.of({
          ...railsOf(config),
          terms: termsOf(config),
          valuation: new CautiousValuation(pricing.prices),
          logger: process.logger,
        }),
        PricingModule.of(pricing),
        BrokerageModule.of({ logger: process.logger, pricing, tiers: new IdentityTiers(config.SANDBOX ? 3 : 0) }),
        BrokerageHttpModule,
        AuditHttpModule.of({ tokenKey: config.TOKEN_KEY, anchorFile: config.AUDIT_ANCHOR_FILE }),
        PaymentsHttpModule,
        VenueHttpModule.of(operatorSettingsOf(config)),
        SandboxHttpModule.of(process.sandboxClock),
      ],
    };
  }
}
