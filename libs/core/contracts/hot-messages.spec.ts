/** What is read and written by hand is what the codec reads and writes. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FieldType, type Message } from './binary-schema.js';
import { type EngineCommandDraft, engineCommands, type EngineEvent, engineEvents } from './engine-codec.js';
import { decodeEvent, encodeCommand } from './hot-messages.js';

const AT = 8;
const EDGES = { u8: [0, 0xff], u16: [0, 0xffff], u32: [0, 0xffff_ffff], i32: [-0x8000_0000, 0x7fff_ffff] } as const;

function arbitraryOf(type: FieldType): fc.Arbitrary<unknown> {
  if (typeof type !== 'string') return fc.constantFrom(...type);
  if (type === 'i64') return fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
  if (type === 'u64') return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  if (type === 'symbol') return fc.stringMatching(/^[\x21-\x7e]{0,16}$/);
  if (type === 'bytes32') return fc.uint8Array({ minLength: 32, maxLength: 32 });
  if (type === 'bytes1024') return fc.uint8Array({ minLength: 1_024, maxLength: 1_024 });
  const [min, max] = EDGES[type];
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
}

/** Any message of a kind, with and without what may be left off. */
function messageOf(kind: string, { required, optional }: Message): fc.Arbitrary<Record<string, unknown>> {
  const arbitraries = (fields: Readonly<Record<string, FieldType>>): Record<string, fc.Arbitrary<unknown>> =>
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, arbitraryOf(type)]));
  return fc
    .tuple(fc.record(arbitraries(required)), fc.option(fc.record(arbitraries(optional))))
    .map(([fields, more]) => ({ kind, ...fields, ...more }));
}

const header = fc.record({
  origin: fc.integer({ min: 0, max: 0xffff_ffff }),
  sequence: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
  time: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
});

describe.each(Object.entries<Message>(engineEvents.messages))('event %s', (kind, message) => {
  test('is decoded as by the codec', () => {
    fc.assert(
      fc.property(messageOf(kind, message), header, (event, head) => {
        const view = new DataView(new ArrayBuffer(engineEvents.longest + AT));
        engineEvents.encode({ ...event, ...head } as EngineEvent, view, AT);
        const due = engineEvents.decode(view, AT);
        const decoded = decodeEvent(view, AT);
        expect(decoded).toStrictEqual(due);
        expect(Object.keys(decoded)).toEqual(Object.keys(due));
      }),
      { numRuns: 50 },
    );
  });
});

describe.each(['place', 'name-client-order'] as const)('command %s', (kind) => {
  const command = messageOf(kind, engineCommands.messages[kind]) as fc.Arbitrary<EngineCommandDraft>;

  test('is encoded as by the codec, over whatever stood there before', () => {
    fc.assert(
      fc.property(
        command,
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.bigInt({ min: 1n, max: 1n << 53n }),
        (draft, session, number) => {
          // prettier-ignore
          const bytes = new Uint8Array(engineCommands.longest + AT).fill(0xa5);
          const due = new Uint8Array(engineCommands.longest + AT).fill(0xa5);
          const length = engineCommands.encode({ ...draft, origin: session, sequence: number }, new DataView(due.buffer), AT); // prettier-ignore
          expect(encodeCommand(draft, session, number, new DataView(bytes.buffer), AT)).toBe(length);
          expect(bytes).toEqual(due);
        },
      ),
    );
  });

  test('a value that does not fit is refused by both', () => {
    const wrong = fc.constantFrom(-1, 1.5, NaN, 2 ** 40, 1n << 64n, -(1n << 70n), 'x');
    const fields = Object.entries({ ...engineCommands.messages[kind].required, ...engineCommands.messages[kind].optional }); // prettier-ignore
    const spoiled = fc.tuple(command, fc.constantFrom(...fields), wrong).filter(([, [, type], value]) => {
      const isNumber = typeof type !== 'string' || type.startsWith('bytes') ? typeof value === 'string' : typeof value === (type.endsWith('64') ? 'bigint' : 'number'); // prettier-ignore
      return isNumber && !(value === -1 && type === 'i32');
    });
    fc.assert(
      fc.property(spoiled, ([draft, [name], value]) => {
        const given = { ...draft, [name]: value };
        const view = new DataView(new ArrayBuffer(engineCommands.longest));
        expect(() => engineCommands.encode(given, view)).toThrow(RangeError);
        expect(() => encodeCommand(given, 0, 1n, view, 0)).toThrow(RangeError);
      }),
    );
  });
});
