/** F3: what a client that reads slowly gets is less, and never wrong. A socket that takes what it is given only when it is told to. */
import { describe, expect, test } from '@jest/globals';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { type LevelChange } from '@core/venue-view';
import { Outbox } from './outbox.js';
import { SharedMessage } from './shared-message.js';
import { Turn } from './turn.js';

class SlowSocket extends Duplex {
  readonly #taken: Buffer[] = [];
  /** Takes what was given, as it is by then: until it is taken it is the socket's alone. */
  #finish: (() => void) | undefined;

  constructor() {
    super({ writableHighWaterMark: 16 });
  }

  override _read(): void {
    // Nothing comes from this client.
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#finish = () => {
      this.#taken.push(Buffer.from(chunk));
      callback();
    };
  }

  /** Takes all that is waiting. */
  async takeAll(): Promise<void> {
    while (this.#finish !== undefined) {
      const finish = this.#finish;
      this.#finish = undefined;
      finish();
      await turn();
    }
  }

  /** The messages of all frames so far, as clients read them (RFC 6455 §5.2). */
  messages(): Record<string, unknown>[] {
    const bytes = Buffer.concat(this.#taken);
    const messages = [];
    for (let at = 0; at < bytes.length;) {
      expect(bytes[at]).toBe(0x81);
      const short = bytes[at + 1] ?? 0;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)); // prettier-ignore
      messages.push(JSON.parse(bytes.toString('latin1', at + header, at + header + length)) as Record<string, unknown>);
      at += header + length;
    }
    return messages;
  }
}

const open = (limits: { congestedBytes: number; backlogBytes: number }) => {
  const socket = new SlowSocket();
  const hopeless = { times: 0 };
  const outbox = new Outbox(socket, new Turn(), limits, { onHopeless: () => (hopeless.times += 1), isOpen: () => true }); // prettier-ignore
  return { socket, outbox, hopeless };
};

/** Of both kinds: what a connection is told alone, and what many are told. */
const each = (n: number): Buffer | SharedMessage => (n % 2 === 0 ? Buffer.from(`,"trade":${n}}`) : new SharedMessage(`,"trade":${n}`, 1n)); // prettier-ignore
const encode = (levels: readonly LevelChange[]): SharedMessage =>
  new SharedMessage(`,"levels":[${levels.map(({ side, price, quantity }) => `["${side} ${price}",${quantity}]`).join()}]`, 1n); // prettier-ignore
const level = (side: 'buy' | 'sell', price: number, quantity: number): LevelChange => ({ instrument: 1, side, price, quantity: BigInt(quantity), count: 1 }); // prettier-ignore

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ side: fc.constantFrom('buy' as const, 'sell' as const), price: fc.integer({ min: 1, max: 4 }), quantity: fc.nat(9) }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.constant('trade' as const) },
  { weight: 2, arbitrary: fc.constant('ticker' as const) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
  { weight: 1, arbitrary: fc.constant('read' as const) },
);

