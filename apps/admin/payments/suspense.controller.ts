import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, IdempotencyKey, InvalidRequest, type Operator, type Page, pageOf, pageQuery, timeCursor } from '@base/http'; // prettier-ignore
import { findCustomer } from '@platform/identity';
import { openSuspenseItems, PAYMENTS, type Payments } from '@platform/payments';
import { AuditedCommands } from './audited-commands.js';
import { reasonText } from './fields.js';
import { presentSuspense, suspenseSchema } from './payments-presented.js';

const page = z.object({ items: z.array(suspenseSchema), next: z.string().optional() }).meta({ id: 'SuspensePage' });
const repointing = z.strictObject({ customerId: z.uuid(), reason: reasonText() }).meta({ id: 'Repointing' });
const returning = z.strictObject({ reason: reasonText() }).meta({ id: 'Returning' });

/** Bank credits that nobody could be named for. */
@ApiTags('Payments')
@Access('operator', { roles: ['treasury', 'support'] })
@Controller('v1/payments/suspense')
export class SuspenseController {
  constructor(
    private readonly database: Database,
    private readonly audited: AuditedCommands,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: page })
  async list(
    @Query({ schema: z.strictObject(pageQuery()) }) { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Page<z.infer<typeof suspenseSchema>>> {
    const rows = await openSuspenseItems(this.database, { limit: limit + 1, after: timeCursor(cursor) });
    return pageOf(rows, limit, {
      position: (row) => [row.createdAt.toISOString(), row.id],
      present: presentSuspense,
    });
  }

  /** It is this customer's money. */
  @Access('operator', { roles: ['treasury'] })
  @Post(':id/repoint')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: suspenseSchema })
  async repoint(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: repointing }) { customerId, reason }: z.infer<typeof repointing>,
  ): Promise<CommandResult> {
    if ((await findCustomer(this.database, customerId)) === undefined) {
      throw new InvalidRequest([{ field: 'customerId', message: 'is no customer' }]);
    }
    const command = { caller, key, action: 'payments.repoint-credit', subject: { kind: 'suspense', id }, reason, request: customerId }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({
      status: 200,
      body: presentSuspense(await this.payments.resolveSuspense.repoint(tx, id, customerId)),
    }));
  }

  /** It goes back to the account it came from. */
  @Access('operator', { roles: ['treasury'] })
  @Post(':id/return')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: suspenseSchema })
  return(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: returning }) { reason }: z.infer<typeof returning>,
  ): Promise<CommandResult> {
    const command = { caller, key, action: 'payments.return-credit', subject: { kind: 'suspense', id }, reason, request: null }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({
      status: 200,
      body: presentSuspense(await this.payments.resolveSuspense.returnToPayer(tx, id)),
    }));
  }
}
