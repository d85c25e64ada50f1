import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { Database } from '@base/database';
import { Access, amountText, Caller, type CommandResult, Commands, type Customer, IdempotencyKey, minorOf, type Page, pageOf, pageQuery, timeCursor } from '@base/http'; // prettier-ignore
import { type GivenStepUp, RequestStepUp, StepUp } from '@platform/identity';
import { findWithdrawal, listWithdrawals, PAYMENTS, type Payments, refused, type Withdrawal } from '@platform/payments';
import { fiat } from './money.js';

const asking = z
  .strictObject({
    beneficiaryId: z.uuid(),
    asset: fiat,
    amount: amountText().meta({ description: 'What arrives; the fee comes on top' }),
  })
  .meta({ id: 'WithdrawalToRequest' });
const withdrawal = z
  .object({
    id: z.uuid(),
    state: z.enum(['REQUESTED', 'HELD', 'SUBMITTING', 'SUBMITTED', 'SETTLED', 'RETURNED', 'FAILED', 'CANCELLED']),
    heldFor: z.enum(['large_amount', 'frozen']).nullable(),
    asset: z.string(),
    amount: z.string(),
    fee: z.string(),
    payee: z.object({ name: z.string(), account: z.string() }),
    failureCode: z.string().nullable(),
    createdAt: z.iso.datetime(),
    submittedAt: z.iso.datetime().nullable(),
    settledAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'FiatWithdrawal' });
const withdrawalPage = z.object({ items: z.array(withdrawal), next: z.string().optional() }).meta({ id: 'FiatWithdrawalPage' }); // prettier-ignore

/** Money to a bank account of the customer's choice. */
@ApiTags('Payments')
@Controller('v1/payments/withdrawals')
export class WithdrawalsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly stepUp: StepUp,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  /** Whoever has an authenticator app confirms it by `X-Step-Up`. */
  @Access('customer', { scope: 'withdraw' })
  @Post()
  @ApiCreatedResponse({ standardSchema: withdrawal })
  request(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: asking }) body: z.infer<typeof asking>,
    @RequestStepUp() stepUp: GivenStepUp,
  ): Promise<CommandResult> {
    const { asset, beneficiaryId } = body;
    const amount = minorOf(body.amount, asset);
    const sessionId = caller.credential.kind === 'session' ? caller.credential.id : undefined;
    return this.commands.run({ owner: caller.id, key, operation: 'request-withdrawal', request: body }, async (tx) => {
      await this.stepUp.demandWhereEnrolled(tx, { principalId: caller.id, sessionId }, stepUp);
      const asked = { customerId: caller.id, beneficiaryId, asset, amount };
      return { status: 201, body: present(await this.payments.requestWithdrawal.run(tx, asked)) };
    });
  }

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: withdrawalPage })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: z.strictObject(pageQuery()) }) { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Page<z.infer<typeof withdrawal>>> {
    const page = { limit: limit + 1, before: timeCursor(cursor) };
    return pageOf(await listWithdrawals(this.database, caller.id, page), limit, {
      position: (row) => [row.createdAt.toISOString(), row.id],
      present,
    });
  }

  @Access('customer', { scope: 'view' })
  @Get(':id')
  @ApiOkResponse({ standardSchema: withdrawal })
  async find(
    @Caller() caller: Customer,
    @Param('id', { schema: z.uuid() }) id: string,
  ): Promise<z.infer<typeof withdrawal>> {
    const found = await findWithdrawal(this.database, id);
    if (found?.customerId !== caller.id) throw refused('withdrawal_unknown');
    return present(found);
  }

  /** Only until the bank may know of it. */
  @Access('customer', { scope: 'withdraw' })
  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: withdrawal })
  cancel(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
  ): Promise<CommandResult> {
    return this.commands.run(
      { owner: caller.id, key, operation: 'cancel-withdrawal', request: { id } },
      async (tx) => ({
        status: 200,
        body: present(await this.payments.decideWithdrawal.cancel(tx, caller.id, id)),
      }),
    );
  }
}

const present = (of: Withdrawal): z.infer<typeof withdrawal> => ({
  id: of.id,
  state: of.state,
  heldFor: of.heldFor,
  asset: of.asset,
  amount: formatAmount(of.amount, of.asset),
  fee: formatAmount(of.fee, of.asset),
  payee: { name: of.payeeName, account: of.payeeAccount },
  failureCode: of.failureCode,
  createdAt: of.createdAt.toISOString(),
  submittedAt: of.submittedAt?.toISOString() ?? null,
  settledAt: of.settledAt?.toISOString() ?? null,
});
