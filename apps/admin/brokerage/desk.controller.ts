import { Body, Controller, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type AssetCode, formatAmount } from '@core/money';
import { uuidV5 } from '@base/database';
import {
  Access,
  assetCode,
  Caller,
  type CommandResult,
  IdempotencyKey,
  InvalidRequest,
  minorOf,
  type Operator,
} from '@base/http';
import { PriceHalts } from '@platform/pricing';
import { BROKERAGE, type Brokerage } from '@products/brokerage';
import { DeskCommands } from './desk-commands.js';
import { anything, inventoryOrder, limitOrder, pairName, pauseOrder } from './schemas.js';

/** The switches of the desk: pause a pair or everything, halt prices, set limits, give it own funds. */
@ApiTags('House')
@Access('operator', { roles: ['treasury'] })
@Controller('v1/house')
export class DeskController {
  constructor(
    private readonly desk: DeskCommands,
    private readonly halts: PriceHalts,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {}

  /** Stops quotes and new orders of a pair, or of `*`: the kill switch. Open quotes are void from now on. */
  @Post('pairs/:pair/pause')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  pause(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('pair', { schema: pairName }) pair: string,
    @Body({ schema: pauseOrder }) { reason }: z.infer<typeof pauseOrder>,
  ): Promise<CommandResult> {
    return this.desk.run(
      { caller, key, action: 'pause-pair', subject: { kind: 'pair', id: pair }, request: {}, reason },
      async (tx) => ({
        pair,
        voidedQuotes: await this.brokerage.operateDesk.pause(tx, { pair, reason, operatorId: caller.id }),
      }),
    );
  }

  @Post('pairs/:pair/resume')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  resume(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('pair', { schema: pairName }) pair: string,
    @Body({ schema: pauseOrder }) { reason }: z.infer<typeof pauseOrder>,
  ): Promise<CommandResult> {
    return this.desk.run(
      { caller, key, action: 'resume-pair', subject: { kind: 'pair', id: pair }, request: {}, reason },
      async (tx) => {
        await this.brokerage.operateDesk.resume(tx, pair);
        return { pair };
      },
    );
  }

  /** Ends a hedge that was settled otherwise than the venue answered: the settled books count, and the asset is hedged again. */
  @Post('hedges/:id/accept')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  acceptHedge(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: pauseOrder }) { reason }: z.infer<typeof pauseOrder>,
  ): Promise<CommandResult> {
    return this.desk.run(
      { caller, key, action: 'accept-hedge', subject: { kind: 'hedge', id }, request: {}, reason },
      async (tx) => {
        const { state } = await this.brokerage.acceptHedge.run(tx, id, reason);
        return { id, state };
      },
    );
  }

  /** No firm price of a pair, or of `*`, in any process until it is resumed. */
  @Post('prices/:pair/halt')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  haltPrices(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('pair', { schema: pairName }) pair: string,
    @Body({ schema: pauseOrder }) { reason }: z.infer<typeof pauseOrder>,
  ): Promise<CommandResult> {
    return this.desk.run(
      { caller, key, action: 'halt-prices', subject: { kind: 'pair', id: pair }, request: {}, reason },
      async (tx) => {
        await this.halts.halt(tx, { pair, reason, operatorId: caller.id });
        return { pair };
      },
    );
  }

  @Post('prices/:pair/resume')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  resumePrices(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('pair', { schema: pairName }) pair: string,
    @Body({ schema: pauseOrder }) { reason }: z.infer<typeof pauseOrder>,
  ): Promise<CommandResult> {
    return this.desk.run(
      { caller, key, action: 'resume-prices', subject: { kind: 'pair', id: pair }, request: {}, reason },
      async (tx) => {
        await this.halts.resume(tx, pair);
        return { pair };
      },
    );
  }

  /** Limits of the net position in an asset, in US dollars. */
  @Put('limits/:asset')
  @ApiOkResponse({ standardSchema: anything })
  setLimit(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('asset', { schema: assetCode() }) asset: AssetCode,
    @Body({ schema: limitOrder }) { soft, hard, reason }: z.infer<typeof limitOrder>,
  ): Promise<CommandResult> {
    const [softCents, hardCents] = [minorOf(soft, 'USD', 'soft'), minorOf(hard, 'USD', 'hard')];
    if (softCents > hardCents) throw new InvalidRequest([{ field: 'soft', message: 'must not be above "hard"' }]);
    const command = {
      caller,
      key,
      action: 'set-house-limit',
      subject: { kind: 'asset', id: asset },
      request: { soft, hard },
      reason,
    };
    return this.desk.run(command, async (tx) => {
      await this.brokerage.operateDesk.setLimits(tx, { asset, softCents, hardCents });
      return { asset, soft, hard };
    });
  }

  /** Gives the desk part of the house's own capital, or takes it back. */
  @Post('inventory')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  fund(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: inventoryOrder }) { asset, amount, direction, reason }: z.infer<typeof inventoryOrder>,
  ): Promise<CommandResult> {
    const minor = minorOf(amount, asset, 'amount');
    if (minor === 0n) throw new InvalidRequest([{ field: 'amount', message: 'must be more than nothing' }]);
    const command = {
      caller,
      key,
      action: 'fund-inventory',
      subject: { kind: 'asset', id: asset },
      request: { amount, direction },
      reason,
    };
    return this.desk.run(command, async (tx) => {
      const id = uuidV5('brokerage.inventory-order', caller.id, key);
      await this.brokerage.fundInventory.run(tx, {
        id,
        asset,
        amount: direction === 'fund' ? minor : -minor,
        source: `operator:${caller.id}`,
      });
      const { inventory, funded } = await this.brokerage.house.position(tx, asset);
      return { id, asset, inventory: formatAmount(inventory, asset), funded: formatAmount(funded, asset) };
    });
  }
}
