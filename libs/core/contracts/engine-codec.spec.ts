import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HEADER_BYTES, type Fields, type FieldType, type Messages } from './binary-schema.js';
import { engineCommands, engineEvents } from './engine-codec.js';
import { linkMessages } from './exchange-link.js';

const valueOf = (type: FieldType): fc.Arbitrary<unknown> => {
  if (typeof type !== 'string') return fc.constantFrom(...type);
  return {
    u8: fc.integer({ min: 0, max: 0xff }),
    u16: fc.integer({ min: 0, max: 0xffff }),
    u32: fc.integer({ min: 0, max: 0xffffffff }),
    i32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
    i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    symbol: fc.stringMatching(/^[A-Z0-9-]{0,16}$/),
    bytes32: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    bytes1024: fc.uint8Array({ minLength: 1024, maxLength: 1024 }),
  }[type];
};
const fieldsOf = (fields: Fields): Record<string, fc.Arbitrary<unknown>> =>
  Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, valueOf(type)]));
const anyOf = (messages: Messages): fc.Arbitrary<Record<string, unknown>> =>
  fc.oneof(
    ...Object.entries(messages).map(([kind, m]) =>
      fc.record({
        kind: fc.constant(kind),
        origin: valueOf('u32'),
        sequence: valueOf('i64'),
        time: valueOf('i64'),
        ...fieldsOf(m.required),
        ...fieldsOf(m.optional),
      }),
    ),
  );

describe.each([
  ['commands', engineCommands],
  ['events', engineEvents],
  ['link control', linkMessages],
])('engine codec: %s', (_, codec) => {
  const encode = (value: Record<string, unknown>): Uint8Array => codec.toBytes(value as never);

  it('gives back every message that it wrote, and finds it sound', () => {
    fc.assert(
      fc.property(anyOf(codec.messages), (value) => {
        const bytes = encode(value);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        expect(codec.fault(view, 0, bytes.length)).toBeNull();
        expect(codec.decode(view)).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps every field on its alignment and every message a multiple of eight bytes', () => {
    for (const m of Object.values<Messages[string]>(codec.messages)) {
      expect([m.shortBytes % 8, m.bytes % 8]).toEqual([0, 0]);
      for (const [name, type] of Object.entries({ ...m.required, ...m.optional })) {
        const size = typeof type !== 'string' || type === 'u8' ? 1 : ({ u16: 2, u32: 4, i32: 4 }[type as 'u16'] ?? 8);
        expect((m.at[name] ?? NaN) % size).toBe(0);
        expect(m.at[name]).toBeGreaterThanOrEqual(HEADER_BYTES);
      }
    }
  });

  it('never throws and never reads past the end on bytes that nobody wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        if (codec.fault(view, 0, bytes.length) === null) codec.decode(view);
      }),
      { numRuns: 5_000 },
    );
  });

  it('names what is wrong with a frame', () => {
    const [kind] = Object.keys(codec.messages);
    const good = encode({ kind });
    const fault = (change: (bytes: Uint8Array) => void, end = good.length): string | null => {
      const bytes = good.slice();
      change(bytes);
      return codec.fault(new DataView(bytes.buffer), 0, end);
    };
    expect(fault(() => undefined)).toBeNull();
    expect(fault(() => undefined, good.length - 1)).toBe('truncated');
    expect(fault(() => undefined, 10)).toBe('truncated');
    expect(fault((b) => (b[0] = 0))).toBe('bad_length');
    expect(fault((b) => (b[0] = 250))).toBe('bad_length');
    expect(fault((b) => (b[2] = 200))).toBe('unknown_kind');
    expect(fault((b) => (b[3] = 9))).toBe('unknown_version');
  });
});

it('a plain order is one cache line; a code out of its list is a fault', () => {
  expect(engineCommands.messages.place.shortBytes).toBe(64);
  const order = engineCommands.toBytes({
    kind: 'place',
    instrument: 0,
    account: 16,
    clientOrderId: 1n,
    quantity: 5n,
    price: 100,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    selfTrade: 'decrement',
    instructions: 0,
    triggerPrice: 0,
  });
  expect(order.length).toBe(64);
  const bytes = order.slice();
  bytes[engineCommands.messages.place.at.side] = 2;
  expect(engineCommands.fault(new DataView(bytes.buffer), 0, bytes.length)).toBe('bad_code');
});
