import { Body, Controller, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatQuantity, priceStep } from '@core/venue-view';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, IdempotencyKey, type Operator } from '@base/http';
import { type Instrument, type InstrumentStanding, listingOf, listInstruments, listStandings, priceText, proposeInstrument, standingOf, ticksOf } from '@products/venue'; // prettier-ignore
import { answered, anything, bandsOrder, feesOrder, itemPage, markOrder, proposalOrder, reasonOrder, stateOrder, symbol } from './schemas.js'; // prettier-ignore
import { VenueOrders } from './venue-orders.js';

const MICROSECONDS_IN_MS = 1_000n;

/** What is traded on the exchange, and on what terms. Every change is a command of the engine, answered with the engine's word. */
@ApiTags('Exchange')
@Access('operator', { roles: ['treasury'] })
@Controller('v1/venue/instruments')
export class InstrumentsController {
  constructor(
    private readonly database: Database,
    private readonly orders: VenueOrders,
  ) {}

  /** Listed and planned ones, as far as the exchange has been settled. */
  @Access('operator', { roles: ['treasury', 'compliance', 'support'] })
  @Get()
  @ApiOkResponse({ standardSchema: itemPage })
  async list(): Promise<object> {
    return { items: (await listStandings(this.database)).map(presentStanding) };
  }

  /** Plans an instrument, or changes one that the engine has not listed yet. */
  @Post()
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: anything })
  propose(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Body({ schema: proposalOrder }) { reason, ...proposal }: z.infer<typeof proposalOrder>,
  ): Promise<CommandResult> {
    const subject = { kind: 'instrument', id: proposal.symbol };
    const order = { caller, key, action: 'instrument-proposed', subject, request: proposal, reason };
    return this.orders.run(order, async (tx) => {
      await proposeInstrument(tx, proposal);
      return presentStanding(await standingOf(tx, proposal.symbol));
    });
  }

  /** Has the engine list a planned instrument; from then on its terms are final. It begins closed. */
  @Post(':symbol/list')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: answered })
  async listInEngine(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('symbol', { schema: symbol }) name: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const { number } = await standingOf(this.database, name);
    const instrument = (await listInstruments(this.database)).find((planned) => planned.number === number);
    const listing = listingOf(instrument as Instrument);
    if (listing.kind !== 'list-instrument') throw new Error('a listing lists');
    const subject = { kind: 'instrument', id: name };
    return this.orders.send({ caller, key, action: 'instrument-listed', subject, request: {}, reason }, listing);
  }

  /** Opens, halts or closes trading, collects orders for an auction, or takes cancels alone. The engine says whether it may. */
  @Access('operator', { roles: ['treasury', 'compliance'] })
  @Post(':symbol/state')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: answered })
  async setState(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('symbol', { schema: symbol }) name: string,
    @Body({ schema: stateOrder }) { state, reason }: z.infer<typeof stateOrder>,
  ): Promise<CommandResult> {
    const { number: instrument } = await standingOf(this.database, name);
    const subject = { kind: 'instrument', id: name };
    const order = { caller, key, action: 'instrument-state-set', subject, request: { state }, reason };
    return this.orders.send(order, { kind: 'set-state', instrument, state });
  }

  /** Rates of a tier, for orders accepted from now on. Market makers are accounts of a tier with rates of its own. */
  @Put(':symbol/fees')
  @ApiOkResponse({ standardSchema: answered })
  async setFees(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('symbol', { schema: symbol }) name: string,
    @Body({ schema: feesOrder }) { tier, makerPpm, takerPpm, reason }: z.infer<typeof feesOrder>,
  ): Promise<CommandResult> {
    const { number: instrument } = await standingOf(this.database, name);
    const subject = { kind: 'instrument', id: name };
    const order = { caller, key, action: 'fees-set', subject, request: { tier, makerPpm, takerPpm }, reason };
    return this.orders.send(order, { kind: 'set-fees', instrument, tier, makerPpm, takerPpm });
  }

  @Put(':symbol/bands')
  @ApiOkResponse({ standardSchema: answered })
  async setBands(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('symbol', { schema: symbol }) name: string,
    @Body({ schema: bandsOrder }) body: z.infer<typeof bandsOrder>,
  ): Promise<CommandResult> {
    const standing = await standingOf(this.database, name);
    const { reason, referencePrice, haltWindowMs, reopenAfterMs, ...rates } = body;
    const subject = { kind: 'instrument', id: name };
    const request = { ...rates, haltWindowMs, reopenAfterMs, referencePrice: referencePrice ?? null };
    return this.orders.send(
      { caller, key, action: 'bands-set', subject, request, reason },
      {
        kind: 'set-bands',
        instrument: standing.number,
        referencePrice: referencePrice === undefined ? 0 : ticksOf(standing, referencePrice),
        ...rates,
        haltWindow: BigInt(haltWindowMs) * MICROSECONDS_IN_MS,
        reopenAfter: BigInt(reopenAfterMs) * MICROSECONDS_IN_MS,
      },
    );
  }

  /** Of a contract: cash follows it at once. */
  @Put(':symbol/mark-price')
  @ApiOkResponse({ standardSchema: answered })
  async setMarkPrice(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('symbol', { schema: symbol }) name: string,
    @Body({ schema: markOrder }) { price, reason }: z.infer<typeof markOrder>,
  ): Promise<CommandResult> {
    const standing = await standingOf(this.database, name);
    const subject = { kind: 'instrument', id: name };
    const order = { caller, key, action: 'mark-price-set', subject, request: { price }, reason };
    return this.orders.send(order, {
      kind: 'mark-price',
      instrument: standing.number,
      price: ticksOf(standing, price),
    });
  }
}

function presentStanding(standing: InstrumentStanding): object {
  const { increment, scale } = priceStep(standing);
  return {
    number: standing.number,
    symbol: standing.symbol,
    settlement: standing.settlement,
    base: standing.base.code,
    quote: standing.quote.code,
    state: standing.state ?? 'planned',
    tick: priceText(standing, 1) ?? `${increment}e-${scale}`,
    lot: formatQuantity(standing, 1n),
    minimumQuantity: formatQuantity(standing, standing.minimumQuantity),
    maximumQuantity: formatQuantity(standing, standing.maximumQuantity),
    maximumPrice: priceText(standing, standing.maximumPrice),
    initialMarginPpm: standing.initialMarginPpm,
    maintenanceMarginPpm: standing.maintenanceMarginPpm,
    lastPrice: priceText(standing, standing.lastPrice),
    referencePrice: priceText(standing, standing.referencePrice),
    markPrice: priceText(standing, standing.markPrice),
    fees: standing.fees.map(({ tier, makerPpm, takerPpm }) => ({ tier, makerPpm, takerPpm })),
    listedAt: standing.listedAt,
  };
}
