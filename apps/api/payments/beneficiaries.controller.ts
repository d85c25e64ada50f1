import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, type Customer, IdempotencyKey } from '@base/http';
import { type GivenStepUp, RequestStepUp, StepUp } from '@platform/identity';
import { type Beneficiary, listBeneficiaries, PAYMENTS, type Payments } from '@platform/payments';
import { fiat } from './money.js';

const adding = z
  .strictObject({
    asset: fiat,
    name: z.string().trim().min(1).max(140).meta({ description: 'The holder, as their bank has it' }),
    account: z.string().min(15).max(50).meta({ description: 'IBAN' }),
  })
  .meta({ id: 'BeneficiaryToAdd' });
const beneficiary = z
  .object({
    id: z.uuid(),
    asset: z.string(),
    name: z.string(),
    account: z.string(),
    state: z.enum(['CREATED', 'UNDER_REVIEW', 'ACTIVE', 'DISABLED']),
    review: z.enum(['cooling_off', 'name_close', 'name_differs', 'not_own_name', 'account_unknown']).nullable(),
    usableAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Beneficiary' });
const beneficiaries = z.object({ items: z.array(beneficiary) }).meta({ id: 'Beneficiaries' });

/** Who may be paid by bank. */
@ApiTags('Payments')
@Controller('v1/payments/beneficiaries')
export class BeneficiariesController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly stepUp: StepUp,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: beneficiaries })
  async list(@Caller() caller: Customer): Promise<z.infer<typeof beneficiaries>> {
    return { items: (await listBeneficiaries(this.database, caller.id)).map(present) };
  }

  /** Whoever has an authenticator app confirms it by `X-Step-Up`. */
  @Access('customer', { scope: 'withdraw' })
  @Post()
  @ApiCreatedResponse({ standardSchema: beneficiary })
  add(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: adding }) body: z.infer<typeof adding>,
    @RequestStepUp() stepUp: GivenStepUp,
  ): Promise<CommandResult> {
    const sessionId = caller.credential.kind === 'session' ? caller.credential.id : undefined;
    return this.commands.run({ owner: caller.id, key, operation: 'add-beneficiary', request: body }, async (tx) => {
      await this.stepUp.demandWhereEnrolled(tx, { principalId: caller.id, sessionId }, stepUp);
      return {
        status: 201,
        body: present(await this.payments.addBeneficiary.run(tx, { customerId: caller.id, ...body })),
      };
    });
  }

  @Access('customer', { scope: 'withdraw' })
  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  async remove(@Caller() caller: Customer, @Param('id', { schema: z.uuid() }) id: string): Promise<void> {
    await this.database.transaction((tx) => this.payments.reviewBeneficiary.remove(tx, caller.id, id));
  }
}

const present = (of: Beneficiary): z.infer<typeof beneficiary> => ({
  id: of.id,
  asset: of.asset,
  name: of.name,
  account: of.account,
  state: of.state,
  review: of.review,
  usableAt: of.usableAt.toISOString(),
  createdAt: of.createdAt.toISOString(),
});
