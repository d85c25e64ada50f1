import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type EngineCommandDraft, engineEvents } from '@core/contracts';
import { advanceSnapshot, apply, beginSnapshot, commandBuffer, digest, eventBuffer, giveBackPiece, reset, restore, snapshot, takeSnapshot, unsoundness } from './index.js'; // prettier-ignore
import {
  Agreement,
  applyToEngine,
  FIRST_KINDS,
  openingCommands,
  recordHistory,
  type RecordedHistory,
} from './testing/index.js';

const COMMANDS = 6_000;
/** What version 1 of the codec and of the rules makes of seed 9: events and state. A change of either is a new version. */
const GOLDEN = {
  events: '5c5ea302c322f5728634049d9576ae0a10d63e5e26363f9db59acda36cebe82a',
  state: '47fa7d6c3502a28a0e9155ca5bd37117',
};

let history: RecordedHistory;
beforeAll(() => {
  history = recordHistory(9, COMMANDS, FIRST_KINDS);
});

/** Applies commands `from` to `to` of the history in batches; the bytes of their events. */
function replay(from: number, to: number, batch = 64): Buffer {
  const pieces: Uint8Array[] = [];
  for (let start = from; start < to; start += batch) {
    const end = Math.min(to, start + batch);
    const bytes = history.bytes.subarray(history.offsets[start], history.offsets[end]);
    commandBuffer.set(bytes);
    apply(0, bytes.length, (length) => pieces.push(eventBuffer.slice(0, length)));
  }
  return Buffer.concat(pieces);
}

const total = (): number => history.offsets.length - 1;
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('A9: replay', () => {
  test('gives the same bytes of events and the same state, whatever the batches, and as recorded', () => {
    reset();
    const events = replay(0, total());
    const state = digest();
    reset();
    expect(replay(0, total(), 1).equals(events)).toBe(true);
    expect(digest()).toBe(state);
    expect(unsoundness()).toBeNull();
    expect({ events: hash(events), state }).toEqual(GOLDEN);
  });

  test('goes on from a snapshot taken anywhere as if nothing had happened', () => {
    reset();
    const events = replay(0, total());
    const state = digest();
    for (const at of [1, 40, 777, 2_000, 3_333, total() - 1]) {
      reset();
      const before = replay(0, at);
      const taken = Buffer.concat(snapshot());
      reset();
      restore(taken);
      expect(Buffer.concat(snapshot()).equals(taken)).toBe(true);
      const after = replay(at, total());
      expect(Buffer.concat([before, after]).equals(events)).toBe(true);
      expect(digest()).toBe(state);
    }
  });

  test('goes on from a snapshot that was copied in slices while commands went on', () => {
    for (const at of [50, 1_500, 4_000]) {
      reset();
      replay(0, at);
      const still = Buffer.concat(snapshot());
      beginSnapshot();
      let next = at;
      while (!advanceSnapshot(256)) {
        next = Math.min(total(), next + 3);
        replay(next - 3, next);
      }
      const pieces = takeSnapshot();
      expect(next).toBeGreaterThan(at);
      expect(Buffer.concat(pieces).equals(still)).toBe(true);
      // The next one copies over this one's memory, which holds another moment.
      const now = Buffer.concat(snapshot());
      pieces.forEach(giveBackPiece);
      const reused = new Set(pieces.map(({ buffer }) => buffer));
      const again = snapshot();
      expect(again.some(({ buffer }) => reused.has(buffer))).toBe(true);
      expect(Buffer.concat(again).equals(now)).toBe(true);
    }
  });

  test('copies tables of several pages, whichever of them changes first', () => {
    reset();
    const accounts = 2_500;
    let sequence = 0n;
    const credit = (account: number): void => {
      sequence += 1n;
      applyToEngine({ kind: 'credit', account: 16 + account, asset: 0, amount: 7n, transferHigh: 1n, transferLow: sequence, sequence, time: sequence }); // prettier-ignore
    };
    for (let account = 0; account < accounts; account += 1) credit(account);
    const still = Buffer.concat(snapshot());
    beginSnapshot();
    let next = accounts;
    while (!advanceSnapshot(1_024)) for (let k = 0; k < 40; k += 1) credit((next -= 1) > 0 ? next : (next = accounts - 1)); // prettier-ignore
    expect(Buffer.concat(takeSnapshot()).equals(still)).toBe(true);
    restore(still);
    expect(Buffer.concat(snapshot()).equals(still)).toBe(true);
  });
});

