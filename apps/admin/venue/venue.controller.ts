import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { ANY } from '@core/contracts';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, idCursor, IdempotencyKey, type Operator, type Page, pageOf } from '@base/http'; // prettier-ignore
import { RequestApproval } from '@platform/approvals';
import { accountOf, lastEngagement, listOperations, readVenueStanding, RELEASE_KILL_SWITCH, standingOf, termsOfAccount } from '@products/venue'; // prettier-ignore
import { presentApproval } from '../approvals/schemas.js';
import {
  accountOrder,
  answered,
  anything,
  cancelOrder,
  id,
  itemPage,
  operationListing,
  reasonOrder,
} from './schemas.js';
import { VenueOrders } from './venue-orders.js';

const VENUE = { kind: 'venue', id: 'exchange' };

/** The exchange as a whole: where it stands, its kill switch, its accounts' terms. */
@ApiTags('Exchange')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/venue')
export class VenueController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly orders: VenueOrders,
    private readonly requestApproval: RequestApproval,
  ) {}

  /** How far settlement is and what waits for the engine. */
  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get()
  @ApiOkResponse({ standardSchema: anything })
  async standing(): Promise<object> {
    const { sequence, index, eventAt, settledAt, isKillSwitchEngaged, ...waiting } = await readVenueStanding(this.database); // prettier-ignore
    const counts = Object.entries(waiting).map(([name, count]) => [name, Number(count)] as const);
    const lagMs = eventAt && settledAt ? Math.max(0, settledAt.getTime() - eventAt.getTime()) : null;
    const checkpoint = { sequence: sequence.toString(), index, eventAt, settledAt, lagMs };
    return { checkpoint, isKillSwitchEngaged, ...Object.fromEntries(counts) };
  }

  /** What operators had the engine do, with what it said; the newest first. */
  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get('operations')
  @ApiOkResponse({ standardSchema: itemPage })
  async operations(
    @Query({ schema: operationListing }) query: z.infer<typeof operationListing>,
  ): Promise<Page<object>> {
    const { limit, cursor, symbol } = query;
    const subject = symbol === undefined ? undefined : { kind: 'instrument', id: symbol };
    const rows = await listOperations(this.database, { subject, before: idCursor(cursor), limit: limit + 1 });
    return pageOf(rows, limit, {
      position: (row) => [row.id],
      present: ({ id: operationId, operatorId, action, subject, request, reason, state, answer, refusal, ...row }) => ({
        id: operationId,
        operatorId,
        action,
        subject,
        request,
        reason,
        state,
        answer,
        refusal,
        sequence: row.sequence?.toString() ?? null,
        createdAt: row.createdAt,
        answeredAt: row.answeredAt,
      }),
    });
  }

  /** Everything stops: every open order is cancelled, and nothing but cancels is taken until it is released. */
  @Post('kill-switch/engage')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: answered })
  engage(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const order = { caller, key, action: 'kill-switch-engaged', subject: VENUE, request: {}, reason };
    return this.orders.send(order, { kind: 'kill-switch', position: 'engaged' });
  }

  /** Asks another operator to open the venue again: `/v1/approvals`. */
  @Post('kill-switch/release')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: anything })
  release(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: 'venue.release-kill-switch', request: { reason } };
    return this.commands.run(command, async (tx) => {
      const payload = { engagement: await lastEngagement(tx) };
      const request = { payload, reason, requestedBy: caller.id };
      return { status: 202, body: presentApproval(await this.requestApproval.run(tx, RELEASE_KILL_SWITCH, request)) };
    });
  }

  /** Has the engine count its money, and says whether it comes out. */
  @Post('audit')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: answered })
  audit(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const order = { caller, key, action: 'engine-audited', subject: VENUE, request: {}, reason };
    return this.orders.send(order, { kind: 'audit' });
  }

  /** Cancels open orders: of an instrument, of a customer, of both, or all there are. */
  @Post('cancel-orders')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: answered })
  async cancelOrders(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: cancelOrder }) { symbol, customerId, reason }: z.infer<typeof cancelOrder>,
  ): Promise<CommandResult> {
    const instrument = symbol === undefined ? ANY : (await standingOf(this.database, symbol)).number;
    const account = customerId === undefined ? ANY : await accountOf(this.database, customerId);
    const request = { symbol: symbol ?? null, customerId: customerId ?? null };
    const subject = symbol === undefined ? VENUE : { kind: 'instrument', id: symbol };
    const order = { caller, key, action: 'orders-cancelled', subject, request, reason };
    return this.orders.send(order, { kind: 'cancel-all', account, instrument, session: 0 });
  }

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get('accounts/:customerId')
  @ApiOkResponse({ standardSchema: anything })
  async account(@Param('customerId', { schema: id }) customerId: string): Promise<object> {
    const number = await accountOf(this.database, customerId);
    return { customerId, number, ...(await termsOfAccount(this.database, number)) };
  }

  /** The fee tier of a customer's account, and whether it may trade. Suspended, its open orders are cancelled and it enters no new ones. */
  @Put('accounts/:customerId')
  @ApiOkResponse({ standardSchema: answered })
  async setAccount(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('customerId', { schema: id }) customerId: string,
    @Body({ schema: accountOrder }) { tier, state, reason }: z.infer<typeof accountOrder>,
  ): Promise<CommandResult> {
    const account = await accountOf(this.database, customerId);
    const subject = { kind: 'customer', id: customerId };
    const order = { caller, key, action: 'account-set', subject, request: { tier, state }, reason };
    return this.orders.send(order, { kind: 'set-account', account, tier, state });
  }
}
