import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { AmountError } from '@core/money';
import { Database } from '@base/database';
import {
  Access,
  Caller,
  type CommandResult,
  Commands,
  type Customer,
  IdempotencyKey,
  InvalidRequest,
} from '@base/http';
import { BROKERAGE, type Brokerage } from '@products/brokerage';
import { presentQuote } from './present.js';
import { id, quoteRequest, quoteSchema } from './schemas.js';

/** Prices that we stand by: signed, for a while, once. */
@ApiTags('Brokerage')
@Controller('v1/brokerage/quotes')
export class QuotesController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {}

  @Access('customer', { scope: 'trade' })
  @Post()
  @ApiCreatedResponse({ standardSchema: quoteSchema })
  create(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: quoteRequest }) body: z.infer<typeof quoteRequest>,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: 'brokerage.create-quote', request: body };
    return namingAmount('amount', () =>
      this.commands.run(command, async (tx) => {
        const quote = await this.brokerage.createQuote.run(tx, { customerId: caller.id, ...body });
        return { status: 201, body: presentQuote(quote) };
      }),
    );
  }

  @Access('customer', { scope: 'view' })
  @Get(':id')
  @ApiOkResponse({ standardSchema: quoteSchema })
  async read(@Caller() caller: Customer, @Param('id', { schema: id }) quoteId: string): Promise<object> {
    return presentQuote(await this.brokerage.quotes.read(this.database, quoteId, caller.id));
  }
}

/** An amount that is not one of its asset (too many decimals, too large) is a 400 that names the field. */
export async function namingAmount<T>(field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AmountError) throw new InvalidRequest([{ field, message: error.message }]);
    throw error;
  }
}
