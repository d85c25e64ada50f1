import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, IdempotencyKey, type Operator, type Page, pageOf, pageQuery, timeCursor } from '@base/http'; // prettier-ignore
import { failedEvents, findRun, itemsOfRun, listRuns, OutsideUnavailable, PAYMENTS, type Payments, refused } from '@platform/payments'; // prettier-ignore
import { AuditedCommands } from './audited-commands.js';
import { reasonText } from './fields.js';
import { eventSchema, itemSchema, presentEvent, presentItem, presentRun, runSchema } from './payments-presented.js';

const because = z.strictObject({ reason: reasonText() }).meta({ id: 'Because' });
const runPage = z.object({ items: z.array(runSchema), next: z.string().optional() }).meta({ id: 'PaymentsReconciliationPage' }); // prettier-ignore
const runs = z.object({ items: z.array(runSchema) }).meta({ id: 'PaymentsReconciliations' });
const report = runSchema.extend({ items: z.array(itemSchema) }).meta({ id: 'PaymentsReconciliationReport' });
const eventList = z.object({ items: z.array(eventSchema) }).meta({ id: 'OutsideEvents' });
const retried = z.object({ state: z.string() }).meta({ id: 'RetriedEvent' });
const reference = z.object({ reference: z.string() }).meta({ id: 'TreasuryReference' });

/** Our books against the bank's and the processor's, and what could not be booked. */
@ApiTags('Payments')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/payments')
export class BooksController {
  constructor(
    private readonly database: Database,
    private readonly audited: AuditedCommands,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  @Get('reconciliations')
  @ApiOkResponse({ standardSchema: runPage })
  async reconciliations(
    @Query({ schema: z.strictObject(pageQuery()) }) { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Page<z.infer<typeof runSchema>>> {
    const rows = await listRuns(this.database, { limit: limit + 1, before: timeCursor(cursor) });
    return pageOf(rows, limit, { position: (row) => [row.startedAt.toISOString(), row.id], present: presentRun });
  }

  @Get('reconciliations/:id')
  @ApiOkResponse({ standardSchema: report })
  async reconciliation(@Param('id', { schema: z.uuid() }) id: string): Promise<z.infer<typeof report>> {
    const run = await findRun(this.database, id);
    if (run === undefined) throw refused('reconciliation_unknown');
    const items = await itemsOfRun(this.database, id);
    return { ...presentRun(run), items: items.map((item) => presentItem(item, run)) };
  }

  /** Compares now. Running it again is harmless, so it takes no key. */
  @Access('operator', { roles: ['treasury'] })
  @Post('reconciliations')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: runs })
  async reconcile(): Promise<z.infer<typeof runs>> {
    try {
      const made = [
        ...(await this.payments.reconcile.bankAccounts()),
        ...(await this.payments.reconcile.cardReceivables()),
      ];
      return { items: made.map(presentRun) };
    } catch (error) {
      if (error instanceof OutsideUnavailable) throw refused('rail_unavailable');
      throw error;
    }
  }

  @Get('failed-events')
  @ApiOkResponse({ standardSchema: eventList })
  async failed(): Promise<z.infer<typeof eventList>> {
    return { items: (await failedEvents(this.database, 200)).map(presentEvent) };
  }

  @Access('operator', { roles: ['treasury'] })
  @Post('failed-events/:source/:id/retry')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: retried })
  retry(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('source', { schema: z.enum(['bank', 'card']) }) source: 'bank' | 'card',
    @Param('id', { schema: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/) }) id: string,
    @Body({ schema: because }) { reason }: z.infer<typeof because>,
  ): Promise<CommandResult> {
    const intake = source === 'bank' ? this.payments.bankIntake : this.payments.cardIntake;
    const command = { caller, key, action: 'payments.retry-event', subject: { kind: `${source}-event`, id }, reason, request: null }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({ status: 200, body: { state: await intake.retry(tx, id) } }));
  }

  /** A reference under which the house wires its own money in; it is credited to the house's inventory. */
  @Access('operator', { roles: ['treasury'] })
  @Post('treasury-references')
  @HttpCode(201)
  @ApiCreatedResponse({ standardSchema: reference })
  treasuryReference(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: because }) { reason }: z.infer<typeof because>,
  ): Promise<CommandResult> {
    const command = { caller, key, action: 'payments.issue-treasury-reference', subject: { kind: 'treasury', id: 'house' }, reason, request: null }; // prettier-ignore
    return this.audited.run(command, async (tx) => ({
      status: 201,
      body: { reference: await this.payments.depositReferences.issueForTreasury(tx) },
    }));
  }
}
