import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatAmount } from '@core/money';
import { formatQuantity } from '@core/venue-view';
import { Database } from '@base/database';
import { Access, type Page, pageOf } from '@base/http';
import { type Circulation, type CirculationFilter, findPairs, findPriceMoves, findRings, findSelfTrades, findSpoofs, type InstrumentStanding, METHODS, priceText, type Range, standingOf } from '@products/venue'; // prettier-ignore
import { circulationListing, moveListing, report, selfTradeListing, spoofListing } from './schemas.js';
import { numbersOf, smallOf } from './venue-views.controller.js';

interface Report<Item> extends Page<Item> {
  readonly method: string;
}

interface Ranged {
  readonly symbol: string;
  readonly from: string;
  readonly to: string;
}

/** Reports over what was traded and cancelled. A hit is a reason to look, not a proof; each report says how it finds what it finds. */
@ApiTags('Surveillance')
@Access('operator', { roles: ['compliance'] })
@Controller('v1/venue/surveillance')
export class SurveillanceController {
  constructor(private readonly database: Database) {}

  /** Trades with one owner on both sides. */
  @Get('self-trades')
  @ApiOkResponse({ standardSchema: report })
  async selfTrades(@Query({ schema: selfTradeListing }) query: z.infer<typeof selfTradeListing>): Promise<object> {
    const { standing, range } = await this.#rangeOf(query);
    const [sequence, index] = numbersOf(query.cursor, 2) ?? [];
    const before = sequence === undefined ? undefined : { sequence, index: smallOf(index) };
    const rows = await findSelfTrades(this.database, range, { before, limit: query.limit + 1 });
    const page = pageOf(rows, query.limit, {
      position: (row) => [row.sequence.toString(), row.index.toString()],
      present: ({ price, quantity, notional, sequence: command, ...row }) => ({
        ...row,
        sequence: command.toString(),
        price: priceText(standing, price),
        quantity: formatQuantity(standing, quantity),
        notional: formatAmount(notional, standing.quote.code),
      }),
    });
    return { method: METHODS.selfTrades, ...page } satisfies Report<object>;
  }

  /** Pairs of accounts whose trades with each other come to nearly nothing. */
  @Get('pairs')
  @ApiOkResponse({ standardSchema: report })
  pairs(@Query({ schema: circulationListing }) query: z.infer<typeof circulationListing>): Promise<object> {
    return this.#circulation(query, { method: METHODS.pairs, size: 2, find: findPairs });
  }

  /** Circles of three accounts, each of which sold to the next. */
  @Get('rings')
  @ApiOkResponse({ standardSchema: report })
  rings(@Query({ schema: circulationListing }) query: z.infer<typeof circulationListing>): Promise<object> {
    return this.#circulation(query, { method: METHODS.rings, size: 3, find: findRings });
  }

  /** Large orders cancelled around a trade on the other side, with the account's ratio of orders to trades. */
  @Get('spoofing')
  @ApiOkResponse({ standardSchema: report })
  async spoofing(@Query({ schema: spoofListing }) query: z.infer<typeof spoofListing>): Promise<object> {
    const { standing, range } = await this.#rangeOf(query);
    const { windowMs, multiple, limit, cursor } = query;
    const [before] = numbersOf(cursor, 1) ?? [];
    const rows = await findSpoofs(this.database, range, { windowMs, multiple, before, limit: limit + 1 });
    const page = pageOf(rows, limit, {
      position: (row) => [row.orderId.toString()],
      present: ({ account, side, acceptedAt, cancelledAt, ...row }) => ({
        account,
        side,
        orderId: row.orderId.toString(),
        price: priceText(standing, row.price),
        quantity: formatQuantity(standing, row.quantity),
        filled: formatQuantity(standing, row.filled),
        acceptedAt,
        cancelledAt,
        trade: {
          sequence: row.sequence.toString(),
          index: row.index,
          at: row.tradedAt,
          quantity: formatQuantity(standing, row.tradedQuantity),
        },
        orders: Number(row.orders),
        trades: Number(row.trades),
        ordersPerTrade: hundredths(row.orders, row.trades),
      }),
    });
    return { method: METHODS.spoofing, ...page } satisfies Report<object>;
  }

  /** Runs of trades far from the prices shortly before them. */
  @Get('price-moves')
  @ApiOkResponse({ standardSchema: report })
  async priceMoves(@Query({ schema: moveListing }) query: z.infer<typeof moveListing>): Promise<object> {
    const { standing, range } = await this.#rangeOf(query);
    const { windowMs, movePpm, limit, cursor } = query;
    const [before] = numbersOf(cursor, 1) ?? [];
    const filter = { windowMs, movePpm, beforeMicroseconds: before, limit: limit + 1 };
    const rows = await findPriceMoves(this.database, range, filter);
    const page = pageOf(rows, limit, {
      position: (row) => [row.begunMicroseconds.toString()],
      present: (row) => ({
        from: row.from,
        to: row.to,
        trades: Number(row.trades),
        low: priceText(standing, row.low),
        high: priceText(standing, row.high),
        firstPrice: priceText(standing, row.firstPrice),
        lastPrice: priceText(standing, row.lastPrice),
        movePpm: Number(row.movePpm),
      }),
    });
    return { method: METHODS.priceMoves, ...page } satisfies Report<object>;
  }

  async #circulation(
    query: z.infer<typeof circulationListing>,
    given: {
      method: string;
      size: number;
      find: (on: Database, range: Range, filter: CirculationFilter) => Promise<Circulation[]>;
    },
  ): Promise<object> {
    const { standing, range } = await this.#rangeOf(query);
    const { minimumBalancePpm, minimumTrades, limit, cursor } = query;
    const [notional, ...accounts] = numbersOf(cursor, given.size + 1) ?? [];
    const before = notional === undefined ? undefined : { notional, accounts: accounts.map(smallOf) };
    const filter = { minimumBalancePpm, minimumTrades, before, limit: limit + 1 };
    const page = pageOf(await given.find(this.database, range, filter), limit, {
      position: (row) => [row.notional.toString(), ...row.accounts.map(String)],
      present: (row) => ({
        accounts: row.accounts,
        circulated: formatQuantity(standing, row.circulated),
        notional: formatAmount(row.notional, standing.quote.code),
        trades: Number(row.trades),
        balancePpm: Number(row.balancePpm),
      }),
    });
    return { method: given.method, ...page } satisfies Report<object>;
  }

  async #rangeOf({ symbol, from, to }: Ranged): Promise<{ standing: InstrumentStanding; range: Range }> {
    const standing = await standingOf(this.database, symbol);
    return { standing, range: { instrument: standing.number, from: new Date(from), to: new Date(to) } };
  }
}

/** Orders for each trade, with two digits, rounded down; null without a trade. */
function hundredths(orders: bigint, trades: bigint): string | null {
  if (trades === 0n) return null;
  const scaled = (orders * 100n) / trades;
  return `${scaled / 100n}.${(scaled % 100n).toString().padStart(2, '0')}`;
}