describe('snapshots that are not', () => {
  test.each([
    ['cut', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 4)],
    ['added to', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(4)])],
    ['of another version', (bytes: Uint8Array) => Buffer.from(bytes).fill(2, 4, 5)],
    ['something else', () => Buffer.alloc(64, 7)],
  ])('are refused when they are %s, and leave an empty engine', (_what, spoil) => {
    reset();
    const empty = digest();
    replay(0, 500);
    const taken = Buffer.concat(snapshot());
    expect(() => restore(spoil(taken))).toThrow();
    expect(digest()).toBe(empty);
  });
});

describe('A10: the engine', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('asks no clock, no chance and no timer while it works', () => {
    reset();
    const trap = (what: string) => (): never => {
      throw new Error(`the engine used ${what}`);
    };
    jest.spyOn(Date, 'now').mockImplementation(trap('Date.now'));
    jest.spyOn(Math, 'random').mockImplementation(trap('Math.random'));
    jest.spyOn(performance, 'now').mockImplementation(trap('performance.now'));
    jest.spyOn(globalThis, 'setTimeout').mockImplementation(trap('setTimeout'));
    jest.spyOn(globalThis, 'fetch').mockImplementation(trap('fetch'));
    expect(() => replay(0, total())).not.toThrow();
    expect(() => Math.random()).toThrow('the engine used');
  });

  test('refuses a command whose number is not the next, and has not moved', () => {
    reset();
    replay(0, 100);
    const state = digest();
    for (const wrong of [100n, 99n, 102n, 0n]) {
      expect(() => applyToEngine({ kind: 'tick', sequence: wrong, time: 1n })).toThrow('was due');
    }
    expect(digest()).toBe(state);
    expect(applyToEngine({ kind: 'tick', sequence: 101n, time: 1n }).length).toBeGreaterThan(0);
  });
});

describe('A20: log time', () => {
  const order = (more: Partial<EngineCommandDraft>): EngineCommandDraft =>
    ({ kind: 'place', instrument: 0, account: 17, clientOrderId: 0n, quantity: 5n, price: 30, side: 'buy', type: 'limit', timeInForce: 'gtc', selfTrade: 'allow', instructions: 0, triggerPrice: 0, ...more }) as EngineCommandDraft; // prettier-ignore

  test('never steps back: an order expires by the latest time that any command carried', () => {
    const agreement = new Agreement();
    for (const draft of openingCommands()) expect(agreement.send(draft)).toBeNull();
    const hour = 3_600_000_000n;
    expect(agreement.send(order({ timeInForce: 'gtd', expiresAt: 3n * hour, time: 2n * hour }))).toBeNull();
    // The wall clock steps back an hour, then forward by two.
    expect(agreement.send({ kind: 'tick', time: hour })).toBeNull();
    expect(agreement.exchange.now).toBe(2n * hour);
    expect(agreement.exchange.orders).toHaveLength(1);
    expect(agreement.send({ kind: 'tick', time: 3n * hour })).toBeNull();
    expect(agreement.exchange.orders).toHaveLength(0);
    expect(agreement.exchange.events.map(({ kind }) => kind)).toEqual(['order-cancelled', 'ticked']);
  });

  test('is what events carry', () => {
    reset();
    const events = engineEvents.decodeAll(replay(0, total()));
    expect(events.every((event, k) => k === 0 || event.time >= events[k - 1]!.time)).toBe(true);
  });
});
