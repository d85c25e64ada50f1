import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatAmount } from '@core/money';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, idCursor, IdempotencyKey, type Operator, type Page, pageOf, refuse } from '@base/http'; // prettier-ignore
import { RequestApproval } from '@platform/approvals';
import { type Bust, BUST_TRADE, bustHistory, BustTrade, bustTransfersOf, findBust, findBustable, listBusts } from '@products/venue'; // prettier-ignore
import { presentApproval } from '../approvals/schemas.js';
import { anything, bustListing, bustOrder, id, itemPage, reasonOrder } from './schemas.js';
import { VenueOrders } from './venue-orders.js';

/** Trades that are taken back. Asking takes one operator, the bust itself another one's approval. */
@ApiTags('Exchange')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/venue/busts')
export class BustsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly orders: VenueOrders,
    private readonly requestApproval: RequestApproval,
    private readonly busts: BustTrade,
  ) {}

  /** Asks another operator to have a trade taken back: `/v1/approvals`. The bust has the approval's id. */
  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: anything })
  bust(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: bustOrder }) { sequence, index, reason }: z.infer<typeof bustOrder>,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: 'venue.bust-trade', request: { sequence, index, reason } };
    return this.commands.run(command, async (tx) => {
      await findBustable(tx, BigInt(sequence), index);
      const request = { payload: { sequence, index }, reason, requestedBy: caller.id };
      return { status: 202, body: presentApproval(await this.requestApproval.run(tx, BUST_TRADE, request)) };
    });
  }

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get()
  @ApiOkResponse({ standardSchema: itemPage })
  async list(
    @Query({ schema: bustListing }) { limit, cursor, state }: z.infer<typeof bustListing>,
  ): Promise<Page<object>> {
    const rows = await listBusts(this.database, { state, before: idCursor(cursor), limit: limit + 1 });
    return pageOf(rows, limit, { position: (row) => [row.id], present });
  }

  /** With each attempt to move a leg: of a bust that falls short, the refused ones say who has not got how much. */
  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get(':id')
  @ApiOkResponse({ standardSchema: anything })
  async read(@Param('id', { schema: id }) bustId: string): Promise<object> {
    const bust = await findBust(this.database, bustId);
    if (!bust) throw refuse('bust_unknown', { status: 404, title: 'There is no such bust' });
    const transfers = await bustTransfersOf(this.database, bustId);
    return {
      ...present(bust),
      transfers: transfers.map(({ id: transferId, purpose, attempt, account, asset, amount, state, reason }) => ({
        id: transferId,
        purpose,
        attempt,
        account,
        asset,
        amount: formatAmount(amount, asset),
        state,
        reason,
      })),
      history: await bustHistory(this.database, bustId),
    };
  }

  /** Tries again what the engine refused. */
  @Post(':id/retry')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  retry(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) bustId: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const order = { caller, key, action: 'bust-retried', subject: { kind: 'bust', id: bustId }, request: {}, reason };
    return this.orders.run(order, async (tx) => present(await this.busts.retry(tx, bustId, caller.id)));
  }

  /** Gives back what was taken so far; the trade stands. */
  @Post(':id/abandon')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  abandon(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) bustId: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const order = { caller, key, action: 'bust-abandoned', subject: { kind: 'bust', id: bustId }, request: {}, reason };
    return this.orders.run(order, async (tx) => present(await this.busts.abandon(tx, bustId, caller.id)));
  }
}

const present = (bust: Bust): object => ({ ...bust, version: undefined, sequence: bust.sequence.toString() });
