import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { Database, type Tx } from '@base/database';
import { Access, Caller, type CommandResult, Commands, type Customer, IdempotencyKey, type Page, pageOf, timeCursor } from '@base/http'; // prettier-ignore
import { BROKERAGE, type Brokerage, type Order, readReceipt } from '@products/brokerage';
import { OrderDetails } from './order-details.js';
import { presentOrder } from './present.js';
import { namingAmount } from './quotes.controller.js';
import { acceptRequest, confirmRequest, id, nothing, orderListing, orderPage, orderRequest, orderSchema, receiptSchema } from './schemas.js'; // prettier-ignore

/** Orders: made of a quote, confirmed, paid, executed. */
@ApiTags('Brokerage')
@Controller('v1/brokerage/orders')
export class OrdersController {
  readonly #details: OrderDetails;

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {
    this.#details = new OrderDetails(brokerage);
  }

  @Access('customer', { scope: 'trade' })
  @Post()
  @ApiCreatedResponse({ standardSchema: orderSchema })
  create(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: orderRequest }) body: z.infer<typeof orderRequest>,
  ): Promise<CommandResult> {
    const work = (tx: Tx): Promise<Order> => this.brokerage.createOrder.run(tx, { customerId: caller.id, ...body });
    return this.#run({ caller, key, operation: 'create-order', request: body, status: 201 }, work);
  }

  @Access('customer', { scope: 'trade' })
  @Post(':id/confirm')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: orderSchema })
  confirm(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) orderId: string,
    @Body({ schema: confirmRequest.optional() }) body: z.infer<typeof confirmRequest> | undefined,
  ): Promise<CommandResult> {
    const input = { orderId, customerId: caller.id, ...body };
    return this.#run({ caller, key, operation: 'confirm-order', request: { orderId, ...body } }, (tx) =>
      this.brokerage.confirmOrder.run(tx, input),
    );
  }

  @Access('customer', { scope: 'trade' })
  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: orderSchema })
  cancel(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) orderId: string,
    @Body({ schema: nothing }) body: z.infer<typeof nothing>,
  ): Promise<CommandResult> {
    return this.#run({ caller, key, operation: 'cancel-order', request: { orderId, ...body } }, (tx) =>
      this.brokerage.endOrder.cancel(tx, orderId, caller.id),
    );
  }

  /** Executes at the price of this moment an order whose price has changed beyond what was tolerated. */
  @Access('customer', { scope: 'trade' })
  @Post(':id/accept-reprice')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: orderSchema })
  acceptReprice(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) orderId: string,
    @Body({ schema: acceptRequest }) body: z.infer<typeof acceptRequest>,
  ): Promise<CommandResult> {
    const input = { orderId, customerId: caller.id, ...body };
    return namingAmount('minimumOut', () =>
      this.#run({ caller, key, operation: 'accept-reprice', request: { orderId, ...body } }, (tx) =>
        this.brokerage.acceptReprice.run(tx, input),
      ),
    );
  }

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: orderPage })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: orderListing }) query: z.infer<typeof orderListing>,
  ): Promise<Page<object>> {
    const before = timeCursor(query.cursor);
    const { limit, state } = query;
    const orders = await this.brokerage.orders.page(this.database, {
      customerId: caller.id,
      state,
      before,
      limit: limit + 1,
    });
    return pageOf(orders, limit, {
      position: (order) => [order.createdAt.toISOString(), order.id],
      present: (order) => presentOrder(order),
    });
  }

  @Access('customer', { scope: 'view' })
  @Get(':id')
  @ApiOkResponse({ standardSchema: orderSchema })
  async read(@Caller() caller: Customer, @Param('id', { schema: id }) orderId: string): Promise<object> {
    return this.#details.present(this.database, await this.brokerage.orders.read(this.database, orderId, caller.id));
  }

  @Access('customer', { scope: 'view' })
  @Get(':id/receipt')
  @ApiOkResponse({ standardSchema: receiptSchema })
  async receipt(@Caller() caller: Customer, @Param('id', { schema: id }) orderId: string): Promise<object> {
    const order = await this.brokerage.orders.read(this.database, orderId, caller.id);
    const { body, sha256, at } = await readReceipt(this.database, order.id);
    return { receipt: body, sha256, at };
  }

  #run(
    of: { caller: Customer; key: string; operation: string; request: unknown; status?: number },
    work: (tx: Tx) => Promise<Order>,
  ): Promise<CommandResult> {
    const command = { owner: of.caller.id, key: of.key, operation: `brokerage.${of.operation}`, request: of.request };
    return this.commands.run(command, async (tx) => ({
      status: of.status ?? 200,
      body: await this.#details.present(tx, await work(tx)),
    }));
  }
}
