import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, amountText, Caller, type CommandResult, Commands, type Customer, idCursor, IdempotencyKey, minorOf, type Page, pageOf, pageQuery } from '@base/http'; // prettier-ignore
import { CUSTODY_SETTINGS, custodyRefusal, type CustodySettings, EndUnsigned, findIntent, type Intent, listIntents, presentWithdrawal, quoteFee, RequestWithdrawal } from '@platform/custody'; // prettier-ignore
import { type GivenStepUp, RequestStepUp, StepUp } from '@platform/identity';
import { asset, feeSchema, id, withdrawalPage, withdrawalSchema } from './schemas.js';

const asking = z
  .strictObject({
    asset,
    destination: z.string().min(14).max(100),
    amount: amountText().meta({ description: 'What arrives; the fee comes on top' }),
    maxFee: amountText().optional().meta({ description: 'The most you agree to pay for the network' }),
  })
  .meta({ id: 'CoinWithdrawalRequest' });
const nothing = z.strictObject({}).optional().meta({ id: 'NothingMore' });
const listing = z.strictObject({ ...pageQuery(), asset: asset.optional() });
const feeQuery = z.strictObject({ asset });

type Presented = z.infer<typeof withdrawalSchema>;

/** Coins that leave: asked for, held, signed, broadcast, settled. */
@ApiTags('Custody')
@Controller('v1/withdrawals')
export class WithdrawalsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly stepUp: StepUp,
    private readonly requestWithdrawal: RequestWithdrawal,
    private readonly endUnsigned: EndUnsigned,
    @Inject(CUSTODY_SETTINGS) private readonly settings: CustodySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a withdrawal costs now. */
  @Access('customer', { scope: 'view' })
  @Get('fees')
  @ApiOkResponse({ standardSchema: feeSchema })
  async fee(@Query({ schema: feeQuery }) { asset: of }: z.infer<typeof feeQuery>): Promise<z.infer<typeof feeSchema>> {
    const rules = this.settings.assets[of];
    const quote = await quoteFee(this.database, rules, this.clock);
    if (!quote) throw custodyRefusal('custody_not_ready');
    const { fee, at } = quote;
    return {
      asset: of,
      fee: formatAmount(fee, of),
      minimum: formatAmount(rules.minWithdrawal, of),
      at: at.toISOString(),
    };
  }

  /** Whoever has an authenticator app confirms it by `X-Step-Up`. */
  @Access('customer', { scope: 'withdraw' })
  @Post()
  @ApiCreatedResponse({ standardSchema: withdrawalSchema })
  request(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: asking }) body: z.infer<typeof asking>,
    @RequestStepUp() stepUp: GivenStepUp,
  ): Promise<CommandResult> {
    const { asset: of, destination } = body;
    const amount = minorOf(body.amount, of, 'amount');
    const maxFee = body.maxFee === undefined ? undefined : minorOf(body.maxFee, of, 'maxFee');
    const sessionId = caller.credential.kind === 'session' ? caller.credential.id : undefined;
    return this.commands.run({ owner: caller.id, key, operation: 'withdraw-coins', request: body }, async (tx) => {
      await this.stepUp.demandWhereEnrolled(tx, { principalId: caller.id, sessionId }, stepUp);
      const asked = { customerId: caller.id, idempotencyKey: key, asset: of, destination, amount, maxFee };
      return { status: 201, body: await presentWithdrawal(tx, await this.requestWithdrawal.run(tx, asked)) };
    });
  }

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: withdrawalPage })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: listing }) { limit, cursor, asset: of }: z.infer<typeof listing>,
  ): Promise<Page<Presented>> {
    const filter = {
      customerId: caller.id,
      asset: of,
      kind: 'withdrawal' as const,
      before: idCursor(cursor),
      limit: limit + 1,
    };
    const { items, next } = pageOf(await listIntents(this.database, filter), limit, {
      position: (row) => [row.id],
      present: (row) => row,
    });
    const presented: Presented[] = [];
    for (const intent of items) presented.push(await presentWithdrawal(this.database, intent));
    return { items: presented, ...(next === undefined ? {} : { next }) };
  }

  @Access('customer', { scope: 'view' })
  @Get(':id')
  @ApiOkResponse({ standardSchema: withdrawalSchema })
  async read(@Caller() caller: Customer, @Param('id', { schema: id }) intentId: string): Promise<Presented> {
    const intent = ofCustomer(await findIntent(this.database, intentId), caller.id);
    return presentWithdrawal(this.database, intent, { withHistory: true });
  }

  /** Possible as long as nothing was signed. */
  @Access('customer', { scope: 'withdraw' })
  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: withdrawalSchema })
  cancel(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) intentId: string,
    @Body({ schema: nothing }) body: z.infer<typeof nothing>,
  ): Promise<CommandResult> {
    const request = { intentId, ...body };
    return this.commands.run({ owner: caller.id, key, operation: 'cancel-coin-withdrawal', request }, async (tx) => ({
      status: 200,
      body: await presentWithdrawal(tx, await this.endUnsigned.cancel(tx, { customerId: caller.id, intentId })),
    }));
  }
}

const ofCustomer = (intent: Intent | undefined, customerId: string): Intent => {
  if (intent?.kind !== 'withdrawal' || intent.customerId !== customerId) throw custodyRefusal('withdrawal_unknown');
  return intent;
};
