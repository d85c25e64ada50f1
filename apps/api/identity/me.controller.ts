import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type Customer, SCOPES } from '@base/http';
import { findCustomer } from '@platform/identity';

const me = z
  .object({
    id: z.uuid(),
    email: z.string(),
    status: z.enum(['active', 'frozen', 'closed']),
    tier: z.int(),
    totpEnrolled: z.boolean(),
    withdrawalsHeldUntil: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'What the credential of this request may do' }),
  })
  .meta({ id: 'Me' });

/** Who the caller is to us. */
@ApiTags('Account')
@Controller('v1/me')
export class MeController {
  constructor(private readonly database: Database) {}

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: me })
  async read(@Caller() caller: Customer): Promise<object> {
    const customer = await findCustomer(this.database, caller.id);
    if (!customer) throw new Error('a caller is a customer');
    const { id, email, status, tier, totpEnrolled, withdrawalsHeldUntil, createdAt } = customer;
    return { id, email, status, tier, totpEnrolled, withdrawalsHeldUntil, createdAt, scopes: [...caller.scopes] };
  }
}
