import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, decodeCursor, IdempotencyKey, type Operator as OperatorCaller, OPERATOR_ROLES, type Page, pageOf, pageQuery } from '@base/http'; // prettier-ignore
import {
  emailSchema,
  listOperators,
  ManageOperators,
  type Operator,
  type Origin,
  RequestOrigin,
} from '@platform/identity';
import { operatorSchema } from './operator-schema.js';

const id = z.uuid();
const listing = z.strictObject(pageQuery());
const roles = z
  .array(z.enum(OPERATOR_ROLES))
  .min(1)
  .max(OPERATOR_ROLES.length)
  .refine((given) => new Set(given).size === given.length, 'must not repeat itself');
const invitation = z
  .strictObject({ email: emailSchema(), displayName: z.string().trim().min(1).max(80), roles })
  .meta({ id: 'OperatorInvitation' });
const roleOrder = z.strictObject({ roles }).meta({ id: 'OperatorRoles' });
const operatorPage = z
  .object({ items: z.array(operatorSchema), next: z.string().optional() })
  .meta({ id: 'OperatorPage' });

/** Who may operate. Nobody changes their own rights. */
@ApiTags('Operators')
@Access('operator', { roles: ['admin'] })
@Controller('v1/operators')
export class OperatorsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly manageOperators: ManageOperators,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: operatorPage })
  async list(@Query({ schema: listing }) { limit, cursor }: z.infer<typeof listing>): Promise<Page<Operator>> {
    const [after] = decodeCursor(cursor, 1) ?? [];
    const rows = await listOperators(this.database, after, limit + 1);
    return pageOf(rows, limit, { position: (operator) => [operator.email], present: (operator) => operator });
  }

  @Post()
  @ApiCreatedResponse({ standardSchema: operatorSchema })
  invite(
    @Caller() caller: OperatorCaller,
    @IdempotencyKey() key: string,
    @Body({ schema: invitation }) body: z.infer<typeof invitation>,
    @RequestOrigin() origin: Origin,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: 'identity.invite-operator', request: body };
    return this.commands.run(command, async (tx) => ({
      status: 201,
      body: await this.manageOperators.invite(tx, body, { actor: { kind: 'operator', id: caller.id }, origin }),
    }));
  }

  @Put(':id/roles')
  @ApiOkResponse({ standardSchema: operatorSchema })
  setRoles(
    @Caller() caller: OperatorCaller,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) operatorId: string,
    @Body({ schema: roleOrder }) body: z.infer<typeof roleOrder>,
    @RequestOrigin() origin: Origin,
  ): Promise<CommandResult> {
    const change = { operatorId, roles: body.roles };
    const command = { owner: caller.id, key, operation: 'identity.set-operator-roles', request: change };
    return this.commands.run(command, async (tx) => ({
      status: 200,
      body: await this.manageOperators.setRoles(tx, change, { actor: { kind: 'operator', id: caller.id }, origin }),
    }));
  }

  /** Shuts the operator out at once and for good. */
  @Post(':id/disable')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: operatorSchema })
  disable(
    @Caller() caller: OperatorCaller,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) operatorId: string,
    @RequestOrigin() origin: Origin,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: 'identity.disable-operator', request: { operatorId } };
    return this.commands.run(command, async (tx) => ({
      status: 200,
      body: await this.manageOperators.disable(tx, operatorId, { actor: { kind: 'operator', id: caller.id }, origin }),
    }));
  }
}
