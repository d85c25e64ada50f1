import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatAmount, formatRate } from '@core/money';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, idCursor, pageOf } from '@base/http';
import { pairOf, PriceHalts, Prices, type SourceStanding } from '@platform/pricing';
import {
  BROKERAGE,
  type Brokerage,
  describeHedging,
  type Hedge,
  type HedgeFill,
  type HousePosition,
  limitOf,
  listHedges,
  listOffers,
  profitByPair,
  readHedgeFills,
  readHedgeMember,
} from '@products/brokerage';
import { hedgeList, hedgeQuery, pairState, periodQuery, positionList, profitList } from './schemas.js';

const DAY_MS = 86_400_000;

/** What the desk holds, how far from its own funds, and what it earned. */
@ApiTags('House')
@Access('operator', { roles: ['treasury', 'support', 'compliance'] })
@Controller('v1/house')
export class PositionsController {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly prices: Prices,
    private readonly halts: PriceHalts,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {}

  @Get('positions')
  @ApiOkResponse({ standardSchema: positionList })
  async positions(): Promise<object> {
    const positions = await this.brokerage.house.positions(this.database);
    return { hedging: describeHedging(await readHedgeMember(this.database)), items: positions.map(presentPosition) };
  }

  /** Orders by which the house laid off its position, the newest first; `mismatched` ones are for people to look at. */
  @Get('hedges')
  @ApiOkResponse({ standardSchema: hedgeList })
  async hedges(@Query({ schema: hedgeQuery }) { limit, cursor }: z.infer<typeof hedgeQuery>): Promise<object> {
    const rows = await listHedges(this.database, { before: idCursor(cursor), limit: limit + 1 });
    const fills = new Map<string, Awaited<ReturnType<typeof readHedgeFills>>>();
    for (const hedge of rows) fills.set(hedge.id, await readHedgeFills(this.database, hedge));
    return pageOf(rows, limit, {
      position: ({ id }) => [id],
      present: (hedge) => presentHedge(hedge, fills.get(hedge.id) ?? []),
    });
  }

  /** What is offered, at what price, and what each price source of this process says: used, or why not. */
  @Get('pairs')
  @ApiOkResponse({ standardSchema: pairState })
  async pairs(): Promise<object> {
    const offers = await listOffers(this.database);
    const items = offers.map(({ pair: { symbol }, pausedReason }) => {
      const last = this.prices.last(symbol);
      const mid = last ? formatRate(last.mid, 8, 'half-even') : null;
      const sources = this.prices.standings(symbol).map(presentSource);
      return { pair: symbol, open: pausedReason === null, pausedReason, firmPrice: last?.firm ?? false, mid, sources };
    });
    return { items, priceHalts: await this.halts.list(this.database) };
  }

  /** Spread and fees per pair, as booked at execution; the last day unless a period is given. */
  @Get('profit')
  @ApiOkResponse({ standardSchema: profitList })
  async profit(@Query({ schema: periodQuery }) query: z.infer<typeof periodQuery>): Promise<object> {
    const to = query.to === undefined ? this.clock.now() : new Date(query.to);
    const from = query.from === undefined ? new Date(to.getTime() - DAY_MS) : new Date(query.from);
    const rows = await profitByPair(this.database, { from, to });
    const items = rows.map(({ pair, orders, turnover, spread, fees }) => {
      const asset = pairOf(pair).quote;
      const text = (minor: bigint): string => formatAmount(minor, asset);
      return {
        pair,
        asset,
        orders: orders.toString(),
        turnover: text(turnover),
        spread: text(spread),
        fees: text(fees),
      };
    });
    return { from, to, items };
  }
}

const presentSource = ({ name, kind, standing, price, ageMs }: SourceStanding): object => ({
  name,
  kind,
  standing,
  price: price ? formatRate(price, 8, 'half-even') : null,
  ageMs: ageMs ?? null,
});

function presentHedge(of: Hedge, fills: readonly HedgeFill[]): object {
  const { quote } = pairOf(of.pair);
  const filled = fills.reduce((sum, { amount }) => sum + amount, 0n);
  const fees = fills.reduce((sum, { fee }) => sum + fee, 0n);
  return {
    id: of.id,
    clientId: of.clientId,
    pair: of.pair,
    side: of.side,
    asset: of.asset,
    amount: formatAmount(of.amount, of.asset),
    filled: formatAmount(filled, of.asset),
    limit: formatRate(limitOf(of), 8, 'half-even'),
    fees: formatAmount(fees, quote),
    feeAsset: quote,
    position: formatAmount(of.position, of.asset),
    state: of.state,
    mismatched: of.mismatched,
    reason: of.reason,
    sends: of.sends,
    createdAt: of.createdAt.toISOString(),
    updatedAt: of.updatedAt.toISOString(),
  };
}

function presentPosition(of: HousePosition): object {
  const usd = (cents: bigint): string => formatAmount(cents, 'USD');
  return {
    asset: of.asset,
    inventory: formatAmount(of.inventory, of.asset),
    atVenue: formatAmount(of.atVenue, of.asset),
    funded: formatAmount(of.funded, of.asset),
    position: formatAmount(of.position, of.asset),
    positionUsd: of.positionCents === null ? null : usd(of.positionCents),
    softLimitUsd: of.limited ? usd(of.softCents) : null,
    hardLimitUsd: of.limited ? usd(of.hardCents) : null,
    status: statusOf(of),
  };
}

function statusOf({ limited, positionCents, softCents, hardCents }: HousePosition): string {
  if (!limited) return 'unlimited';
  if (positionCents === null) return 'no-price';
  const size = positionCents < 0n ? -positionCents : positionCents;
  return size >= hardCents ? 'at-hard' : size > softCents ? 'above-soft' : 'within';
}
