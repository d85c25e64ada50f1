import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { formatQuantity } from '@core/venue-view';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, decodeCursor, idCursor, IdempotencyKey, InvalidRequest, type Operator, type Page, pageOf } from '@base/http'; // prettier-ignore
import { accountOf, type InstrumentStanding, liftFreeze, listFreezes, listOpenOrders, listPositions, listReconciliations, listStandings, listStatedFills, listTransfers, priceText, standingOf } from '@products/venue'; // prettier-ignore
import { fillListing, id, itemPage, pageListing, reasonOrder, transferListing, viewListing } from './schemas.js';
import { VenueOrders } from './venue-orders.js';

const whole = z.string().regex(/^(0|[1-9][0-9]{0,17})$/);

/** The parts of a cursor of ours, each a whole number. @throws InvalidRequest */
export function numbersOf(cursor: string | undefined, parts: number): bigint[] | undefined {
  const given = decodeCursor(cursor, parts);
  if (given === undefined) return undefined;
  if (given.some((part) => !whole.safeParse(part).success))
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  return given.map(BigInt);
}

/** What happens on the exchange, as far as it has been settled: orders, positions, fills, money on its way, freezes, reconciliations. */
@ApiTags('Exchange')
@Access('operator', { roles: ['treasury', 'compliance', 'support'] })
@Controller('v1/venue')
export class VenueViewsController {
  constructor(
    private readonly database: Database,
    private readonly orders: VenueOrders,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Open ones, the newest first. */
  @Get('orders')
  @ApiOkResponse({ standardSchema: itemPage })
  async openOrders(@Query({ schema: viewListing }) query: z.infer<typeof viewListing>): Promise<Page<object>> {
    const { limit, cursor } = query;
    const [before] = numbersOf(cursor, 1) ?? [];
    const standings = await this.#standings();
    const rows = await listOpenOrders(this.database, { ...(await this.#filter(query)), before, limit: limit + 1 });
    return pageOf(rows, limit, {
      position: (row) => [row.orderId.toString()],
      present: ({ account, customerId, side, type, acceptedAt, ...row }) => {
        const standing = knownIn(standings, row.instrument);
        return {
          id: row.orderId.toString(),
          account,
          customerId,
          symbol: standing.symbol,
          side,
          type,
          price: priceText(standing, row.price),
          triggerPrice: priceText(standing, row.triggerPrice),
          open: formatQuantity(standing, row.open),
          filled: formatQuantity(standing, row.filled),
          acceptedAt,
        };
      },
    });
  }

  /** In contracts. What customers own on the exchange is in the ledger: `exchange_available`. */
  @Get('positions')
  @ApiOkResponse({ standardSchema: itemPage })
  async positions(@Query({ schema: viewListing }) query: z.infer<typeof viewListing>): Promise<Page<object>> {
    const { limit, cursor } = query;
    const [instrument, account] = numbersOf(cursor, 2) ?? [];
    const after = instrument === undefined ? undefined : { instrument: smallOf(instrument), account: smallOf(account) };
    const standings = await this.#standings();
    const rows = await listPositions(this.database, { ...(await this.#filter(query)), after, limit: limit + 1 });
    return pageOf(rows, limit, {
      position: (row) => [row.instrument.toString(), row.account.toString()],
      present: ({ instrument: number, position, ...row }) => {
        const standing = knownIn(standings, number);
        const size = formatQuantity(standing, position < 0n ? -position : position);
        return { ...row, symbol: standing.symbol, position: position < 0n ? `-${size}` : size };
      },
    });
  }

  /** Of an instrument in a range of time. A trade that was taken back says so on both its fills. */
  @Get('fills')
  @ApiOkResponse({ standardSchema: itemPage })
  async fills(@Query({ schema: fillListing }) query: z.infer<typeof fillListing>): Promise<Page<object>> {
    const { limit, symbol, from, to, customerId } = query;
    const [sequence, index, side] = numbersOf(query.cursor, 3) ?? [];
    const standing = await standingOf(this.database, symbol);
    const quote = standing.quote.code;
    const rows = await listStatedFills(this.database, {
      instrument: standing.number,
      account: customerId === undefined ? undefined : await accountOf(this.database, customerId),
      from: new Date(from),
      to: new Date(to),
      before: sequence === undefined ? undefined : { sequence, index: smallOf(index), liquidity: side === 0n ? 'maker' : 'taker' }, // prettier-ignore
      limit: limit + 1,
    });
    return pageOf(rows, limit, {
      position: (row) => [row.sequence.toString(), row.index.toString(), row.liquidity === 'maker' ? '0' : '1'],
      present: ({ price, quantity, notional, fee, sequence: command, orderId, ...row }) => ({
        ...row,
        sequence: command.toString(),
        orderId: orderId.toString(),
        symbol,
        price: priceText(standing, price),
        quantity: formatQuantity(standing, quantity),
        notional: formatAmount(notional, quote),
        fee: fee < 0n ? `-${formatAmount(-fee, quote)}` : formatAmount(fee, quote),
        feeAsset: quote,
      }),
    });
  }

  /** A customer's money on its way to the exchange and back, the newest first. */
  @Get('transfers')
  @ApiOkResponse({ standardSchema: itemPage })
  async transfers(@Query({ schema: transferListing }) query: z.infer<typeof transferListing>): Promise<Page<object>> {
    const { limit, cursor, customerId } = query;
    const rows = await listTransfers(this.database, { customerId, before: idCursor(cursor), limit: limit + 1 });
    return pageOf(rows, limit, {
      position: (row) => [row.id],
      present: ({ id: transferId, direction, asset, amount, state, reason, sends, createdAt, updatedAt }) => ({
        id: transferId,
        customerId,
        direction,
        asset,
        amount: formatAmount(amount, asset),
        state,
        reason,
        sends,
        createdAt,
        updatedAt,
      }),
    });
  }

  /** Account and asset whose money neither comes nor goes, since engine and ledger differed there. */
  @Get('freezes')
  @ApiOkResponse({ standardSchema: itemPage })
  async freezes(): Promise<object> {
    return { items: await listFreezes(this.database) };
  }

  @Access('operator', { roles: ['treasury', 'compliance'] })
  @Post('freezes/:id/lift')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: itemPage })
  lift(
    @Caller() caller: Operator,
    @IdempotencyKey() key: string,
    @Param('id', { schema: id }) freezeId: string,
    @Body({ schema: reasonOrder }) { reason }: z.infer<typeof reasonOrder>,
  ): Promise<CommandResult> {
    const subject = { kind: 'venue-freeze', id: freezeId };
    return this.orders.run({ caller, key, action: 'freeze-lifted', subject, request: {}, reason }, async (tx) => {
      await liftFreeze(tx, freezeId, `operator:${caller.id}`, this.clock.now());
      return { items: await listFreezes(tx) };
    });
  }

  /** The engine's balances against the ledger's, the newest first. */
  @Get('reconciliations')
  @ApiOkResponse({ standardSchema: itemPage })
  async reconciliations(@Query({ schema: pageListing }) query: z.infer<typeof pageListing>): Promise<Page<object>> {
    const { limit, cursor } = query;
    const rows = await listReconciliations(this.database, { before: idCursor(cursor), limit: limit + 1 });
    return pageOf(rows, limit, {
      position: (row) => [row.id],
      present: ({ sequence, differences, ...row }) => ({
        ...row,
        sequence: sequence.toString(),
        differences: differences.map(({ account, asset, engine, ledger }) => ({
          account,
          asset,
          engine: engine.toString(),
          ledger: ledger.toString(),
        })),
      }),
    });
  }

  async #filter({ symbol, customerId }: { symbol?: string | undefined; customerId?: string | undefined }) {
    return {
      instrument: symbol === undefined ? undefined : (await standingOf(this.database, symbol)).number,
      account: customerId === undefined ? undefined : await accountOf(this.database, customerId),
    };
  }

  async #standings(): Promise<ReadonlyMap<number, InstrumentStanding>> {
    return new Map((await listStandings(this.database)).map((standing) => [standing.number, standing]));
  }
}

/** Of a cursor: what is no small number is no place in the list. @throws InvalidRequest */
export function smallOf(part: bigint | undefined): number {
  if (part !== undefined && part < 1n << 31n) return Number(part);
  throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
}

function knownIn(standings: ReadonlyMap<number, InstrumentStanding>, number: number): InstrumentStanding {
  const standing = standings.get(number);
  if (standing === undefined) throw new Error(`there is no instrument ${number}`);
  return standing;
}
