import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database, type Tx } from '@base/database';
import { Access, assetCode, Caller, decodeCursor, InvalidRequest, type Operator, pageOf, pageQuery, refuse, type Refusal } from '@base/http'; // prettier-ignore
import { Audit } from '@platform/audit';
import { type Account, ACCOUNT_TYPES, type AccountBalance, type AccountChangeReason, accountAt, Ledger, listAccounts } from '@platform/ledger'; // prettier-ignore
import { accountPage, accountSchema, presentAccount, presentStatement, statementSchema } from './ledger-schema.js'; // prettier-ignore

const listing = z.strictObject({
  ...pageQuery(),
  type: z.enum(Object.values(ACCOUNT_TYPES).flat()).optional(),
  asset: assetCode().optional(),
  owner: z.uuid().optional(),
  nonZero: z.enum(['true', 'false']).optional(),
});
const statementQuery = z.strictObject({
  ...pageQuery(),
  from: z.iso.datetime().default('1970-01-01T00:00:00Z'),
  to: z.iso.datetime().default('9999-12-31T23:59:59Z'),
});
const order = z.strictObject({ reason: z.string().trim().min(3).max(500) }).meta({ id: 'LedgerAccountOrder' });

/** A path that names no account is an account that does not exist. */
const anyPath = z.string().max(120);

type Change = (tx: Tx, account: Account, why: AccountChangeReason) => Promise<void>;

/** Accounts of the ledger, their statements, and freezing them. */
@ApiTags('Ledger')
@Controller('v1/ledger/accounts')
export class LedgerAccountsController {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: Audit,
  ) {}

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get()
  @ApiOkResponse({ standardSchema: accountPage })
  async list(@Query({ schema: listing }) query: z.infer<typeof listing>): Promise<z.infer<typeof accountPage>> {
    const { limit, type, asset, owner, nonZero } = query;
    const filter = {
      ...(type === undefined ? {} : { type }),
      ...(asset === undefined ? {} : { asset }),
      ...(owner === undefined ? {} : { owner: owner.toLowerCase() }),
      nonZero: nonZero === 'true',
    };
    const rows = await listAccounts(this.database, filter, { ...numberAfter(query.cursor), limit: limit + 1 });
    const { items, next } = pageOf(rows, limit, {
      position: (row) => [row.number.toString()],
      present: presentAccount,
    });
    return { items: [...items], ...(next === undefined ? {} : { next }) };
  }

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get(':path')
  @ApiOkResponse({ standardSchema: accountSchema })
  async read(@Param('path', { schema: anyPath }) path: string): Promise<z.infer<typeof accountSchema>> {
    return presentAccount((await this.#found(path)).balance);
  }

  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get(':path/statement')
  @ApiOkResponse({ standardSchema: statementSchema })
  async statement(
    @Param('path', { schema: anyPath }) path: string,
    @Query({ schema: statementQuery }) query: z.infer<typeof statementQuery>,
  ): Promise<z.infer<typeof statementSchema>> {
    const page = { limit: query.limit, ...numberAfter(query.cursor) };
    const { account } = await this.#found(path);
    const period = { from: new Date(query.from), to: new Date(query.to) };
    const statement = await this.ledger.statement(account, period, page);
    const next = statement.next === null ? undefined : encode(statement.next);
    return presentStatement(statement, next);
  }

  /** From now on it may only receive. */
  @Access('operator', { roles: ['compliance'] })
  @Post(':path/freeze')
  @HttpCode(204)
  @ApiNoContentResponse()
  freeze(
    @Caller() caller: Operator,
    @Param('path', { schema: anyPath }) path: string,
    @Body({ schema: order }) body: z.infer<typeof order>,
  ): Promise<void> {
    const freeze: Change = (tx, account, why) => this.ledger.freezeAccount(tx, account, why);
    return this.#change(caller, { path, action: 'ledger.account-frozen', reason: body.reason }, freeze);
  }

  @Access('operator', { roles: ['compliance'] })
  @Post(':path/unfreeze')
  @HttpCode(204)
  @ApiNoContentResponse()
  unfreeze(
    @Caller() caller: Operator,
    @Param('path', { schema: anyPath }) path: string,
    @Body({ schema: order }) body: z.infer<typeof order>,
  ): Promise<void> {
    const unfreeze: Change = (tx, account, why) => this.ledger.unfreezeAccount(tx, account, why);
    return this.#change(caller, { path, action: 'ledger.account-unfrozen', reason: body.reason }, unfreeze);
  }

  async #change(
    caller: Operator,
    { path, action, reason }: { path: string; action: string; reason: string },
    change: Change,
  ): Promise<void> {
    const { account } = await this.#found(path);
    await this.database.transaction(async (tx) => {
      await change(tx, account, { reason, by: `operator:${caller.id}` });
      await this.audit.append(tx, {
        actor: { kind: 'operator', id: caller.id },
        action,
        subject: { kind: 'ledger-account', id: path },
        reason,
      });
    });
  }

  async #found(path: string): Promise<{ account: Account; balance: AccountBalance }> {
    const account = accountAt(path);
    const balance = account && (await this.ledger.account(account));
    if (account === undefined || balance === undefined) throw unknownAccount();
    return { account, balance };
  }
}

const unknownAccount = (): Refusal =>
  refuse('unknown_account', { status: 404, title: 'No such account has been opened' });

const encode = (number: bigint): string => Buffer.from(JSON.stringify([number.toString()])).toString('base64url');

function numberAfter(cursor: string | undefined): { after?: bigint } {
  const [number] = decodeCursor(cursor, 1) ?? [];
  if (number === undefined) return {};
  if (!/^[0-9]{1,18}$/.test(number)) {
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  }
  return { after: BigInt(number) };
}
