import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { CLOCK, type Clock } from '@base/clock';
import { Database, type Tx } from '@base/database';
import { Access, Caller, idCursor, type Operator, type Page, pageOf, pageQuery } from '@base/http';
import { Outbox } from '@base/jobs';
import { Audit } from '@platform/audit';
import { AllocateAddress, CHAIN_ASSETS, type ChainAsset, custodyRefusal, FREEZE_JOB, halt, listDeposits, listHalts, listReconciliations, presentDeposit, type Reconciliation, resume } from '@platform/custody'; // prettier-ignore
import {
  asset,
  itemPage,
  overviewSchema,
  reasonOrder,
  reconciliationPage,
  type reconciliationSchema,
} from './schemas.js';

type Reason = z.infer<typeof reasonOrder>;

const depositListing = z.strictObject({
  ...pageQuery(),
  asset: asset.optional(),
  ownerId: z.uuid().optional(),
  state: z.enum(['pending', 'credited', 'reversed', 'ignored', 'lost']).optional(),
});
const reconciliationListing = z.strictObject({ ...pageQuery(), asset: asset.optional() });

/** What we hold for others, held against the chains; and the brakes. */
@ApiTags('Custody')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/custody')
export class CustodyController {
  constructor(
    private readonly database: Database,
    private readonly addresses: AllocateAddress,
    private readonly audit: Audit,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: overviewSchema })
  async overview(): Promise<z.infer<typeof overviewSchema>> {
    const newest: Reconciliation[] = [];
    const houseAddresses: { asset: ChainAsset; address: string }[] = [];
    for (const of of CHAIN_ASSETS) {
      newest.push(...(await listReconciliations(this.database, { asset: of, limit: 1 })));
      houseAddresses.push({ asset: of, address: (await this.addresses.forHouse(of)).address });
    }
    const halts = (await listHalts(this.database)).map((found) => ({ ...found, at: found.at.toISOString() }));
    return { halts, houseAddresses, reconciliations: newest.map(present) };
  }

  @Get('deposits')
  @ApiOkResponse({ standardSchema: itemPage })
  async deposits(
    @Query({ schema: depositListing }) { limit, cursor, ...filter }: z.infer<typeof depositListing>,
  ): Promise<Page<object>> {
    const rows = await listDeposits(this.database, { ...filter, before: idCursor(cursor), limit: limit + 1 });
    const show = (deposit: (typeof rows)[number]): object => ({
      ...presentDeposit(deposit),
      owner: { kind: deposit.ownerKind, id: deposit.ownerId },
    });
    return pageOf(rows, limit, { position: ({ id }) => [id], present: show });
  }

  @Get('reconciliations')
  @ApiOkResponse({ standardSchema: reconciliationPage })
  async reconciliations(
    @Query({ schema: reconciliationListing }) { limit, cursor, asset: of }: z.infer<typeof reconciliationListing>,
  ): Promise<Page<z.infer<typeof reconciliationSchema>>> {
    const rows = await listReconciliations(this.database, { asset: of, before: idCursor(cursor), limit: limit + 1 });
    return pageOf(rows, limit, { position: ({ id }) => [id], present });
  }

  /** Nothing of the asset leaves, and nothing is credited, until it is resumed. */
  @Access('operator', { roles: ['treasury'] })
  @Post('assets/:asset/halt')
  @HttpCode(204)
  @ApiNoContentResponse()
  async halt(
    @Caller() caller: Operator,
    @Param('asset', { schema: asset }) of: ChainAsset,
    @Body({ schema: reasonOrder }) { reason }: Reason,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      await halt(tx, { asset: of, scope: 'all', reason, actor: caller.id, at: this.clock.now() });
      await this.#note(tx, caller, { action: 'custody.asset-halted', subject: of, reason });
    });
  }

  @Access('operator', { roles: ['treasury'] })
  @Post('assets/:asset/resume')
  @HttpCode(204)
  @ApiNoContentResponse()
  async resume(
    @Caller() caller: Operator,
    @Param('asset', { schema: asset }) of: ChainAsset,
    @Body({ schema: reasonOrder }) { reason }: Reason,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await resume(tx, of))) throw custodyRefusal('halt_unknown');
      await this.#note(tx, caller, { action: 'custody.asset-resumed', subject: of, reason });
    });
  }

  /** Has the signer stop all signing. Only a person beside it can lift that. */
  @Access('operator', { roles: ['treasury'] })
  @Post('signer/freeze')
  @HttpCode(204)
  @ApiNoContentResponse()
  async freezeSigner(@Caller() caller: Operator, @Body({ schema: reasonOrder }) { reason }: Reason): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.outbox.enqueue(tx, { kind: FREEZE_JOB, payload: { reason } });
      await this.#note(tx, caller, { action: 'custody.signer-frozen', subject: 'signer', reason });
    });
  }

  #note(
    tx: Tx,
    caller: Operator,
    { action, subject, reason }: { action: string; subject: string; reason: string },
  ): Promise<void> {
    return this.audit.append(tx, { actor: { kind: 'operator', id: caller.id }, action, subject: { kind: 'custody', id: subject }, reason }); // prettier-ignore
  }
}

const present = (found: Reconciliation): z.infer<typeof reconciliationSchema> => ({
  id: found.id,
  asset: found.asset,
  height: found.height,
  blockHash: found.blockHash,
  ledger: formatAmount(found.onBooks, found.asset),
  onChain: formatAmount(found.onChain, found.asset),
  difference: formatAmount(found.difference, found.asset),
  items: [...found.items],
  at: found.at.toISOString(),
});
