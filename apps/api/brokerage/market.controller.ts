import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { assetOf, formatRate } from '@core/money';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, Caller, type Customer } from '@base/http';
import { MinuteCloses, Prices, unknownPair } from '@platform/pricing';
import { BROKERAGE, type Brokerage, depositTerms, formatPpmAsBps, limitStatus, listOffers, type Offer, type Tier } from '@products/brokerage'; // prettier-ignore
import { moneyOf } from './present.js';
import { closeList, closesQuery, limitList, pairList, priceList } from './schemas.js';

const pairName = z.string().max(20);

/** What must be done to reach each tier. */
const UPGRADE: Readonly<Record<Exclude<Tier, 0>, string>> = {
  1: 'name, date of birth, address and phone',
  2: 'an identity document and a picture of yourself',
  3: 'proof of where your funds come from',
};

/** What can be converted, at what prices, and how much of it. */
@ApiTags('Brokerage')
@Controller('v1/brokerage')
export class MarketController {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly prices: Prices,
    private readonly closes: MinuteCloses,
    @Inject(BROKERAGE) private readonly brokerage: Brokerage,
  ) {}

  @Access('public')
  @Get('pairs')
  @ApiOkResponse({ standardSchema: pairList })
  async pairs(): Promise<object> {
    return { items: (await listOffers(this.database)).map(presentOffer) };
  }

  /** The last mid price of each pair; `firm` tells whether a quote would be given on it now. */
  @Access('public')
  @Get('prices')
  @ApiOkResponse({ standardSchema: priceList })
  listPrices(): object {
    const items = this.prices.pairs.flatMap((pair) => {
      const last = this.prices.last(pair);
      return last ? [{ pair, mid: formatRate(last.mid, 8, 'half-even'), firm: last.firm, at: last.at }] : [];
    });
    return { items };
  }

  /** One close a minute, newest first; a minute without a firm price has none. */
  @Access('public')
  @Get('prices/:pair/history')
  @ApiOkResponse({ standardSchema: closeList })
  async history(
    @Param('pair', { schema: pairName }) pair: string,
    @Query({ schema: closesQuery }) query: z.infer<typeof closesQuery>,
  ): Promise<object> {
    if (!this.prices.pairs.includes(pair)) throw unknownPair();
    const before = query.before === undefined ? this.clock.now() : new Date(query.before);
    const closes = await this.closes.page(pair, { before, limit: query.limit });
    return { pair, items: closes.map(({ minute, close }) => ({ minute, close: formatRate(close, 8, 'half-even') })) };
  }

  @Access('customer', { scope: 'view' })
  @Get('limits')
  @ApiOkResponse({ standardSchema: limitList })
  async limits(@Caller() caller: Customer): Promise<object> {
    const tier = await this.brokerage.tiers.tierOf(this.database, caller.id);
    const items = await limitStatus(this.database, {
      customerId: caller.id,
      tier,
      method: 'ANY',
      now: this.clock.now(),
    });
    const next = (tier + 1) as Tier;
    return { tier, items, upgrade: tier === 3 ? null : { tier: next, needs: UPGRADE[next as Exclude<Tier, 0>] } };
  }
}

function presentOffer({ pair, pausedReason, minOrder, maxOrder, methods }: Offer): object {
  return {
    pair: pair.symbol,
    base: pair.base,
    quote: pair.quote,
    open: pausedReason === null,
    pausedReason,
    minOrder: moneyOf(minOrder, pair.quote),
    maxOrder: moneyOf(maxOrder, pair.quote),
    profiles: assetOf(pair.quote).kind !== 'fiat' ? ['SWAP_INTERNAL'] : ['BUY', 'SELL'],
    methods: methods.map(({ method, feePpm, minFee }) => ({
      method,
      feeBps: formatPpmAsBps(feePpm),
      minimumFee: moneyOf(minFee, pair.quote),
      depositTerms: depositTerms(method),
    })),
  };
}
