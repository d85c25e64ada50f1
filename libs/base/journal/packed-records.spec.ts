import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packRecords, unpackedBytes, unpackRecords } from './packed-records.js';

const BEYOND_32_BITS = 2 ** 32 - 2;

interface Drawn {
  readonly kind: number;
  readonly origin: number;
  readonly body: number[];
}

const word = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const record = fc.record({
  kind: fc.nat(255),
  origin: word,
  body: fc.array(word, { maxLength: 57, size: 'max' }),
});
const terms = fc.record({
  firstSequence: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: BEYOND_32_BITS - 3, max: BEYOND_32_BITS + 3 })), // prettier-ignore
  time: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  version: fc.nat(255),
});

function layOut(
  drawn: readonly Drawn[],
  { firstSequence, time, version }: { firstSequence: number; time: number; version: number },
) {
  // prettier-ignore
  const words = drawn.flatMap(({ kind, origin, body }, index) => {
    const head = new DataView(new ArrayBuffer(24));
    head.setUint32(0, ((6 + body.length) * 4) | (kind << 16) | (version << 24), true);
    head.setInt32(4, origin, true);
    head.setBigUint64(8, BigInt(firstSequence + index), true);
    head.setBigUint64(16, BigInt(time), true);
    return [...new Int32Array(head.buffer), ...body];
  });
  return {
    records: Int32Array.from(words),
    run: { firstSequence, lastSequence: firstSequence + drawn.length - 1, time },
  };
}

describe('packed records', () => {
  it('come back as they were, from fewer words than they had and without touching a word behind them', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), terms, fc.nat(8), (drawn, shared, at) => {
        const { records, run } = layOut(drawn, shared);
        const target = new Int32Array(at + records.length + 1).fill(-7);
        const packed = packRecords(records, records.length, run, target, at);
        expect(packed).toBeGreaterThan(0);
        expect(packed).toBeLessThan(records.length);
        expect(packed % 2).toBe(0);
        expect([...target.subarray(0, at), target.at(-1)]).toEqual(new Array(at + 1).fill(-7));
        expect(unpackedBytes(target, at)).toBe(records.length * 4);
        const back = new Int32Array(records.length);
        expect(unpackRecords(target, at, at + packed, run, back)).toBe(true);
        expect(back).toEqual(records);
      }),
    );
  });

  it('are refused, and so kept plain, when a word of the head is not what the frame will say', () => {
    const { records, run } = layOut(
      [
        { kind: 1, origin: 3, body: [1, 0] },
        { kind: 2, origin: 3, body: [0, 5] },
      ],
      { firstSequence: 9, time: 2 ** 40, version: 1 },
    );
    const attempt = (at?: number, value?: number, other: Partial<typeof run> = {}): number => {
      const changed = records.slice();
      if (at !== undefined) changed[at] = value as number;
      return packRecords(changed, changed.length, { ...run, ...other }, new Int32Array(records.length), 0);
    };
    expect(attempt()).toBeGreaterThan(0);
    const second = 8;
    for (const at of [2, 3, 4, 5, second + 2, second + 3, second + 4, second + 5]) expect(attempt(at, -1)).toBe(0);
    expect(attempt(second, (records[second] as number) | (2 << 24))).toBe(0);
    for (const length of [0, 20, 31, 33, 64 * 4]) expect(attempt(0, length | (1 << 24))).toBe(0);
    // The last one claims more than is left, and nothing may be written behind the room for what there is.
    const target = new Int32Array(records.length * 4).fill(-7);
    const greedy = records.slice();
    greedy[second] = (63 * 4) | (2 << 16) | (1 << 24);
    expect(packRecords(greedy, greedy.length, run, target, 0)).toBe(0);
    expect(target.subarray(records.length)).toEqual(new Int32Array(records.length * 3).fill(-7));
    expect(attempt(undefined, undefined, { lastSequence: 11 })).toBe(0);
    expect(attempt(undefined, undefined, { firstSequence: 8 })).toBe(0);
  });

  it('are not unpacked from what is no packed run, and never beyond the room that was asked for', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        terms,
        fc.nat(),
        fc.integer(),
        (drawn, shared, where, what) => {
          const { records, run } = layOut(drawn, shared);
          const target = new Int32Array(records.length);
          const packed = packRecords(records, records.length, run, target, 0);
          target[where % packed] = what;
          const room = Math.max(0, Math.min(records.length, unpackedBytes(target, 0) >> 2));
          const back = new Int32Array(room + 1).fill(-7);
          unpackRecords(target, 0, packed, run, back.subarray(0, room));
          expect(back.at(-1)).toBe(-7);
        },
      ),
    );
    const { records, run } = layOut([{ kind: 1, origin: 0, body: [1] }], { firstSequence: 1, time: 0, version: 0 });
    const target = new Int32Array(8);
    const packed = packRecords(records, records.length, run, target, 0);
    const back = new Int32Array(records.length);
    expect(unpackRecords(target, 0, packed, run, back)).toBe(true);
    expect(unpackRecords(target, 0, packed, { ...run, lastSequence: 2 }, back)).toBe(false);
    expect(unpackRecords(target, 0, packed + 2, run, back)).toBe(false);
    expect(unpackRecords(target, 0, packed - 2, run, back)).toBe(false);
  });
});
