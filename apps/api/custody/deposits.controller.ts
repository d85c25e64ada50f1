import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type Customer, decodeCursor, type Page, pageOf, pageQuery } from '@base/http';
import {
  depositById,
  depositNotFound,
  depositSchema,
  listDeposits,
  presentDeposits,
  type PresentedDeposit,
} from '@platform/custody';

const listing = z.strictObject({
  ...pageQuery(),
  asset: z.enum(['BTC', 'ETH']).optional(),
  state: z.enum(['seen', 'credited', 'orphaned', 'lost', 'ignored']).optional(),
});
const page = z.object({ items: z.array(depositSchema), next: z.string().optional() }).meta({ id: 'DepositPage' });

/** What arrived on chain. */
@ApiTags('Custody')
@Access('customer', { scope: 'view' })
@Controller('v1/deposits')
export class DepositsController {
  constructor(private readonly database: Database) {}

  @Get()
  @ApiOkResponse({ standardSchema: page })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: listing }) { limit, cursor, asset, state }: z.infer<typeof listing>,
  ): Promise<Page<PresentedDeposit>> {
    const [seenAt, id] = decodeCursor(cursor, 2) ?? [];
    const before = seenAt !== undefined && id !== undefined ? { seenAt, id } : undefined;
    const rows = await listDeposits(this.database, { customerId: caller.id, asset, state, before, limit: limit + 1 });
    const { items, next } = pageOf(rows, limit, {
      position: (row) => [row.seenAt.toISOString(), row.id],
      present: (row) => row,
    });
    return { items: await presentDeposits(this.database, items), ...(next === undefined ? {} : { next }) };
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: depositSchema })
  async find(@Caller() caller: Customer, @Param('id', { schema: z.uuid() }) id: string): Promise<PresentedDeposit> {
    const deposit = await depositById(this.database, id);
    if (deposit?.customerId !== caller.id) throw depositNotFound();
    const [presented] = await presentDeposits(this.database, [deposit]);
    if (!presented) throw depositNotFound();
    return presented;
  }
}
