import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, IdempotencyKey, type Operator } from '@base/http';
import { beneficiariesInReview, type Beneficiary, liftFreezeById, PAYMENTS, type Payments, quietWithdrawals, standingFreezes } from '@platform/payments'; // prettier-ignore
import { AuditedCommands } from './audited-commands.js';
import { reasonText } from './fields.js';
import { freezeSchema, presentFreeze, presentWithdrawal, withdrawalSchema } from './payments-presented.js';

const because = z.strictObject({ reason: reasonText() }).meta({ id: 'Because' });
const decision = z.enum(['approve', 'refuse']);
const withdrawalList = z.object({ items: z.array(withdrawalSchema) }).meta({ id: 'OutgoingPayments' });
const freezeList = z.object({ items: z.array(freezeSchema) }).meta({ id: 'Freezes' });
const beneficiarySchema = z
  .object({
    id: z.uuid(),
    customerId: z.uuid(),
    asset: z.string(),
    name: z.string(),
    account: z.string(),
    state: z.string(),
    review: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'BeneficiaryInReview' });
const beneficiaryList = z.object({ items: z.array(beneficiarySchema) }).meta({ id: 'BeneficiariesInReview' });

/** Money on its way out, and what keeps it. */
@ApiTags('Payments')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/payments')
export class OutgoingController {
  constructor(
    private readonly database: Database,
    private readonly audited: AuditedCommands,
    @Inject(PAYMENTS) private readonly payments: Payments,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Held ones, and such as have not moved for a while. */
  @Get('withdrawals')
  @ApiOkResponse({ standardSchema: withdrawalList })
  async withdrawals(
    @Query({ schema: z.strictObject({ standing: z.enum(['held', 'stuck']).default('held') }) })
    { standing }: { standing: 'held' | 'stuck' },
  ): Promise<z.infer<typeof withdrawalList>> {
    const now = this.clock.now();
    const rows =
      standing === 'held'
        ? await quietWithdrawals(this.database, ['HELD'], now)
        : await quietWithdrawals(
            this.database,
            ['REQUESTED', 'SUBMITTING', 'SUBMITTED'],
            new Date(now.getTime() - 300_000),
          );
    return { items: rows.map(presentWithdrawal) };
  }

  @Post('withdrawals/:id/:decision')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: withdrawalSchema })
  decide(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Param('decision', { schema: decision }) what: z.infer<typeof decision>,
    @Body({ schema: because }) { reason }: z.infer<typeof because>,
  ): Promise<CommandResult> {
    const { decideWithdrawal } = this.payments;
    const command = { caller, key, action: `payments.${what}-withdrawal`, subject: { kind: 'withdrawal', id }, reason, request: null }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({
      status: 200,
      body: presentWithdrawal(
        what === 'approve' ? await decideWithdrawal.approve(tx, id) : await decideWithdrawal.refuse(tx, id, 'refused'),
      ),
    }));
  }

  @Get('beneficiaries')
  @ApiOkResponse({ standardSchema: beneficiaryList })
  async beneficiaries(): Promise<z.infer<typeof beneficiaryList>> {
    return { items: (await beneficiariesInReview(this.database, 200)).map(presentBeneficiary) };
  }

  @Post('beneficiaries/:id/:decision')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: beneficiarySchema })
  decideBeneficiary(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Param('decision', { schema: decision }) what: z.infer<typeof decision>,
    @Body({ schema: because }) { reason }: z.infer<typeof because>,
  ): Promise<CommandResult> {
    const command = { caller, key, action: `payments.${what}-beneficiary`, subject: { kind: 'beneficiary', id }, reason, request: null }; // prettier-ignore
    const event = what === 'approve' ? 'approve' : 'disable';
    return this.audited.run(command, async (tx) => ({
      status: 200,
      body: presentBeneficiary(await this.payments.reviewBeneficiary.decide(tx, id, event)),
    }));
  }

  @Get('freezes')
  @ApiOkResponse({ standardSchema: freezeList })
  async freezes(): Promise<z.infer<typeof freezeList>> {
    return { items: (await standingFreezes(this.database, 200)).map(presentFreeze) };
  }

  /** Somebody has looked. What was held for it still has to be approved. */
  @Post('freezes/:id/lift')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: freezeSchema })
  lift(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: because }) { reason }: z.infer<typeof because>,
  ): Promise<CommandResult> {
    const command = { caller, key, action: 'payments.lift-freeze', subject: { kind: 'freeze', id }, reason, request: null }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({
      status: 200,
      body: presentFreeze(await liftFreezeById(tx, id, { who: caller.id, at: this.clock.now() })),
    }));
  }
}

const presentBeneficiary = (of: Beneficiary): z.infer<typeof beneficiarySchema> => ({
  id: of.id,
  customerId: of.customerId,
  asset: of.asset,
  name: of.name,
  account: of.account,
  state: of.state,
  review: of.review,
  createdAt: of.createdAt.toISOString(),
});
