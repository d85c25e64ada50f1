/** The view against the engine and the exchange that was written to be obviously right, after every command of random histories. */
import { describe, expect, test } from '@jest/globals';
import { encodeText, type EngineEvent } from '@core/contracts';
import { SeededDice, ThrownDice, THROWS } from '@core/matching/testing';
import {
  FollowedExchange,
  show,
  shownBy,
  shownByExchange,
  Subscriber,
  viewFromTheBeginning,
} from './testing/followed-exchange.js';
import { snapshotOf } from './testing/snapshot-of.js';
import { type CommandEffects } from './view-listener.js';
import { VenueView } from './venue-view.js';

const HISTORIES = Number(process.env.HISTORIES ?? (process.env.TORTURE === '1' ? 500 : 2));
const COMMANDS = 300;
const FIRST = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Runs `check` on histories of different seeds; a failure names the seed and the command. */
function onHistories(check: (dice: SeededDice) => void): void {
  for (let seed = FIRST; seed < FIRST + HISTORIES; seed += 1) {
    try {
      check(new SeededDice(seed));
    } catch (error) {
      throw new Error(`SEED=${seed} HISTORIES=1: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}

const thrown = (dice: SeededDice): ThrownDice => new ThrownDice(dice.throws(THROWS));

function giveAll(view: VenueView, events: readonly EngineEvent[]): void {
  for (const event of events) view.apply(event);
  view.release(events[0]?.sequence ?? 0n);
}

/** Where the view shows other books, orders or balances than the exchange has; null when nowhere. */
function difference(view: VenueView, followed: FollowedExchange): string | null {
  const has = shownBy(view);
  const due = shownByExchange(followed);
  for (const [at, { number, bids, asks }] of due.queues.entries()) {
    const book = has.books[at];
    if (show({ bids, asks }) !== show({ bids: book?.bids, asks: book?.asks }))
      return `book ${number} is ${show(book)} instead of ${show({ bids, asks })}`;
  }
  if (has.orders.length !== due.orders.length)
    return `${has.orders.length} open orders instead of ${due.orders.length}`;
  for (const [at, order] of due.orders.entries()) {
    const seen = { ...has.orders[at] };
    const wrong = Object.entries(order).find(([field, value]) => Reflect.get(seen, field) !== value);
    if (wrong !== undefined) return `${show(seen)} should have ${show(wrong)}`;
  }
  return show(has.balances) === show(due.balances)
    ? null
    : `balances ${show(has.balances)} instead of ${show(due.balances)}`;
}

describe('a view from the beginning', () => {
  test(`has the exchange's books, orders, totals and holds after each of ${HISTORIES * COMMANDS} commands, and tells subscribers all that changes`, () => {
    onHistories((dice) => {
      const followed = new FollowedExchange();
      const subscriber = new Subscriber();
      const view: VenueView = viewFromTheBeginning((effects) => subscriber.take(effects, view));
      followed.open((events) => giveAll(view, events));
      for (let count = 0; count < COMMANDS; count += 1) {
        followed.step(thrown(dice), (events) => giveAll(view, events));
        const wrong = difference(view, followed) ?? subscriber.differsFrom(view);
        if (wrong !== null) throw new Error(`after ${count + 1} commands: ${wrong}\n${show(followed.events)}`);
      }
    });
  });
});

describe('a view from a snapshot', () => {
  test('comes to what a view from the beginning comes to, whichever command or event it begins after', () => {
    onHistories((dice) => {
      const followed = new FollowedExchange();
      const whole = viewFromTheBeginning();
      let later: VenueView | undefined;
      const take = (events: readonly EngineEvent[]): void => {
        // Sometimes between two commands, sometimes in the middle of one.
        const cut = dice.below(12) > 0 ? undefined : dice.below(events.length + 1);
        for (const [at, event] of events.entries()) {
          if (at === cut) later = new VenueView(snapshotOf(whole, events, at));
          later?.apply(event);
        }
        giveAll(whole, events);
        if (cut === events.length) later = new VenueView(snapshotOf(whole, events, cut));
        later?.release(events[0]?.sequence ?? 0n);
        const isSame = later === undefined || show(shownBy(later)) === show(shownBy(whole));
        if (!isSame && later !== undefined) expect(shownBy(later)).toEqual(shownBy(whole));
      };
      followed.open(take);
      for (let count = 0; count < COMMANDS; count += 1) followed.step(thrown(dice), take);
    });
  });

  test('a name that comes next does not keep an order out of the book that had met all there was', () => {
    const head = { origin: 0, sequence: 1n, time: 1n };
    const listing = { kind: 'instrument-listed', instrument: 0, base: 1, quote: 0, lotUnits: 1n, tickValue: 1n, tickValueScale: 1n, minimumQuantity: 1n, maximumQuantity: 100n, maximumPrice: 100, initialMarginPpm: 0, maintenanceMarginPpm: 0, settlement: 'spot', symbol: 'A1-A0' } as const; // prettier-ignore
    const accepted = { kind: 'order-accepted', instrument: 0, account: 16, orderId: 7n, clientOrderId: 0n, quantity: 5n, price: 9, triggerPrice: 0, session: 0, side: 'buy', type: 'limit', timeInForce: 'gtc', selfTrade: 'allow', instructions: 0, liquidation: 0, displayQuantity: 0n, expiresAt: 0n } as const; // prettier-ignore
    const whole = viewFromTheBeginning();
    giveAll(whole, [{ ...listing, ...head }]);
    const events = [{ ...accepted, ...head, sequence: 2n }];
    const told: CommandEffects[] = [];
    const view = new VenueView(snapshotOf(whole, events, 1), { onEffects: (effects) => void told.push(effects) });
    const name = { kind: 'client-order-named', account: 16, clientOrderId: 3n, text: encodeText('x') } as const;
    for (const sequence of [3n, 4n]) giveAll(view, [{ ...name, ...head, sequence }]);
    expect(view.levels(0).bids).toEqual([{ instrument: 0, side: 'buy', price: 9, quantity: 5n, count: 1 }]);
    expect(told.map(({ sequence, levels }) => [sequence, levels.length])).toEqual([[3n, 1], [4n, 0]]); // prettier-ignore
    expect(view.position).toEqual({ sequence: 4n, index: 0 });
  });
});
