import { type EngineEvent, FEE_ACCOUNT, INSURANCE_ACCOUNT, ROUNDING_ACCOUNT } from '@core/contracts';
import { uuidV5 } from '@base/database';
import { account, credit, debit, type Leg, type Transfer } from '@platform/ledger';
import { type EngineAsset, minorOf } from './engine-asset.js';
import { type EngineNames } from './engine-names.js';
import { type ExchangeTransfer } from './transfer.js';

/** What the venue posts: one function per business event, no rule but who pays whom. */

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** The id of the transfer that an event of the engine becomes: the same however often it is read. */
export const transferIdOf = ({ sequence, origin }: EngineEvent): string => uuidV5('venue.event', sequence, origin);

const placeOf = ({ sequence, origin }: EngineEvent) => ({ sequence: String(sequence), index: origin });

export function moveInRequested({ id, customerId, asset, amount }: ExchangeTransfer): Transfer {
  const legs = [
    debit(account('customer_available', asset, customerId), amount),
    credit(account('exchange_transit', asset, customerId), amount),
  ];
  return { id: uuidV5('venue.move-in', id), kind: 'venue.move-in', group: id, legs };
}

/** The engine has credited or debited it. */
export function moveSettled(event: Event<'transfer-settled'>, transfer: ExchangeTransfer): Transfer {
  const { id, customerId, asset, amount, direction } = transfer;
  const exchange = account('exchange_available', asset, customerId);
  const isIn = direction === 'in';
  const legs = isIn
    ? [debit(account('exchange_transit', asset, customerId), amount), credit(exchange, amount)]
    : [debit(exchange, amount), credit(account('customer_available', asset, customerId), amount)];
  const kind = isIn ? 'venue.moved-in' : 'venue.moved-out';
  return { id: transferIdOf(event), kind, group: id, legs, meta: placeOf(event) };
}

/** The engine would not have it: what was taken comes back. A move out had taken nothing. */
export function moveRefused(event: Event<'transfer-rejected'>, transfer: ExchangeTransfer): Transfer | undefined {
  const { id, customerId, asset, amount, direction } = transfer;
  if (direction === 'out') return undefined;
  const legs = [
    debit(account('exchange_transit', asset, customerId), amount),
    credit(account('customer_available', asset, customerId), amount),
  ];
  return { id: transferIdOf(event), kind: 'venue.move-in-refused', group: id, legs, meta: placeOf(event) };
}

/** Moved in the engine by nobody we know of: its account follows, and the other side waits in suspense. */
export function moveUnexplained(event: Event<'transfer-settled'>, names: EngineNames): Transfer {
  const asset = names.asset(event.asset);
  const holder = names.account(event.account, asset);
  const suspense = account('suspense_debit', asset.code);
  const amount = minorOf(asset, event.amount);
  const legs =
    event.direction === 'credit'
      ? [debit(suspense, amount), credit(holder, amount)]
      : [debit(holder, amount), credit(suspense, amount)];
  return { id: transferIdOf(event), kind: 'venue.unexplained', legs, meta: placeOf(event) };
}

/**
 * A trade as one transfer, with a leg for each thing that a statement shows: what was delivered, what was paid for it, each side's fee, and
 * what rounding leaves over. Undefined when it moved no money, as a contract that trades free of fees.
 */
export function tradeSettled(event: Event<'trade'>, names: EngineNames): Transfer | undefined {
  const instrument = names.instrument(event.instrument);
  const quote = names.asset(instrument.quote);
  const takerBuys = event.takerSide === 'buy';
  const buyer = takerBuys ? event.takerAccount : event.makerAccount;
  const seller = takerBuys ? event.makerAccount : event.takerAccount;
  const pays = (from: number, asset: EngineAsset, units: bigint): Leg[] => leg(names, from, asset, units);
  const receives = (to: number, asset: EngineAsset, units: bigint): Leg[] => leg(names, to, asset, -units);
  const legs: Leg[] = [];
  if (instrument.settlement === 'spot') {
    const base = names.asset(instrument.base);
    const delivered = event.quantity * instrument.lotUnits;
    legs.push(
      ...pays(seller, base, delivered),
      ...receives(buyer, base, delivered),
      ...pays(buyer, quote, event.buyerPays),
      ...receives(seller, quote, event.sellerReceives),
      ...receives(ROUNDING_ACCOUNT, quote, event.buyerPays - event.sellerReceives),
    );
  }
  legs.push(
    ...pays(event.makerAccount, quote, event.makerFee),
    ...pays(event.takerAccount, quote, event.takerFee),
    ...receives(FEE_ACCOUNT, quote, event.makerFee + event.takerFee),
  );
  if (legs.length === 0) return undefined;
  const meta = { ...placeOf(event), symbol: instrument.symbol, price: event.price, lots: String(event.quantity) };
  return { id: transferIdOf(event), kind: 'venue.trade', legs, meta };
}

/** A debit of so many units of the engine; a credit when it is below zero. */
function leg(names: EngineNames, number: number, asset: EngineAsset, units: bigint): Leg[] {
  if (units === 0n) return [];
  const holder = names.account(number, asset);
  const amount = minorOf(asset, units);
  return [amount > 0n ? debit(holder, amount) : credit(holder, -amount)];
}

/**
 * Cash that follows the mark price goes through the insurance fund: the losers pay in before the winners are paid, so the fund ends where
 * the engine's does, short of what it covered and richer by what nobody gained.
 */
export function variationSettled(event: Event<'variation-settled'>, names: EngineNames): Transfer | undefined {
  const { instrument: number, account: holder, amount } = event;
  if (amount === 0n) return undefined;
  const instrument = names.instrument(number);
  const cash = names.asset(instrument.quote);
  const legs = [...leg(names, holder, cash, -amount), ...leg(names, INSURANCE_ACCOUNT, cash, amount)];
  const meta = { ...placeOf(event), symbol: instrument.symbol };
  return { id: transferIdOf(event), kind: 'venue.variation', legs, meta };
}
