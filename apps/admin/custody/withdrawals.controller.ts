import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database, type Tx } from '@base/database';
import {
  Access,
  Caller,
  type CommandResult,
  Commands,
  idCursor,
  IdempotencyKey,
  type Operator,
  type Page,
  pageOf,
  pageQuery,
} from '@base/http';
import { Audit } from '@platform/audit';
import { DecideWithdrawal, EndUnsigned, type Intent, listIntents, presentWithdrawal } from '@platform/custody';
import { anything, asset, id, itemPage, reasonOrder, withdrawalStates } from './schemas.js';

type Reason = z.infer<typeof reasonOrder>;

const listing = z.strictObject({
  ...pageQuery(),
  asset: asset.optional(),
  customerId: z.uuid().optional(),
  state: withdrawalStates.optional(),
  kind: z.enum(['withdrawal', 'sweep']).optional(),
});

interface Decision {
  readonly caller: Operator;
  readonly key: string;
  readonly action: 'approve' | 'reject' | 'cancel' | 'refund';
  readonly intentId: string;
  readonly reason: string;
}

/** Withdrawals and sweeps on their way out, and what people decide about single ones. */
@ApiTags('Custody')
@Access('operator', { roles: ['treasury'] })
@Controller('v1/custody/withdrawals')
export class WithdrawalsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly audit: Audit,
    private readonly decide: DecideWithdrawal,
    private readonly endUnsigned: EndUnsigned,
  ) {}

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get()
  @ApiOkResponse({ standardSchema: itemPage })
  async list(@Query({ schema: listing }) { limit, cursor, ...filter }: z.infer<typeof listing>): Promise<Page<object>> {
    const rows = await listIntents(this.database, { ...filter, before: idCursor(cursor), limit: limit + 1 });
    const { items, next } = pageOf(rows, limit, { position: (row) => [row.id], present: (row) => row });
    const presented: object[] = [];
    for (const intent of items) {
      presented.push({
        ...(await presentWithdrawal(this.database, intent)),
        kind: intent.kind,
        customerId: intent.customerId,
      });
    }
    return { items: presented, ...(next === undefined ? {} : { next }) };
  }

  @Post(':id/approve')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  approve(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) intentId: string,
    @Body({ schema: reasonOrder }) { reason }: Reason,
  ): Promise<CommandResult> {
    // prettier-ignore
    return this.#run({ caller, key, action: 'approve', intentId, reason }, (tx) =>
      this.decide.approve(tx, { operatorId: caller.id, intentId }),
    );
  }

  /** Before anything was signed: the money goes back. */
  @Post(':id/reject')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  reject(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) intentId: string,
    @Body({ schema: reasonOrder }) { reason }: Reason,
  ): Promise<CommandResult> {
    // prettier-ignore
    return this.#run({ caller, key, action: 'reject', intentId, reason }, (tx) =>
      this.endUnsigned.reject(tx, { operatorId: caller.id, intentId, reason }),
    );
  }

  /** After it was signed: a transaction to ourselves takes its coins or nonce; refunded once that is final. */
  @Post(':id/cancel-on-chain')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  cancelOnChain(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) intentId: string,
    @Body({ schema: reasonOrder }) { reason }: Reason,
  ): Promise<CommandResult> {
    // prettier-ignore
    return this.#run({ caller, key, action: 'cancel', intentId, reason }, (tx) =>
      this.decide.cancelOnChain(tx, { operatorId: caller.id, intentId }),
    );
  }

  /** A stranger has spent our coins, and somebody has looked. */
  @Post(':id/refund')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  refund(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) intentId: string,
    @Body({ schema: reasonOrder }) { reason }: Reason,
  ): Promise<CommandResult> {
    // prettier-ignore
    return this.#run({ caller, key, action: 'refund', intentId, reason }, (tx) =>
      this.decide.refundConflicted(tx, { operatorId: caller.id, intentId }),
    );
  }

  #run({ caller, key, action, intentId, reason }: Decision, work: (tx: Tx) => Promise<Intent>): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: `custody.${action}-withdrawal`, request: { intentId, reason } };
    return this.commands.run(command, async (tx) => {
      const body = await presentWithdrawal(tx, await work(tx));
      const subject = { kind: 'withdrawal', id: intentId };
      await this.audit.append(tx, {
        actor: { kind: 'operator', id: caller.id },
        action: `custody.withdrawal-${action}`,
        subject,
        reason,
      });
      return { status: 200, body };
    });
  }
}
