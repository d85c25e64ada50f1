import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatAmount, formatRate } from '@core/money';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, IdempotencyKey, type Operator, type Page, pageOf, timeCursor } from '@base/http'; // prettier-ignore
import { assetIn, assetOut, BROKERAGE, type Brokerage, type Order, type OrderStep } from '@products/brokerage';
import { DeskCommands } from './desk-commands.js';
import { anything, id, orderListing, orderPage, reviewOrder } from './schemas.js';

/** Customers' orders as operators see them, and the decision about those in review. */
@ApiTags('House')
@Controller('v1/brokerage/orders')
export class OrdersController {
  constructor(
    private readonly database: Database,
    private readonly desk: DeskCommands,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {}

  @Access('operator', { roles: ['support', 'treasury', 'compliance'] })
  @Get()
  @ApiOkResponse({ standardSchema: orderPage })
  async list(@Query({ schema: orderListing }) query: z.infer<typeof orderListing>): Promise<Page<object>> {
    const { limit, state, customerId } = query;
    const orders = await this.brokerage.orders.page(this.database, {
      customerId,
      state,
      before: timeCursor(query.cursor),
      limit: limit + 1,
    });
    return pageOf(orders, limit, {
      position: (order) => [order.createdAt.toISOString(), order.id],
      present: (order) => present(order),
    });
  }

  @Access('operator', { roles: ['support', 'treasury', 'compliance'] })
  @Get(':id')
  @ApiOkResponse({ standardSchema: anything })
  async read(@Param('id', { schema: id }) orderId: string): Promise<object> {
    const order = await this.brokerage.orders.read(this.database, orderId);
    return present(order, await this.brokerage.orders.history(this.database, orderId));
  }

  /** A paid order that was set apart goes on. */
  @Access('operator', { roles: ['compliance'] })
  @Post(':id/clear')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  clear(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) orderId: string,
    @Body({ schema: reviewOrder }) { reason }: z.infer<typeof reviewOrder>,
  ): Promise<CommandResult> {
    const command = {
      caller,
      key,
      action: 'clear-order',
      subject: { kind: 'brokerage-order', id: orderId },
      request: {},
      reason,
    };
    return this.desk.run(command, async (tx) =>
      present(await this.brokerage.reviewOrder.clear(tx, orderId, `operator:${caller.id}`)),
    );
  }

  /** The money of a paid order that was set apart goes back to the card. */
  @Access('operator', { roles: ['compliance'] })
  @Post(':id/reject')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  reject(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) orderId: string,
    @Body({ schema: reviewOrder }) { reason }: z.infer<typeof reviewOrder>,
  ): Promise<CommandResult> {
    const command = {
      caller,
      key,
      action: 'reject-order',
      subject: { kind: 'brokerage-order', id: orderId },
      request: {},
      reason,
    };
    return this.desk.run(command, async (tx) =>
      present(await this.brokerage.reviewOrder.reject(tx, orderId, { actor: `operator:${caller.id}`, reason })),
    );
  }
}

function present(order: Order, history?: readonly OrderStep[]): object {
  const { quote, execution } = order;
  const [given, received, cash] = [assetIn(quote), assetOut(quote), quote.pair.quote];
  return {
    id: order.id,
    customerId: order.customerId,
    state: order.state,
    reason: order.reason,
    reversal: order.reversal,
    profile: quote.profile,
    pair: quote.pair.symbol,
    method: quote.method,
    paymentId: order.paymentId,
    in: { asset: given, amount: formatAmount(quote.priced.inAmount, given) },
    quotedOut: { asset: received, amount: formatAmount(quote.priced.outAmount, received) },
    out: execution && { asset: received, amount: formatAmount(execution.outAmount, received) },
    mid: execution && formatRate(execution.mid, 8, 'half-even'),
    price: execution && formatRate(execution.price, 8, 'half-even'),
    spread: execution && { asset: cash, amount: formatAmount(execution.spread, cash) },
    fee: execution && { asset: cash, amount: formatAmount(execution.fee, cash) },
    transferId: execution?.transferId ?? null,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    deadlineAt: order.deadlineAt,
    ...(history && { history }),
  };
}
