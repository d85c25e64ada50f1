import { describe, expect, test } from '@jest/globals';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { encodeMessage, FixReader, MESSAGE_BYTES_MAX, type Read } from './fix-codec.js';
import { faultOf } from './fix-dictionary.js';
import { FixBody, type FixMessage, SESSION_REJECT } from './fix-message.js';
import { formatTimestamp, parseTimestamp } from './fix-time.js';
import { Wire } from './wire.js';

const HEADER = { msgType: 'D', seq: 7, sender: 'MAKER', target: 'EXCHANGE', sendingTime: '20260102-03:04:05.678' };
const encoded = (body: string, header = HEADER): Buffer => encodeMessage(header, body);
const readAll = (...chunks: Buffer[]): Read[] => {
  const reader = new FixReader();
  return chunks.flatMap((chunk) => [...reader.read(chunk)]);
};
const only = (bytes: Buffer): FixMessage => {
  const [read, ...more] = readAll(bytes);
  if (read?.kind !== 'message' || more.length > 0) throw new Error(`not one message: ${read?.kind}`);
  return read.message;
};
/** A message with any fields at all, rightly framed. */
const framed = (rest: string): Buffer => {
  const text = `8=FIX.4.4\x019=${rest.length}\x01${rest}`;
  const sum = [...Buffer.from(text, 'latin1')].reduce((total, byte) => (total + byte) & 0xff, 0);
  return Buffer.from(`${text}10=${String(sum).padStart(3, '0')}\x01`, 'latin1');
};

