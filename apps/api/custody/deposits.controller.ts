import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, idCursor, type Customer, type Page, pageOf, pageQuery } from '@base/http';
import { listDeposits, presentDeposit } from '@platform/custody';
import { asset, depositPage, type depositSchema, depositStates } from './schemas.js';

const listing = z.strictObject({ ...pageQuery(), asset: asset.optional(), state: z.enum(depositStates).optional() });

/** What arrived on chain. */
@ApiTags('Custody')
@Access('customer', { scope: 'view' })
@Controller('v1/deposits')
export class DepositsController {
  constructor(private readonly database: Database) {}

  @Get()
  @ApiOkResponse({ standardSchema: depositPage })
  async list(
    @Caller() caller: Customer,
    @Query({ schema: listing }) { limit, cursor, ...filter }: z.infer<typeof listing>,
  ): Promise<Page<z.infer<typeof depositSchema>>> {
    const query = { ...filter, ownerId: caller.id, before: idCursor(cursor), limit: limit + 1 };
    const rows = await listDeposits(this.database, query);
    return pageOf(rows, limit, { position: ({ id }) => [id], present: presentDeposit });
  }
}
