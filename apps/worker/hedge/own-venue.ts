import { type AssetCode, assetOf, formatDecimal, mulDiv, parseDecimal, parseRate, type Rate } from '@core/money';
import { formatPrice } from '@core/venue-view';
import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { pairOf } from '@platform/pricing';
import { type HedgeFill, type HedgeMove, type HedgeOrder, type HedgeOutcome, type HedgeTerms, type HedgeVenue } from '@products/brokerage'; // prettier-ignore
import { findAccount, findFills, findOrderByClientId, findTransferByKey, listInstruments, minorOf, MoveFromExchange, MoveToExchange, readEngineAssets } from '@products/venue'; // prettier-ignore
import { type Answer, type MemberApi, type MemberOrder, type SymbolStatus } from './member-api.js';

const QUOTE: AssetCode = 'USD';
/** Clocks of the venue and ours may differ by so much. */
const CLOCK_SLACK_MS = 60_000;
const MOST_FILLS = 1_000;

export interface OwnVenueParts {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * The platform's own exchange as the venue on which the house hedges. Orders go in through a gateway with an API key of the house, like those of every
 * other member; money goes and comes by the moves that every customer has. What was settled is read from the exchange's settled history, which is made
 * of its journal and not of what a gateway answered.
 */
export class OwnVenue implements HedgeVenue {
  readonly name = 'the exchange';
  readonly #toExchange: MoveToExchange;
  readonly #fromExchange: MoveFromExchange;

  constructor(
    private readonly parts: OwnVenueParts,
    private readonly api: MemberApi,
  ) {
    const { database, ledger, clock } = parts;
    this.#toExchange = new MoveToExchange(database, ledger, clock);
    this.#fromExchange = new MoveFromExchange(database, ledger, clock);
  }

  async terms(asset: AssetCode): Promise<HedgeTerms | undefined> {
    if (asset === QUOTE) return undefined;
    const pair = `${asset}-${QUOTE}`;
    const answer = await this.api.symbol(pair);
    if (answer.kind !== 'answered' || answer.body.status !== 'open') return undefined;
    const { lot_size, lot_size_scale, min_order_size, min_order_size_scale } = answer.body;
    const lot = minorSteps(asset, lot_size, lot_size_scale);
    const minimum = minorSteps(asset, min_order_size, min_order_size_scale);
    return lot === undefined || minimum === undefined || lot === 0n ? undefined : { pair, quote: QUOTE, lot, minimum };
  }

  async deposit(tx: Tx, { memberId, asset, amount, key }: HedgeMove): Promise<void> {
    await this.#toExchange.run(tx, { customerId: memberId, asset, amount, idempotencyKey: key });
  }

  async deposited(memberId: string, key: string): Promise<'under_way' | 'there' | 'refused'> {
    const move = await findTransferByKey(this.parts.database, memberId, key);
    if (move === undefined) throw new Error(`no move of ${memberId} is called ${key}`);
    if (move.state === 'settled') return 'there';
    return move.state === 'refused' ? 'refused' : 'under_way';
  }

  async withdraw(tx: Tx, { memberId, asset, amount, key }: HedgeMove): Promise<void> {
    await this.#fromExchange.run(tx, { customerId: memberId, asset, amount, idempotencyKey: key });
  }

  async send(order: HedgeOrder): Promise<HedgeOutcome> {
    const { clientId, pair, asset, side } = order;
    const symbol = await this.api.symbol(pair);
    if (symbol.kind !== 'answered') return { kind: 'unknown', reason: symbol.reason };
    const price = priceText(order, symbol.body);
    const orderQty = formatDecimal(order.amount, assetOf(asset).scale);
    const placed = await this.api.place({ clOrdId: clientId, symbol: pair, side, orderQty, price });
    if (placed.kind === 'answered' && placed.body.ordStatus !== 'REJECTED') return this.#endOf(order, placed.body);
    // Refused, or not answered: it may have been executed all the same, and only its name tells.
    return (await this.find(order)) ?? neverThere(placed);
  }

  async find(order: HedgeOrder): Promise<HedgeOutcome | undefined> {
    const known = await this.api.byClientId(order.clientId);
    if (known.kind !== 'answered') return { kind: 'unknown', reason: known.reason };
    return known.body === undefined || known.body.ordStatus === 'REJECTED' ? undefined : this.#endOf(order, known.body);
  }

