import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { ANY, type EngineEvent, type EngineEventKind, engineEvents } from '@core/contracts';
import { engineEventJson, engineRecord, keyOf, NotAnEngineEvent, parseEngineEvent, VENUE_KEY } from './index.js';

const kinds = Object.keys(engineEvents.messages) as EngineEventKind[];
type Field = (typeof engineEvents.messages)[EngineEventKind]['fields'][number];

/** The ends of each range more often than chance would have them: those are what a double, or a sign, would lose. */
const integer = (low: bigint, high: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(fc.constantFrom(low, high, high - 1n, 0n), fc.bigInt({ min: low, max: high }));
const small = (low: number, high: number): fc.Arbitrary<number> =>
  integer(BigInt(low), BigInt(high)).map((value) => Number(value));

function anyValue({ type }: Field): fc.Arbitrary<unknown> {
  if (typeof type !== 'string') return fc.constantFrom(...type);
  switch (type) {
    case 'u8':
      return small(0, 0xff);
    case 'u16':
      return small(0, 0xffff);
    case 'u32':
      return small(0, 0xffffffff);
    case 'i32':
      return small(-0x80000000, 0x7fffffff);
    case 'i64':
      return integer(-(1n << 63n), (1n << 63n) - 1n);
    case 'u64':
      return integer(0n, (1n << 64n) - 1n);
    case 'symbol':
      return fc.stringMatching(/^[!-~]{0,16}$/);
    case 'bytes32':
      return fc.uint8Array({ minLength: 32, maxLength: 32 });
    case 'bytes1024':
      return fc.uint8Array({ minLength: 1024, maxLength: 1024 });
  }
}

/** Through the codec's bytes, as an event comes from the exchange. */
const anyEvent = (kind: EngineEventKind): fc.Arbitrary<EngineEvent> => {
  const { fields } = engineEvents.messages[kind];
  const values = fc.record(Object.fromEntries(fields.map((field) => [field.name, anyValue(field)])));
  const header = fc.record({
    origin: small(0, 0xffffffff),
    sequence: integer(0n, (1n << 63n) - 1n),
    // What a Date can hold.
    time: integer(0n, 8_640_000_000_000_000_000n),
  });
  return fc.tuple(values, header).map(([own, head]) => {
    const draft = { kind, ...head, ...own } as Parameters<typeof engineEvents.toBytes>[0];
    return engineEvents.decodeAll(engineEvents.toBytes(draft))[0]!;
  });
};

describe('an engine event as JSON', () => {
  test.each(kinds)('%s: has every field of the kind and no other, and any values come back as they were', (kind) => {
    fc.assert(
      fc.property(anyEvent(kind), (event) => {
        const text = engineEventJson(event);
        expect(parseEngineEvent(text)).toEqual(event);
        const json = JSON.parse(text) as Record<string, unknown>;
        // Whoever reads it with doubles reads the same.
        expect(JSON.stringify(json)).toBe(text);
        const fields = Object.keys(event).map((name) => (name === 'origin' ? 'index' : name));
        expect(Object.keys(json).sort()).toEqual([...fields, 'version'].sort());
      }),
      { numRuns: 20 },
    );
  });

  it('is refused when it is anything else, by the name of the field', () => {
    const sound = JSON.parse(engineEventJson(trade)) as Record<string, unknown>;
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ version: 2 }, /version 2/],
      [{ kind: 'toString' }, /kind toString/],
      [{ quantity: 5 }, /quantity/],
      [{ quantity: '1e3' }, /quantity/],
      [{ quantity: '9223372036854775808' }, /quantity/],
      [{ price: 1.5 }, /price/],
      [{ price: '100' }, /price/],
      [{ takerSide: 'both' }, /takerSide/],
      [{ makerFee: undefined }, /makerFee/],
      [{ sequence: '01' }, /sequence/],
    ];
    for (const [change, expected] of wrong) {
      const text = JSON.stringify({ ...sound, ...change });
      expect(() => parseEngineEvent(text)).toThrow(NotAnEngineEvent);
      expect(() => parseEngineEvent(text)).toThrow(expected);
    }
    for (const text of ['', '[]', 'null', '{']) expect(() => parseEngineEvent(text)).toThrow(NotAnEngineEvent);
  });
});

const trade: EngineEvent = {
  kind: 'trade', sequence: 90_071_992_547_409_931n, origin: 2, time: 1_795_597_349_547_123n, instrument: 3, price: 300_000, quantity: 1_000_000n,
  makerOrderId: (1n << 64n) - 1n, takerOrderId: 512n, makerAccount: 17, takerAccount: 16, buyerPays: 300_000n, sellerReceives: 300_000n,
  makerFee: -30n, takerFee: 600n, takerSide: 'buy', auction: 0,
}; // prettier-ignore
const head = { sequence: 7n, origin: 0, time: 0n };

describe('an engine event’s record', () => {
  it('tells its place, kind, schema and time without being read', () => {
    expect(engineRecord('t', trade)).toMatchObject({
      topic: 't',
      key: 'instrument:3',
      headers: { schema: 'strongroom.engine/1', kind: 'trade', sequence: '90071992547409931', index: '2' },
      at: new Date(1_795_597_349_547),
    });
  });

  it('keeps the order of its instrument, else of its account, else of the venue', () => {
    expect(keyOf({ kind: 'account-set', ...head, account: 16, tier: 0, state: 'active' })).toBe('account:16');
    const all = { kind: 'orders-cancelled', ...head, session: 0, count: 0 } as const;
    expect(keyOf({ ...all, account: 16, instrument: ANY })).toBe('account:16');
    expect(keyOf({ ...all, account: ANY, instrument: 0 })).toBe('instrument:0');
    expect(keyOf({ ...all, account: ANY, instrument: ANY })).toBe(VENUE_KEY);
    expect(keyOf({ kind: 'ticked', ...head })).toBe(VENUE_KEY);
  });
});
