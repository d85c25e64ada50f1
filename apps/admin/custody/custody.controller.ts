import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount, isAssetCode } from '@core/money';
import { CLOCK, type Clock } from '@base/clock';
import { Database, type Tx } from '@base/database';
import { Access, Caller, decodeCursor, type Operator, type Page, pageOf, pageQuery } from '@base/http';
import { Audit } from '@platform/audit';
import { AllocateAddress, assetHalts, assetNotHalted, depositSchema, haltAsset, listDeposits, newestReconciliations, presentDeposits, type PresentedDeposit, type Reconciliation, resumeAsset } from '@platform/custody'; // prettier-ignore

const asset = z.enum(['BTC', 'ETH']);
const depositListing = z.strictObject({
  ...pageQuery(),
  asset: asset.optional(),
  customerId: z.uuid().optional(),
  state: z.enum(['seen', 'credited', 'orphaned', 'lost', 'ignored']).optional(),
});
const depositPage = z
  .object({ items: z.array(depositSchema), next: z.string().optional() })
  .meta({ id: 'DepositPage' });
const reason = z.strictObject({ reason: z.string().trim().min(3).max(200) }).meta({ id: 'Reason' });
const reconciliationSchema = z
  .object({
    id: z.uuid(),
    asset: z.string(),
    height: z.int(),
    blockHash: z.string(),
    ledger: z.string(),
    onChain: z.string(),
    difference: z.string(),
    lines: z.array(z.object({ what: z.string(), amount: z.string() })),
    at: z.iso.datetime(),
  })
  .meta({ id: 'CustodyReconciliation' });
const reconciliationList = z.object({ items: z.array(reconciliationSchema) }).meta({ id: 'CustodyReconciliationList' });
const overviewSchema = z
  .object({
    halts: z.array(z.object({ asset: z.string(), reason: z.string(), at: z.iso.datetime() })),
    houseAddresses: z.array(z.object({ asset, address: z.string() })),
    reconciliations: z.array(reconciliationSchema),
  })
  .meta({ id: 'CustodyOverview' });

/** What we hold for others, held against the chains. */
@ApiTags('Custody')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/custody')
export class CustodyController {
  constructor(
    private readonly database: Database,
    private readonly addresses: AllocateAddress,
    private readonly audit: Audit,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: overviewSchema })
  async overview(): Promise<z.infer<typeof overviewSchema>> {
    const newest = await Promise.all(
      asset.options.map((of) => newestReconciliations(this.database, { asset: of, limit: 1 })),
    );
    const houseAddresses = await this.database.transaction(async (tx) => {
      const found: { asset: 'BTC' | 'ETH'; address: string }[] = [];
      for (const of of asset.options) found.push({ asset: of, address: (await this.addresses.house(tx, of)).address });
      return found;
    });
    return {
      halts: (await assetHalts(this.database)).map((halt) => ({ ...halt, at: halt.at.toISOString() })),
      houseAddresses,
      reconciliations: newest.flat().map(present),
    };
  }

  @Get('deposits')
  @ApiOkResponse({ standardSchema: depositPage })
  async deposits(
    @Query({ schema: depositListing }) query: z.infer<typeof depositListing>,
  ): Promise<Page<PresentedDeposit>> {
    const { limit, cursor, ...filters } = query;
    const [seenAt, id] = decodeCursor(cursor, 2) ?? [];
    const before = seenAt !== undefined && id !== undefined ? { seenAt, id } : undefined;
    const rows = await listDeposits(this.database, { ...filters, before, limit: limit + 1 });
    const { items, next } = pageOf(rows, limit, {
      position: (row) => [row.seenAt.toISOString(), row.id],
      present: (row) => row,
    });
    return { items: await presentDeposits(this.database, items), ...(next === undefined ? {} : { next }) };
  }

  @Get('reconciliations')
  @ApiOkResponse({ standardSchema: reconciliationList })
  async reconciliations(
    @Query({
      schema: z.strictObject({ asset: asset.optional(), limit: z.coerce.number().int().min(1).max(100).default(20) }),
    })
    query: {
      asset?: 'BTC' | 'ETH' | undefined;
      limit: number;
    },
  ): Promise<z.infer<typeof reconciliationList>> {
    return { items: (await newestReconciliations(this.database, query)).map(present) };
  }

  /** Nothing of the asset leaves until it is resumed. */
  @Access('operator', { roles: ['treasury'] })
  @Post('assets/:asset/halt')
  @HttpCode(204)
  @ApiNoContentResponse()
  async halt(
    @Caller() caller: Operator,
    @Param('asset', { schema: asset }) of: 'BTC' | 'ETH',
    @Body({ schema: reason }) body: z.infer<typeof reason>,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (await haltAsset(tx, of, body.reason, this.clock.now()))
        await this.#note(tx, { caller, action: 'custody.asset-halted', of, reason: body.reason });
    });
  }

  @Access('operator', { roles: ['treasury'] })
  @Post('assets/:asset/resume')
  @HttpCode(204)
  @ApiNoContentResponse()
  async resume(
    @Caller() caller: Operator,
    @Param('asset', { schema: asset }) of: 'BTC' | 'ETH',
    @Body({ schema: reason }) body: z.infer<typeof reason>,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await resumeAsset(tx, of))) throw assetNotHalted();
      await this.#note(tx, { caller, action: 'custody.asset-resumed', of, reason: body.reason });
    });
  }

  #note(
    tx: Tx,
    { caller, action, of, reason }: { caller: Operator; action: string; of: string; reason: string },
  ): Promise<void> {
    return this.audit.append(tx, {
      actor: { kind: 'operator', id: caller.id },
      action,
      subject: { kind: 'asset', id: of },
      reason,
    });
  }
}

const money = (minor: bigint, of: string): string => (isAssetCode(of) ? formatAmount(minor, of) : minor.toString());

const present = (found: Reconciliation): z.infer<typeof reconciliationSchema> => ({
  id: found.id,
  asset: found.asset,
  height: found.height,
  blockHash: found.blockHash,
  ledger: money(found.ledger, found.asset),
  onChain: money(found.onChain, found.asset),
  difference: money(found.difference, found.asset),
  lines: [...found.lines],
  at: found.at.toISOString(),
});
