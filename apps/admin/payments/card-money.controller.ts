import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, amountText, Caller, type CommandResult, IdempotencyKey, minorOf, type Operator, type Page, pageOf, pageQuery, timeCursor } from '@base/http'; // prettier-ignore
import { findCardPayment, listChargebacks, PAYMENTS, type Payments, refundsOf, refused } from '@platform/payments';
import { AuditedCommands } from './audited-commands.js';
import { reasonText } from './fields.js';
import { chargebackSchema, presentChargeback, presentRefund, refundSchema } from './payments-presented.js';

const chargebackPage = z.object({ items: z.array(chargebackSchema), next: z.string().optional() }).meta({ id: 'ChargebackPage' }); // prettier-ignore
const refundList = z.object({ items: z.array(refundSchema) }).meta({ id: 'Refunds' });
const refunding = z
  .strictObject({ amount: amountText().optional(), reason: reasonText() })
  .meta({ id: 'RefundToMake', description: 'Without an amount, all that is left' });

/** Card money on its way back: refunds that we make, chargebacks that cardholders' banks make. */
@ApiTags('Payments')
@Access('operator', { roles: ['treasury', 'support', 'compliance'] })
@Controller('v1/payments')
export class CardMoneyController {
  constructor(
    private readonly database: Database,
    private readonly audited: AuditedCommands,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  @Get('chargebacks')
  @ApiOkResponse({ standardSchema: chargebackPage })
  async chargebacks(
    @Query({ schema: z.strictObject(pageQuery()) }) { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Page<z.infer<typeof chargebackSchema>>> {
    const rows = await listChargebacks(this.database, { limit: limit + 1, before: timeCursor(cursor) });
    return pageOf(rows, limit, {
      position: (row) => [row.createdAt.toISOString(), row.id],
      present: presentChargeback,
    });
  }

  @Get('card-payments/:id/refunds')
  @ApiOkResponse({ standardSchema: refundList })
  async refunds(@Param('id', { schema: z.uuid() }) id: string): Promise<z.infer<typeof refundList>> {
    const payment = await findCardPayment(this.database, id);
    if (payment === undefined) throw refused('card_payment_unknown');
    return { items: (await refundsOf(this.database, id)).map((refund) => presentRefund(refund, payment.asset)) };
  }

  @Access('operator', { roles: ['treasury', 'support'] })
  @Post('card-payments/:id/refunds')
  @HttpCode(201)
  @ApiCreatedResponse({ standardSchema: refundSchema })
  async refund(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: refunding }) { amount, reason }: z.infer<typeof refunding>,
  ): Promise<CommandResult> {
    const payment = await findCardPayment(this.database, id);
    if (payment === undefined) throw refused('card_payment_unknown');
    const minor = amount === undefined ? undefined : minorOf(amount, payment.asset);
    const command = { caller, key, action: 'payments.refund-card', subject: { kind: 'card-payment', id }, reason, request: amount ?? null }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({
      status: 201,
      body: presentRefund(await this.payments.requestRefund.run(tx, { paymentId: id, amount: minor, reason }), payment.asset), // prettier-ignore
    }));
  }
}
