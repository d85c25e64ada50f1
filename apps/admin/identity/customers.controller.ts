import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, decodeCursor, IdempotencyKey, InvalidRequest, type Operator, type Page, pageOf, pageQuery } from '@base/http'; // prettier-ignore
import { AdministerCustomer, type Customer, type CustomerAction, emailSchema, findCustomer, listCustomers, type Origin, RequestOrigin } from '@platform/identity'; // prettier-ignore

const id = z.uuid();
const reason = z.string().trim().min(3).max(2_000);
const statuses = ['active', 'frozen', 'closed'] as const;

const listing = z.strictObject({
  ...pageQuery(),
  email: emailSchema().optional(),
  status: z.enum(statuses).optional(),
});
const actions = z.enum(['freeze', 'unfreeze', 'close']);
const order = z.strictObject({ reason }).meta({ id: 'CustomerOrder' });
const tierOrder = z.strictObject({ tier: z.int().min(0).max(3), reason }).meta({ id: 'CustomerTierOrder' });

const customerSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    emailVerifiedAt: z.iso.datetime().nullable(),
    status: z.enum(statuses),
    tier: z.int(),
    withdrawalsHeldUntil: z.iso.datetime().nullable(),
    totpEnrolled: z.boolean(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Customer' });
const customerPage = z
  .object({ items: z.array(customerSchema), next: z.string().optional() })
  .meta({ id: 'CustomerPage' });

/** Customers as operators see them, and what operators do to their standing. */
@ApiTags('Customers')
@Controller('v1/customers')
export class CustomersController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly administerCustomer: AdministerCustomer,
  ) {}

  @Access('operator', { roles: ['support', 'compliance', 'treasury'] })
  @Get()
  @ApiOkResponse({ standardSchema: customerPage })
  async list(@Query({ schema: listing }) query: z.infer<typeof listing>): Promise<Page<Customer>> {
    const { limit, email, status } = query;
    const before = positionOf(query.cursor);
    const rows = await listCustomers(this.database, { email, status, before, limit: limit + 1 });
    return pageOf(rows, limit, { position: (customer) => [customer.id], present: (customer) => customer });
  }

  @Access('operator', { roles: ['support', 'compliance', 'treasury'] })
  @Get(':id')
  @ApiOkResponse({ standardSchema: customerSchema })
  async read(@Param('id', { schema: id }) customerId: string): Promise<Customer> {
    const customer = await findCustomer(this.database, customerId);
    if (!customer) throw new NotFoundException();
    return customer;
  }

  /** How far the customer is known to us, which decides limits. */
  @Access('operator', { roles: ['compliance'] })
  @Put(':id/tier')
  @ApiOkResponse({ standardSchema: customerSchema })
  setTier(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) customerId: string,
    @Body({ schema: tierOrder }) body: z.infer<typeof tierOrder>,
    @RequestOrigin() origin: Origin,
  ): Promise<CommandResult> {
    const command = {
      owner: caller.id,
      key,
      operation: 'identity.set-customer-tier',
      request: { customerId, ...body },
    };
    return this.commands.run(command, async (tx) => ({
      status: 200,
      body: await this.administerCustomer.setTier(tx, body.tier, {
        operatorId: caller.id,
        customerId,
        reason: body.reason,
        origin,
      }),
    }));
  }

  /** `freeze`: may look, nothing moves. `unfreeze`. `close`: for good. */
  @Access('operator', { roles: ['compliance'] })
  @Post(':id/:action')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: customerSchema })
  changeStatus(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) customerId: string,
    @Param('action', { schema: actions }) action: CustomerAction,
    @Body({ schema: order }) body: z.infer<typeof order>,
    @RequestOrigin() origin: Origin,
  ): Promise<CommandResult> {
    const request = { customerId, action, ...body };
    return this.commands.run(
      { owner: caller.id, key, operation: 'identity.change-customer-status', request },
      async (tx) => ({
        status: 200,
        body: await this.administerCustomer.changeStatus(tx, action, {
          operatorId: caller.id,
          customerId,
          reason: body.reason,
          origin,
        }),
      }),
    );
  }
}

function positionOf(cursor: string | undefined): string | undefined {
  const [position] = decodeCursor(cursor, 1) ?? [];
  if (position === undefined || id.safeParse(position).success) return position;
  throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
}
