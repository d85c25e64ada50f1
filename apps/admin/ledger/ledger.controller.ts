import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { Database } from '@base/database';
import { Access, InvalidRequest, pageQuery, refuse } from '@base/http';
import { type ChainHead, Ledger, LedgerAuditor, searchTransfers } from '@platform/ledger';
import { accountPath, integritySchema, presentTransfer, presentTrialBalance, transferPage, transferSchema, trialBalanceSchema, verificationSchema } from './ledger-schema.js'; // prettier-ignore

const search = z.strictObject({
  ...pageQuery(),
  owner: z.uuid().optional(),
  account: accountPath.optional(),
  kind: z
    .string()
    .max(100)
    .regex(/^[a-z-]+\.[a-z0-9-]+$/, 'must be like payments.card-captured')
    .optional(),
  group: z.uuid().optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
});
const blockNumber = z.string().regex(/^(0|[1-9][0-9]{0,17})$/, 'must be the number of a block');
const verification = z.strictObject({ after: blockNumber.default('0') }).meta({ id: 'LedgerVerificationOrder' });

/** The explorer of the books, and whether they are sound. */
@ApiTags('Ledger')
@Access('operator', { roles: ['treasury', 'compliance'] })
@Controller('v1/ledger')
export class LedgerController {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly auditor: LedgerAuditor,
  ) {}

  @Get('trial-balance')
  @ApiOkResponse({ standardSchema: trialBalanceSchema })
  async trialBalance(): Promise<z.infer<typeof trialBalanceSchema>> {
    return presentTrialBalance(await this.ledger.trialBalance());
  }

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get('transfers')
  @ApiOkResponse({ standardSchema: transferPage })
  async transfers(@Query({ schema: search }) query: z.infer<typeof search>): Promise<z.infer<typeof transferPage>> {
    const { limit, cursor, owner, account, kind, group, from, to } = query;
    const filter = {
      ...(owner === undefined ? {} : { owner }),
      ...(account === undefined ? {} : { accountPath: account }),
      ...(kind === undefined ? {} : { kind }),
      ...(group === undefined ? {} : { group }),
      ...(from === undefined ? {} : { postedFrom: new Date(from) }),
      ...(to === undefined ? {} : { postedBefore: new Date(to) }),
    };
    const page = await searchTransfers(this.database, filter, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    }).catch((error: unknown) => {
      throw error instanceof RangeError
        ? new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }])
        : error;
    });
    return { items: page.transfers.map(presentTransfer), ...(page.next === null ? {} : { next: page.next }) };
  }

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get('transfers/:id')
  @ApiOkResponse({ standardSchema: transferSchema })
  async transfer(@Param('id', { schema: z.uuid() }) id: string): Promise<z.infer<typeof transferSchema>> {
    const transfer = await this.ledger.transfer(id.toLowerCase());
    if (!transfer) throw refuse('unknown_transfer', { status: 404, title: 'No such transfer was posted' });
    return presentTransfer(transfer);
  }

  /** Looks at the whole ledger, which takes a few scans of its entries. */
  @Get('integrity')
  @ApiOkResponse({ standardSchema: integritySchema })
  async integrity(): Promise<z.infer<typeof integritySchema>> {
    const violations = await this.auditor.invariants();
    const solvency = await this.auditor.solvency();
    const overdue = await this.auditor.overdueClearing();
    return {
      violations,
      solvency: solvency.map(({ asset, claims, cover, surplus }) => ({
        asset,
        claims: formatAmount(claims, asset),
        cover: formatAmount(cover, asset),
        surplus: formatAmount(surplus, asset),
      })),
      overdue: overdue.map((clearing) => ({
        account: clearing.path,
        balance: formatAmount(clearing.balance, clearing.asset),
        overdue: formatAmount(clearing.overdue, clearing.asset),
      })),
      head: presentHead(await this.auditor.head()),
    };
  }

  /** Recomputes the sealed history after a block; `npm run ledger:verify` does the same from the command line. */
  @Post('verifications')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: verificationSchema })
  async verify(
    @Body({ schema: verification }) body: z.infer<typeof verification>,
  ): Promise<z.infer<typeof verificationSchema>> {
    const { blocks, transfers, entries, faults, head } = await this.auditor.verify({ after: BigInt(body.after) });
    return {
      blocks,
      transfers,
      entries,
      faults: faults.map(({ seq, what }) => ({ block: seq.toString(), what })),
      head: presentHead(head),
    };
  }
}

const presentHead = (head: ChainHead | null): { seq: string; hash: string } | null =>
  head === null ? null : { seq: head.seq.toString(), hash: head.hash };
