import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { Database } from '@base/database';
import { Access, amountText, assetCode, Caller, type CommandResult, Commands, type Customer, idCursor, IdempotencyKey, minorOf, type Page, pageOf, pageQuery, refuse } from '@base/http'; // prettier-ignore
import { type ExchangeTransfer, findTransfer, listTransfers, MoveFromExchange, MoveToExchange, TRANSFER_STATES } from '@products/venue'; // prettier-ignore

const direction = z.enum(['in', 'out']).meta({ description: '"in": to the exchange. "out": back from it' });
const asking = z
  .strictObject({ direction, asset: assetCode(), amount: amountText() })
  .meta({ id: 'ExchangeTransferRequest' });
const transfer = z
  .object({
    id: z.uuid(),
    direction,
    asset: z.string(),
    amount: z.string(),
    state: z.enum(TRANSFER_STATES).meta({ description: 'Only "settled" and "refused" are final' }),
    reason: z.string().nullable().meta({ description: 'Why the exchange refused it' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'ExchangeTransfer' });
const transferPage = z
  .object({ items: z.array(transfer), next: z.string().optional() })
  .meta({ id: 'ExchangeTransferPage' });
const listing = z.strictObject(pageQuery());

/** Money between the customer's account and the exchange. */
@ApiTags('Exchange')
@Controller('v1/exchange/transfers')
export class ExchangeTransfersController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly toExchange: MoveToExchange,
    private readonly fromExchange: MoveFromExchange,
  ) {}

  /** Answers at once; the exchange decides a moment later, and what it refuses is in the account again. */
  @Access('customer', { scope: 'transfer' })
  @Post()
  @ApiCreatedResponse({ standardSchema: transfer })
  request(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: asking }) body: z.infer<typeof asking>,
  ): Promise<CommandResult> {
    const amount = minorOf(body.amount, body.asset, 'amount');
    const move = body.direction === 'in' ? this.toExchange : this.fromExchange;
    return this.commands.run({ owner: caller.id, key, operation: 'exchange-transfer', request: body }, async (tx) => ({
      status: 201,
      body: present(await move.run(tx, { customerId: caller.id, idempotencyKey: key, asset: body.asset, amount })),
    }));
  }

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: transferPage })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: listing }) { limit, cursor }: z.infer<typeof listing>,
  ): Promise<Page<z.infer<typeof transfer>>> {
    const filter = { customerId: caller.id, before: idCursor(cursor), limit: limit + 1 };
    return pageOf(await listTransfers(this.database, filter), limit, { position: ({ id }) => [id], present });
  }

  @Access('customer', { scope: 'view' })
  @Get(':id')
  @ApiOkResponse({ standardSchema: transfer })
  async read(
    @Caller() caller: Customer,
    @Param('id', { schema: z.uuid() }) id: string,
  ): Promise<z.infer<typeof transfer>> {
    const found = await findTransfer(this.database, id);
    if (found?.customerId !== caller.id)
      throw refuse('transfer_unknown', { status: 404, title: 'There is no such transfer' });
    return present(found);
  }
}

const present = (of: ExchangeTransfer): z.infer<typeof transfer> => ({
  id: of.id,
  direction: of.direction,
  asset: of.asset,
  amount: formatAmount(of.amount, of.asset),
  state: of.state,
  reason: of.reason,
  createdAt: of.createdAt.toISOString(),
  updatedAt: of.updatedAt.toISOString(),
});