  async settled(memberId: string, { clientId, pair, asset }: HedgeOrder): Promise<readonly HedgeFill[] | undefined> {
    const { database } = this.parts;
    const account = await findAccount(database, memberId);
    if (account === undefined) return undefined;
    const order = await findOrderByClientId(database, account, BigInt(`0x${clientId}`));
    if (order === undefined || order.status === 'open') return undefined;
    const instrument = (await listInstruments(database)).find(({ number }) => number === order.instrument);
    const assets = await readEngineAssets(database);
    const base = assets.find(({ number }) => number === instrument?.base);
    const quote = assets.find(({ number }) => number === instrument?.quote);
    if (instrument?.symbol !== pair || base?.code !== asset || quote === undefined) return undefined;
    const from = Number(order.acceptedAt / 1_000n);
    const fills = await findFills(database, { account, instrument: instrument.number, from, limit: MOST_FILLS });
    return fills
      .filter(({ orderId }) => orderId === order.orderId)
      .map(({ tradeId, price, quantity, fee }) => ({
        tradeId: String(tradeId),
        amount: minorOf(base, quantity * instrument.lotUnits),
        price: parseRate(formatPrice({ ...instrument, base, quote }, price), base.code, quote.code),
        fee: minorOf(quote, fee),
      }));
  }

  /** All of an order's fills, or none of them: as many as it says that it has. */
  async #endOf(
    { pair, asset }: HedgeOrder,
    { exOrdId, ordStatus, cumQty, timestamp }: MemberOrder,
  ): Promise<HedgeOutcome> {
    if (ordStatus === 'OPEN' || ordStatus === 'PART_FILLED') return { kind: 'unknown', reason: 'not over yet' };
    const { scale } = assetOf(asset);
    const filled = parseDecimal(cumQty, scale);
    if (filled === 0n) return { kind: 'ended', fills: [] };
    const answer = await this.api.fills(pair, timestamp - CLOCK_SLACK_MS);
    if (answer.kind !== 'answered') return { kind: 'unknown', reason: answer.reason };
    const { base, quote } = pairOf(pair);
    const fills = answer.body
      .filter((fill) => fill.exOrdId === exOrdId)
      .map(({ tradeId, qty, price, fee }) => ({
        tradeId,
        amount: parseDecimal(qty, scale),
        price: parseRate(price, base, quote),
        fee: signedDecimal(fee, assetOf(quote).scale),
      }));
    const told = fills.reduce((sum, { amount }) => sum + amount, 0n);
    return told === filled ? { kind: 'ended', fills } : { kind: 'unknown', reason: 'its fills are not all told yet' };
  }
}

/** Nothing of that name is known, so this attempt, and every one before, came to nothing: unless it is still on its way. */
function neverThere(placed: Answer<MemberOrder>): HedgeOutcome {
  if (placed.kind === 'answered') {
    const { text: reason } = placed.body;
    // A name that is taken is the proof of an earlier attempt, which only cannot be seen yet.
    return { kind: reason.startsWith('Duplicate client order id') ? 'unknown' : 'refused', reason };
  }
  return { kind: placed.kind === 'refused' ? 'refused' : 'unknown', reason: placed.reason };
}

/** Minor units of an asset in so many steps; undefined when they are finer than we count. */
function minorSteps(asset: AssetCode, number: string, scale: string): bigint | undefined {
  const finer = assetOf(asset).scale - Number(scale);
  return finer < 0 ? undefined : BigInt(number) * 10n ** BigInt(finer);
}

/** The limit on the venue's ticks, never worse than it. */
function priceText({ side, limit }: HedgeOrder, symbol: SymbolStatus): string {
  const increment = BigInt(symbol.min_price_increment);
  const scale = Number(symbol.min_price_increment_scale);
  const ticks = ticksOf(limit, increment, scale, side === 'BUY' ? 'floor' : 'ceil');
  return formatDecimal(ticks * increment, scale);
}

const ticksOf = (
  { numerator, denominator }: Rate,
  increment: bigint,
  scale: number,
  rounding: 'floor' | 'ceil',
): bigint => mulDiv(numerator, 10n ** BigInt(scale), denominator * increment, rounding);

/** A rebate is a fee below zero. */
const signedDecimal = (text: string, scale: number): bigint =>
  text.startsWith('-') ? -parseDecimal(text.slice(1), scale) : parseDecimal(text, scale);
