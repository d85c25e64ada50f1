import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatAmount } from '@core/money';
import { Access, Caller, type Customer, InvalidRequest } from '@base/http';
import { account, Ledger } from '@platform/ledger';
import { BROKERAGE, type Brokerage } from '@products/brokerage';
import { balanceList, portfolioQuery, statementQuery, statementSchema } from './schemas.js';

const ACCOUNT = { available: 'customer_available', held: 'customer_hold' } as const;

/** What the customer has with us, straight from the ledger. */
@ApiTags('Account')
@Access('customer', { scope: 'view' })
@Controller('v1')
export class PortfolioController {
  constructor(
    private readonly ledger: Ledger,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {}

  @Get('balances')
  @ApiOkResponse({ standardSchema: balanceList })
  async balances(
    @Caller() caller: Customer,
    @Query({ schema: portfolioQuery }) { asset: valuedIn }: z.infer<typeof portfolioQuery>,
  ): Promise<object> {
    const { holdings, total } = await this.brokerage.readPortfolio.run(caller.id, valuedIn);
    return {
      valuedIn,
      total: formatAmount(total, valuedIn),
      items: holdings.map(({ asset, available, held, pendingIn, value, firm }) => ({
        asset,
        available: formatAmount(available, asset),
        held: formatAmount(held, asset),
        pending: formatAmount(pendingIn, asset),
        value: value === null ? null : formatAmount(value, valuedIn),
        valueIsFirm: firm,
      })),
    };
  }

  /** Every change of one account in a period: opening balance and changes add up to the closing balance, which is checked on every page. */
  @Get('statements')
  @ApiOkResponse({ standardSchema: statementSchema })
  async statement(
    @Caller() caller: Customer,
    @Query({ schema: statementQuery }) query: z.infer<typeof statementQuery>,
  ): Promise<object> {
    const { asset, limit, cursor } = query;
    const [from, to] = [new Date(query.from), new Date(query.to)];
    if (from >= to) throw new InvalidRequest([{ field: 'to', message: 'must be after "from"' }]);
    const page = { limit, ...(cursor === undefined ? {} : { after: BigInt(cursor) }) };
    const statement = await this.ledger.statement(
      account(ACCOUNT[query.account], asset, caller.id),
      { from, to },
      page,
    );
    return {
      asset,
      account: query.account,
      from,
      to,
      opening: formatAmount(statement.opening, asset),
      closing: formatAmount(statement.closing, asset),
      items: statement.lines.map((line) => ({
        number: line.version.toString(),
        at: line.postedAt,
        kind: line.kind,
        change: formatAmount(line.change, asset),
        balance: formatAmount(line.balanceAfter, asset),
        transferId: line.transferId,
        group: line.group,
      })),
      next: statement.next?.toString() ?? null,
    };
  }
}