describe('the FIX codec', () => {
  test('writes a message as the standard lays it out: header in order, length and sum right', () => {
    const bytes = encodeMessage({ ...HEADER, msgType: '0', seq: 1, sender: 'A', target: 'B' }, '');
    expect(bytes.toString('latin1').replaceAll('\x01', '|')).toBe(
      '8=FIX.4.4|9=45|35=0|49=A|56=B|34=1|52=20260102-03:04:05.678|10=086|',
    );
  });

  test('reads what it writes, wherever the bytes are cut', () => {
    const value = fc.stringMatching(/^[ -~]{1,12}$/);
    const field = fc.tuple(fc.integer({ min: 1_000, max: 9_999 }), value);
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(field, { maxLength: 6, selector: ([tag]) => tag }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        (messages, sizes) => {
          const bodies = messages.map((fields) =>
            fields.reduce((body, [tag, text]) => body.add(tag, text), new FixBody()),
          );
          const bytes = Buffer.concat(bodies.map((body) => encoded(body.toString())));
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = sizes[chunks.length % sizes.length] ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const read = readAll(...chunks);
          expect(read.map(({ kind }) => kind)).toEqual(messages.map(() => 'message'));
          read.forEach((it, index) => {
            if (it.kind !== 'message') throw new Error('unreachable');
            expect(it.message.fault).toBeUndefined();
            for (const [tag, text] of messages[index] ?? []) expect(it.message.get(tag)).toBe(text);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('never throws and never keeps more than one longest message, whatever comes', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('8=FIX.4.4\x01', '9=5\x01', '9=99999999\x01', '35=D\x01', '10=000\x01', '8=', '=\x01\x01', '34=').map((text) => Buffer.from(text)), // prettier-ignore
      fc.constant(encoded('11=a\x01')),
    );
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 30 }), (chunks) => {
        const reader = new FixReader();
        for (const chunk of chunks) {
          for (const read of reader.read(chunk)) if (read.kind === 'message') faultOf(read.message);
          expect(reader.pending).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('passes over a message whose checksum or length is wrong, and reads the next', () => {
    const good = encoded('11=good\x01');
    const flipped = Buffer.from(good);
    flipped[40] = (flipped[40] ?? 0) ^ 1;
    expect(readAll(flipped, good).map(({ kind }) => kind)).toEqual(['garbled', 'message']);
    const shorter = Buffer.from(good.toString('latin1').replace(/\x019=\d+/, '\x019=20'), 'latin1');
    expect(readAll(shorter, good).map(({ kind }) => kind)).toEqual(['garbled', 'message']);
    expect(readAll(Buffer.from('GET / HTTP/1.1\r\n\r\n'), good).at(-1)?.kind).toBe('message');
  });

  test('gives up on a message that says it is longer than any may be, before it has come', () => {
    const reader = new FixReader();
    expect([...reader.read(Buffer.from(`8=FIX.4.4\x019=${MESSAGE_BYTES_MAX}\x0135=D\x01`))]).toEqual([
      { kind: 'oversized' },
    ]);
    expect([...reader.read(encoded(''))]).toEqual([]);
    expect(reader.pending).toBe(0);
  });

  test('takes separators inside a data field whose length is given before it', () => {
    const message = only(
      framed('35=A\x0149=A\x0156=B\x0134=1\x0152=20260102-03:04:05\x0195=5\x0196=a\x01b=c\x0198=0\x01'),
    );
    expect(message.fault).toBeUndefined();
    expect(message.get(96)).toBe('a\x01b=c');
    expect(message.get(98)).toBe('0');
  });

  test.each([
    ['a field without a number', 'x=1\x01', SESSION_REJECT.INVALID_TAG_NUMBER],
    ['a field without an equals sign', 'abc\x01', SESSION_REJECT.INVALID_TAG_NUMBER],
    ['an empty value', '11=\x01', SESSION_REJECT.TAG_WITHOUT_VALUE],
    ['a header field behind the body', '11=a\x0143=Y\x01', SESSION_REJECT.TAG_OUT_OF_ORDER],
    ['a header field twice', '34=8\x01', SESSION_REJECT.TAG_MORE_THAN_ONCE],
    ['a required field missing', '11=a\x01', SESSION_REJECT.REQUIRED_TAG_MISSING],
    [
      'a quantity that is no number',
      '11=a\x0155=BTC-USD\x0154=1\x0160=20260102-03:04:05\x0140=2\x0138=abc\x01',
      SESSION_REJECT.INCORRECT_DATA_FORMAT,
    ],
    [
      'an order with two sides',
      '11=a\x0155=BTC-USD\x0154=1\x0154=2\x0160=20260102-03:04:05\x0140=2\x0138=1\x01',
      SESSION_REJECT.TAG_MORE_THAN_ONCE,
    ],
  ])('names the fault of %s', (_name, body, reason) => {
    expect(faultOf(only(encoded(body)))?.reason).toBe(reason);
  });

  test('takes a market data request’s groups apart, and says when one has another number of entries', () => {
    const request = (body: string): FixMessage => only(encoded(body, { ...HEADER, msgType: 'V' }));
    const start = '262=r\x01263=1\x01264=0\x01';
    expect(faultOf(request(`${start}267=2\x01269=0\x01269=1\x01146=2\x0155=A\x01460=4\x0155=B\x01`))).toBeUndefined();
    expect(faultOf(request(`${start}267=3\x01269=0\x01269=1\x01146=1\x0155=A\x01`))?.reason).toBe(
      SESSION_REJECT.GROUP_COUNT,
    );
  });

  test('a value cannot end its field', () => {
    expect(new FixBody().add(58, 'a\x0135=D').toString()).toBe('58=a?35=D\x01');
  });

  test('reads and writes times to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (time) => {
        expect(parseTimestamp(formatTimestamp(time))).toBe(time);
      }),
    );
    for (const wrong of ['20260230-00:00:00', '20260101-24:00:00', '20260101 00:00:00', '2026-01-01', ''])
      expect(parseTimestamp(wrong)).toBeUndefined();
  });
});

test('a message has been sent when the system has taken it, and not while it waits in this process', async () => {
  const waiting: ((error?: Error) => void)[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (_bytes, _encoding, done) => waiting.push(done),
  });
  const wire = new Wire(socket, { ours: 'EXCHANGE', theirs: 'MAKER', now: () => 0 });
  const sent: number[] = [];
  for (const seq of [1, 2, 3])
    wire.send({ seq, msgType: '8', body: '', madeAt: 0, isStored: true }, () => sent.push(seq));
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(sent).toEqual([]);
  waiting[0]?.();
  await turn();
  expect(sent).toEqual([1]);
  socket.destroy();
  await turn();
  wire.send({ seq: 4, msgType: '8', body: '', madeAt: 0, isStored: true }, () => sent.push(4));
  await turn();
  expect(sent).toEqual([1]);
});
