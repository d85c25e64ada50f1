import { Body, Controller, Headers, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import { type Secret } from '@base/config';
import { Access, RawBody } from '@base/http';
import { PAYMENTS, type Payments, verifySignature } from '@platform/payments';

/** The keys that webhooks are signed with, the present one first. */
export const WEBHOOK_SECRETS = Symbol('webhook-secrets');

export interface WebhookSecrets {
  readonly bank: readonly Secret[];
  readonly card: readonly Secret[];
}

/** What bank and card processor tell us. 204 says that we have it, for good; anything else asks to be told again. */
@ApiTags('Webhooks')
@Access('webhook')
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(
    @Inject(PAYMENTS) private readonly payments: Payments,
    @Inject(WEBHOOK_SECRETS) private readonly secrets: WebhookSecrets,
  ) {}

  @Post('bank')
  @HttpCode(204)
  @ApiNoContentResponse()
  async bank(
    @RawBody() body: Buffer,
    @Headers('signature') header: string | undefined,
    @Body() event: unknown,
  ): Promise<void> {
    verifySignature({ header, body, secrets: this.secrets.bank, now: new Date() });
    await this.payments.bankIntake.receive(event);
  }

  @Post('card')
  @HttpCode(204)
  @ApiNoContentResponse()
  async card(
    @RawBody() body: Buffer,
    @Headers('signature') header: string | undefined,
    @Body() event: unknown,
  ): Promise<void> {
    verifySignature({ header, body, secrets: this.secrets.card, now: new Date() });
    await this.payments.cardIntake.receive(event);
  }
}
