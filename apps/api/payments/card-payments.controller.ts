import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { Database } from '@base/database';
import { Access, amountText, Caller, type CommandResult, Commands, type Customer, IdempotencyKey, minorOf, type Page, pageOf, pageQuery, timeCursor } from '@base/http'; // prettier-ignore
import { type CardPayment, findCardPayment, listCardPayments, PAYMENTS, type Payments, refused } from '@platform/payments'; // prettier-ignore
import { fiat } from './money.js';

const starting = z
  .strictObject({
    asset: fiat,
    amount: amountText(),
    cardId: z
      .uuid()
      .optional()
      .meta({ description: 'A saved card; without one the card is given on the processor’s page' }),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional(),
  })
  .meta({ id: 'CardPaymentToStart' });
const state = z.enum(['CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED', 'CAPTURED', 'REFUNDED', 'CHARGED_BACK', 'FAILED', 'EXPIRED', 'CANCELLED']); // prettier-ignore
const cardPayment = z
  .object({
    id: z.uuid(),
    state,
    asset: z.string(),
    amount: z.string(),
    refunded: z.string(),
    card: z.object({ brand: z.string(), last4: z.string() }).nullable(),
    nextAction: z
      .object({ type: z.enum(['poll', 'redirect']), url: z.string().nullable() })
      .nullable()
      .meta({ description: 'What to do now: read again in a moment, or send the customer’s browser to the page' }),
    failureCode: z.string().nullable(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    capturedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'CardPayment' });
const cardPaymentPage = z.object({ items: z.array(cardPayment), next: z.string().optional() }).meta({ id: 'CardPaymentPage' }); // prettier-ignore

/** Deposits by card. */
@ApiTags('Payments')
@Controller('v1/payments/card-payments')
export class CardPaymentsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  /** The page to go to appears on the payment a moment later: read it again until `nextAction` is a redirect. */
  @Access('customer', { scope: 'transfer' })
  @Post()
  @ApiCreatedResponse({ standardSchema: cardPayment })
  start(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: starting }) body: z.infer<typeof starting>,
  ): Promise<CommandResult> {
    const { asset, cardId, returnUrl } = body;
    const amount = minorOf(body.amount, asset);
    return this.commands.run({ owner: caller.id, key, operation: 'start-card-payment', request: body }, async (tx) => ({
      status: 201,
      body: present(
        await this.payments.startCardPayment.run(tx, { customerId: caller.id, asset, amount, cardId, returnUrl }),
      ),
    }));
  }

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: cardPaymentPage })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: z.strictObject(pageQuery()) }) { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Page<z.infer<typeof cardPayment>>> {
    const page = { limit: limit + 1, before: timeCursor(cursor) };
    return pageOf(await listCardPayments(this.database, caller.id, page), limit, {
      position: (row) => [row.createdAt.toISOString(), row.id],
      present,
    });
  }

  @Access('customer', { scope: 'view' })
  @Get(':id')
  @ApiOkResponse({ standardSchema: cardPayment })
  async find(
    @Caller() caller: Customer,
    @Param('id', { schema: z.uuid() }) id: string,
  ): Promise<z.infer<typeof cardPayment>> {
    return present(await this.#own(caller, id));
  }

  /** It ends when the processor has let it go, a moment later; if the money was taken by then, it is captured instead. */
  @Access('customer', { scope: 'transfer' })
  @Post(':id/cancel')
  @HttpCode(202)
  async cancel(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
  ): Promise<CommandResult> {
    await this.#own(caller, id);
    return this.commands.run(
      { owner: caller.id, key, operation: 'cancel-card-payment', request: { id } },
      async (tx) => ({
        status: 202,
        body: present(await this.payments.giveUpCardPayment.request(tx, id, 'CANCELLED')),
      }),
    );
  }

  async #own(caller: Customer, id: string): Promise<CardPayment> {
    const payment = await findCardPayment(this.database, id);
    if (payment?.customerId !== caller.id) throw refused('card_payment_unknown');
    return payment;
  }
}

function nextAction({ state: of, actionUrl }: CardPayment): z.infer<typeof cardPayment>['nextAction'] {
  if (of === 'AWAITING_CUSTOMER' && actionUrl !== null) return { type: 'redirect', url: actionUrl };
  return of === 'CREATED' || of === 'AUTHORISED' ? { type: 'poll', url: null } : null;
}

const present = (payment: CardPayment): z.infer<typeof cardPayment> => ({
  id: payment.id,
  state: payment.state,
  asset: payment.asset,
  amount: formatAmount(payment.amount, payment.asset),
  refunded: formatAmount(payment.refunded, payment.asset),
  card: payment.cardBrand === null ? null : { brand: payment.cardBrand, last4: payment.cardLast4 ?? '' },
  nextAction: nextAction(payment),
  failureCode: payment.failureCode,
  createdAt: payment.createdAt.toISOString(),
  expiresAt: payment.expiresAt.toISOString(),
  capturedAt: payment.capturedAt?.toISOString() ?? null,
});