describe('an outbox', () => {
  test('F3: however slowly it is read: no gap, every trade in its order, every level and ticker at its last state', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120 }), async (steps) => {
        const { socket, outbox, hopeless } = open({ congestedBytes: 1, backlogBytes: Infinity });
        const book = new Map<string, number>();
        let trades = 0;
        let ticker = 0;
        for (const [at, what] of steps.entries()) {
          if (what === 'trade') outbox.push(each(++trades));
          else if (what === 'ticker') outbox.pushLatest('ticker', Buffer.from(`,"ticker":${(ticker = at + 1)}}`));
          else if (what === 'turn') await turn();
          else if (what === 'read') await socket.takeAll();
          else {
            const levels = [level(what.side, what.price, what.quantity)];
            book.set(`${what.side} ${what.price}`, what.quantity);
            outbox.pushLevels({ key: 'l2', levels, encode }, encode(levels), false);
          }
        }
        for (let k = 0; k < 3; k += 1) {
          await turn();
          await socket.takeAll();
        }
        const messages = socket.messages();
        expect(messages.map(({ seqnum }) => seqnum)).toEqual(messages.map((_, at) => at));
        const told = messages.flatMap(({ trade }) => (trade === undefined ? [] : [trade]));
        expect(told).toEqual(Array.from({ length: trades }, (_, k) => k + 1));
        expect(messages.findLast((message) => 'ticker' in message)?.ticker ?? 0).toBe(ticker);
        const rebuilt = new Map(messages.flatMap(({ levels }) => (levels ?? []) as [string, number][]));
        expect([...rebuilt].sort()).toEqual([...book].sort());
        expect([hopeless.times, outbox.backlog.bytes]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  test('F3: conflated states take no more room however often they change; what is owed in full makes it hopeless', async () => {
    const { socket, outbox, hopeless } = open({ congestedBytes: 100, backlogBytes: 1_000 });
    for (let k = 0; k < 20; k += 1) outbox.push(each(k));
    await turn();
    expect(outbox.congestedSince).toBeDefined();
    for (let k = 0; k < 10_000; k += 1) {
      const levels = [level('buy', (k % 5) + 1, k)];
      outbox.pushLevels({ key: 'l2', levels, encode }, encode(levels), false);
    }
    expect([hopeless.times, outbox.backlog.bytes]).toEqual([0, 5 * 64]);
    outbox.backlog.forget('l2');
    expect(outbox.backlog.bytes).toBe(0);
    for (let k = 0; k < 100; k += 1) outbox.push(each(k));
    expect(hopeless.times).toBeGreaterThan(0);
    socket.destroy();
  });

  test('what a socket has not taken yet is not written over by later turns, its own or another connection’s', async () => {
    const limits = { congestedBytes: 1e9, backlogBytes: 1e9 };
    const [one, other] = [open(limits), open(limits)];
    for (let k = 0; k < 30; k += 1) {
      one.outbox.push(each(k));
      if (k % 3 === 0) other.outbox.push(each(-k));
      await turn();
      if (k % 10 === 9) await other.socket.takeAll();
    }
    await one.socket.takeAll();
    expect(one.socket.messages().map(({ trade }) => trade)).toEqual(Array.from({ length: 30 }, (_, k) => k));
    expect(other.socket.messages().map(({ trade }) => trade)).toEqual(Array.from({ length: 10 }, (_, k) => 0 - 3 * k));
  });

  test('a message says the same to everybody, however many there are, and to whoever resumes later', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[\x20-\x7e]{0,200}$/),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(9),
        (body, times, at) => {
          const message = new SharedMessage(body, 7n);
          for (let k = 0; k < times; k += 1) {
            const target = Buffer.alloc(body.length + 20, '.');
            expect(message.writeTo(target, at)).toBe(at + message.length);
            expect(target.toString('latin1')).toBe(`${'.'.repeat(at)}${body}}`.padEnd(target.length, '.'));
          }
          expect(message.bytes(false).toString('latin1')).toBe(`${body}}`);
          expect(message.bytes(true).toString('latin1')).toBe(`${body},"venueSequence":7}`);
        },
      ),
    );
  });

  test('a message that cannot be put into words is its sender’s fault and stops no other', async () => {
    const { socket, outbox } = open({ congestedBytes: 1e9, backlogBytes: 1e9 });
    const broken = new SharedMessage(() => {
      throw new Error('no words');
    }, 1n);
    outbox.push(each(0));
    expect(() => outbox.push(broken)).toThrow('no words');
    outbox.push(each(2));
    await turn();
    await socket.takeAll();
    expect(socket.messages()).toEqual([{ seqnum: 0, trade: 0 }, { seqnum: 1, trade: 2 }]); // prettier-ignore
  });

  test('a turn’s messages leave in one write, and a large one is not copied', async () => {
    const { socket, outbox } = open({ congestedBytes: 1e9, backlogBytes: 1e9 });
    const written: Buffer[] = [];
    const write = socket.write.bind(socket);
    socket.write = (chunk: Buffer) => {
      written.push(chunk);
      return write(chunk);
    };
    for (let k = 0; k < 50; k += 1) outbox.push(each(k));
    await turn();
    expect(written).toHaveLength(1);
    const large = Buffer.from(`,"large":"${'x'.repeat(70_000)}"}`);
    outbox.push(each(50));
    outbox.push(large);
    outbox.push(each(51));
    await turn();
    expect(written).toHaveLength(4);
    expect(written[2]).toBe(large);
    await socket.takeAll();
    expect(socket.messages()).toHaveLength(53);
    expect(socket.messages()[51]).toEqual({ seqnum: 51, large: 'x'.repeat(70_000) });
  });
});
