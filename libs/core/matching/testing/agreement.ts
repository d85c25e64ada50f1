/** Drives the engine and the reference exchange through the same commands and finds the first difference. */
import {
  engineCommands,
  engineEvents,
  FIRST_CUSTOMER,
  type EngineCommandDraft,
  type EngineEvent,
} from '@core/contracts';
import {
  accountBalance,
  apply,
  bookDepth,
  commandBuffer,
  eventBuffer,
  openOrders,
  reset,
  unsoundness,
} from '../index.js';
import { ThrownDice } from './dice.js';
import { ASSETS, CUSTOMERS, INSTRUMENTS, openingCommands, randomCommand } from './random-commands.js';
import { ReferenceExchange } from './reference-exchange.js';

const view = new DataView(commandBuffer.buffer);

const due = new Uint8Array(1 << 20);
const dueView = new DataView(due.buffer);

/** Applies one command to the engine; the bytes of its events. */
export function applyToEngine(draft: EngineCommandDraft): Buffer {
  const length = engineCommands.encode(draft, view);
  const pieces: Uint8Array[] = [];
  apply(0, length, (bytes) => pieces.push(eventBuffer.slice(0, bytes)));
  return Buffer.concat(pieces);
}

/** The engine and the reference exchange, both from an empty venue, taking the same commands. */
export class Agreement {
  readonly exchange = new ReferenceExchange();

  constructor() {
    reset();
  }

  /** Null when both answer the command with the same bytes; otherwise the first difference. A command without a time gets one microsecond more. */
  send(draft: EngineCommandDraft): string | null {
    const time = draft.time ?? this.exchange.now + 1n;
    const got = applyToEngine({ ...draft, sequence: this.exchange.sequence + 1n, time });
    const expected = this.exchange.apply(engineCommands.decode(view));
    let length = 0;
    for (const event of expected) length += engineEvents.encode(event, dueView, length);
    return got.equals(due.subarray(0, length)) ? null : describeDifference(engineEvents.decodeAll(got), expected);
  }

  /** Null when balances, holds and books are the same and the engine's own audit finds them sound. */
  inspect(): string | null {
    return inspect(this.exchange);
  }
}

export interface History {
  /** One list of throws per command. */
  readonly throws: Iterable<readonly number[]>;
  /** Inspect after every so many commands; events are compared after each. */
  readonly inspectEvery: number;
}

/** Null when engine and reference agree on a random history; else what they differ in, with the command. */
export function firstDifference({ throws, inspectEvery }: History): string | null {
  const agreement = new Agreement();
  for (const draft of openingCommands()) {
    const difference = agreement.send(draft);
    if (difference !== null) return difference;
  }
  let count = 0;
  for (const thrown of throws) {
    const draft = randomCommand(new ThrownDice(thrown), agreement.exchange);
    count += 1;
    const difference = agreement.send(draft) ?? (count % inspectEvery === 0 ? agreement.inspect() : null);
    if (difference !== null) return `after ${count} commands, at ${show(draft)}\n${difference}`;
  }
  return agreement.inspect();
}

function describeDifference(got: readonly EngineEvent[], expected: readonly EngineEvent[]): string {
  const at = expected.findIndex((event, k) => show(event) !== show(got[k]));
  const first = at < 0 ? expected.length : at;
  return `event ${first}: reference ${show(expected[first] ?? null)}\n          engine    ${show(got[first] ?? null)}`;
}

/** Balances, books and the engine's own audit against the reference. */
function inspect(exchange: ReferenceExchange): string | null {
  const wrong = unsoundness();
  if (wrong !== null) return `the engine's books are unsound: ${wrong}`;
  if (openOrders() !== exchange.orders.length)
    return `${openOrders()} orders are open instead of ${exchange.orders.length}`;
  for (let account = 0; account < FIRST_CUSTOMER + CUSTOMERS; account += 1) {
    for (let asset = 0; asset < ASSETS; asset += 1) {
      const got = show(accountBalance(account, asset));
      const due = show({ total: exchange.total(account, asset), held: exchange.held(account, asset) });
      if (got !== due) return `account ${account} has ${got} of asset ${asset} instead of ${due}`;
    }
  }
  for (let number = 0; number < INSTRUMENTS; number += 1) {
    for (const side of ['buy', 'sell'] as const) {
      const difference = compareDepth(exchange, number, side);
      if (difference !== null) return difference;
    }
  }
  return null;
}

function compareDepth(exchange: ReferenceExchange, number: number, side: 'buy' | 'sell'): string | null {
  const instrument = exchange.instruments.get(number);
  if (instrument === undefined) return null;
  const levels = new Map<number, { price: number; quantity: bigint; orders: number }>();
  for (const { price, open } of exchange.queue(instrument, side)) {
    const level = levels.get(price) ?? { price, quantity: 0n, orders: 0 };
    levels.set(price, { price, quantity: level.quantity + open, orders: level.orders + 1 });
  }
  const [got, due] = [show(bookDepth(number, side, 1_000)), show([...levels.values()])];
  return got === due ? null : `the ${side} side of instrument ${number} is ${got} instead of ${due}`;
}

/** JSON with bigints, keys in order. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field === 'bigint') return `${field}n`;
    if (field === null || typeof field !== 'object' || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
