import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { Database, type Tx } from '@base/database';
import { Access, Caller, type CommandResult, Commands, idCursor, IdempotencyKey, type Operator, type Page, pageOf, refuse } from '@base/http'; // prettier-ignore
import { type Approval, approvalHistory, DecideApproval, type Decision, findApproval, listApprovals } from '@platform/approvals'; // prettier-ignore
import { type GivenStepUp, RequestStepUp, StepUp } from '@platform/identity';
import { approvalDetail, approvalListing, approvalPage, approvalSchema, approveOrder, id, presentApproval, refuseOrder } from './schemas.js'; // prettier-ignore

interface Deciding {
  readonly caller: Operator;
  readonly key: string;
  readonly action: 'approve' | 'reject' | 'withdraw';
  readonly request: { readonly approvalId: string; readonly reason: string; readonly digest?: string };
}

/** What takes four eyes: what operators ask for, and what other operators decide. Each request says which roles may decide about it. */
@ApiTags('Approvals')
@Access('operator', { roles: 'any' })
@Controller('v1/approvals')
export class ApprovalsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly decide: DecideApproval,
    private readonly stepUp: StepUp,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: approvalPage })
  async list(@Query({ schema: approvalListing }) query: z.infer<typeof approvalListing>): Promise<Page<object>> {
    const { limit, cursor, state, kind } = query;
    const rows = await listApprovals(this.database, { state, kind, before: idCursor(cursor), limit: limit + 1 });
    return pageOf(rows, limit, { position: (row) => [row.id], present: (row) => presentApproval(row) });
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: approvalDetail })
  async read(@Param('id', { schema: id }) approvalId: string): Promise<object> {
    const approval = await findApproval(this.database, approvalId);
    if (!approval) throw refuse('approval_unknown', { status: 404, title: 'There is no such request for approval' });
    return presentApproval(approval, await approvalHistory(this.database, approvalId));
  }

  /** Allows what another operator asked for; it is executed at once. Takes a step-up token for exactly this request. */
  @Post(':id/approve')
  @HttpCode(200)
  @ApiHeader({ name: 'X-Step-Up', required: true })
  @ApiOkResponse({ standardSchema: approvalSchema })
  approve(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) approvalId: string,
    @Body({ schema: approveOrder }) { digest, reason }: z.infer<typeof approveOrder>,
    @RequestStepUp() stepUp: GivenStepUp,
  ): Promise<CommandResult> {
    const deciding: Deciding = { caller, key, action: 'approve', request: { approvalId, digest, reason } };
    return this.#run(deciding, stepUp, (tx, decision) => this.decide.approve(tx, { ...decision, digest }));
  }

  /** Takes a step-up token for exactly this request. */
  @Post(':id/reject')
  @HttpCode(200)
  @ApiHeader({ name: 'X-Step-Up', required: true })
  @ApiOkResponse({ standardSchema: approvalSchema })
  reject(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) approvalId: string,
    @Body({ schema: refuseOrder }) { reason }: z.infer<typeof refuseOrder>,
    @RequestStepUp() stepUp: GivenStepUp,
  ): Promise<CommandResult> {
    const deciding: Deciding = { caller, key, action: 'reject', request: { approvalId, reason } };
    return this.#run(deciding, stepUp, (tx, decision) => this.decide.reject(tx, decision));
  }

  /** Taken back by whoever asked for it. */
  @Post(':id/withdraw')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: approvalSchema })
  withdraw(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) approvalId: string,
    @Body({ schema: refuseOrder }) { reason }: z.infer<typeof refuseOrder>,
  ): Promise<CommandResult> {
    const deciding: Deciding = { caller, key, action: 'withdraw', request: { approvalId, reason } };
    return this.#run(deciding, undefined, (tx, decision) => this.decide.withdraw(tx, decision));
  }

  #run(
    { caller, key, action, request }: Deciding,
    stepUp: GivenStepUp | undefined,
    work: (tx: Tx, decision: Decision) => Promise<Approval>,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: `approvals.${action}`, request };
    return this.commands.run(command, async (tx) => {
      const proven = { principalId: caller.id, sessionId: caller.credential.id };
      if (stepUp !== undefined) await this.stepUp.demand(tx, proven, stepUp);
      const { approvalId, reason } = request;
      return { status: 200, body: presentApproval(await work(tx, { approvalId, operator: caller, reason })) };
    });
  }
}
