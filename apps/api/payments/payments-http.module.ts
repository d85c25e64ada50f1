import { type DynamicModule, Module } from '@nestjs/common';
import { type ApiConfig } from '../config.js';
import { BeneficiariesController } from './beneficiaries.controller.js';
import { CardPaymentsController } from './card-payments.controller.js';
import { CardsController } from './cards.controller.js';
import { MethodsController } from './methods.controller.js';
import { WEBHOOK_SECRETS, type WebhookSecrets, WebhooksController } from './webhooks.controller.js';
import { WithdrawalsController } from './withdrawals.controller.js';

/** While a key is being replaced, both are taken. */
export const webhookSecrets = (config: ApiConfig): WebhookSecrets => ({
  bank: [config.BANK_WEBHOOK_SECRET, config.BANK_WEBHOOK_SECRET_PREVIOUS].filter((key) => key !== undefined),
  card: [config.CARD_WEBHOOK_SECRET, config.CARD_WEBHOOK_SECRET_PREVIOUS].filter((key) => key !== undefined),
});

@Module({})
export class PaymentsHttpModule {
  static of(secrets: WebhookSecrets): DynamicModule {
    return {
      module: PaymentsHttpModule,
      controllers: [
        MethodsController,
        CardsController,
        CardPaymentsController,
        BeneficiariesController,
        WithdrawalsController,
        WebhooksController,
      ],
      providers: [{ provide: WEBHOOK_SECRETS, useValue: secrets }],
    };
  }
}
