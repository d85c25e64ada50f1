import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeMessage, FixReader } from './fix-codec.js';
import { FixSession, type Outbound, type SessionEffect } from './fix-session.js';
import { FixBody, type FixMessage, isAdmin, MSG } from './fix-message.js';
import { formatTimestamp } from './fix-time.js';

const NOW = Date.UTC(2026, 0, 2);
const SETTINGS = { ours: 'EXCHANGE', theirs: 'MAKER', clockSkewMaxMs: 120_000, aheadMax: 8 };
const TARGET = { sender: 'MAKER', target: 'EXCHANGE' };

interface Sent {
  readonly msgType: string;
  readonly seq: number;
  readonly body?: string;
  readonly isAgain?: boolean;
  readonly at?: number;
  readonly sender?: string;
}

function message({ msgType, seq, body = '', isAgain = false, at = NOW, sender = 'MAKER' }: Sent): FixMessage {
  const sendingTime = formatTimestamp(at);
  const bytes = encodeMessage(
    { msgType, seq, ...TARGET, sender, sendingTime, ...(isAgain ? { origSendingTime: sendingTime } : {}) },
    body,
  );
  const [read] = [...new FixReader().read(bytes)];
  if (read?.kind !== 'message') throw new Error('not a message');
  return read.message;
}

const logonBody = (extra = ''): string => `98=0\x01108=30\x01${extra}`;
const order = (id: string): string =>
  `11=${id}\x0155=BTC-USD\x0154=1\x0160=20260102-00:00:00\x0140=2\x0144=1\x0138=1\x01`;

function loggedOn(numbers = { nextIn: 1, nextOut: 1 }): FixSession {
  const session = new FixSession(SETTINGS, numbers);
  session.logon(message({ msgType: 'A', seq: numbers.nextIn, body: logonBody() }), NOW);
  return session;
}

/** What happened, short enough to compare. */
const told = (effects: readonly SessionEffect[]): string[] =>
  effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'send': {
        const { seq, msgType, body } = effect.message;
        return [`send ${msgType}#${seq} ${body.replaceAll('\x01', '|')}`.trim()];
      }
      case 'deliver':
        return [`deliver #${effect.seq}`];
      case 'resend':
        return [`resend ${effect.from}-${effect.through}`];
      case 'close':
        return [`close: ${effect.reason}`];
      case 'reset':
        return ['reset'];
      case 'logged-on':
      case 'passed':
        return [];
    }
  });

describe('a FIX session', () => {
  test('answers a Logon in kind and expects the next number', () => {
    const session = new FixSession(SETTINGS, { nextIn: 1, nextOut: 1 });
    expect(told(session.logon(message({ msgType: 'A', seq: 1, body: logonBody() }), NOW))).toEqual([
      'send A#1 98=0|108=30|',
    ]);
    expect(session.numbers).toEqual({ nextIn: 2, nextOut: 2 });
  });

  test('goes on with the numbers of the last connection, and begins anew only when the client asks', () => {
    const session = new FixSession(SETTINGS, { nextIn: 5, nextOut: 9 });
    expect(told(session.logon(message({ msgType: 'A', seq: 5, body: logonBody() }), NOW))).toEqual([
      'send A#9 98=0|108=30|',
    ]);
    const again = new FixSession(SETTINGS, { nextIn: 5, nextOut: 9 });
    const reset = message({ msgType: 'A', seq: 1, body: logonBody('141=Y\x01') });
    expect(told(again.logon(reset, NOW))).toEqual(['reset', 'send A#1 98=0|108=30|141=Y|']);
    expect(again.numbers).toEqual({ nextIn: 2, nextOut: 2 });
  });

  test.each([
    ['encryption', { body: '98=1\x01108=30\x01' }, 'EncryptMethod'],
    ['no heartbeats', { body: '98=0\x01108=0\x01' }, 'HeartBtInt'],
    ['an hour of silence', { body: '98=0\x01108=3600\x01' }, 'HeartBtInt'],
    ['a clock two minutes off', { at: NOW - 121_000 }, 'SendingTime'],
    ['a mark that it may be a repetition', { seq: 3, isAgain: true }, 'a Logon is never'],
    ['a number that was used', { seq: 2 }, 'MsgSeqNum too low, expecting 4 but received 2'],
  ])('refuses a Logon with %s by a Logout that says why, and never by a Logon', (_name, given, why) => {
    const session = new FixSession(SETTINGS, { nextIn: 4, nextOut: 4 });
    const effects = told(session.logon(message({ msgType: 'A', seq: 4, body: logonBody(), ...given }), NOW));
    expect(effects).toEqual([expect.stringMatching(`^send 5#4 58=${why}`), expect.stringMatching(`^close: ${why}`)]);
  });

  test('asks for what is missing, keeps what came early and delivers each once, in order', () => {
    const session = loggedOn();
    const receive = (sent: Sent): string[] => told(session.receive(message(sent), NOW));
    expect(receive({ msgType: 'D', seq: 4, body: order('c') })).toEqual(['send 2#2 7=2|16=0|']);
    expect(receive({ msgType: 'D', seq: 5, body: order('d') })).toEqual([]);
    expect(receive({ msgType: 'D', seq: 2, body: order('a'), isAgain: true })).toEqual(['deliver #2']);
    expect(receive({ msgType: '4', seq: 3, body: '123=Y\x0136=4\x01', isAgain: true })).toEqual([
      'deliver #4',
      'deliver #5',
    ]);
    expect(receive({ msgType: 'D', seq: 4, body: order('c'), isAgain: true })).toEqual([]);
    expect(receive({ msgType: 'D', seq: 6, body: order('e') })).toEqual(['deliver #6']);
  });

  test('answers a resend request that comes early, so that two sides with gaps do not wait for each other', () => {
    const session = loggedOn({ nextIn: 1, nextOut: 20 });
    const effects = told(session.receive(message({ msgType: '2', seq: 9, body: '7=3\x0116=0\x01' }), NOW));
    expect(effects).toEqual(['resend 3-20', 'send 2#21 7=2|16=0|']);
  });

  test('ends with what it expected when a number is too low, unless it is a repetition', () => {
    const session = loggedOn({ nextIn: 7, nextOut: 1 });
    expect(told(session.receive(message({ msgType: 'D', seq: 3, body: order('x'), isAgain: true }), NOW))).toEqual([]);
    expect(told(session.receive(message({ msgType: 'D', seq: 3, body: order('x') }), NOW))).toEqual([
      'send 5#2 58=MsgSeqNum too low, expecting 8 but received 3|',
      'close: MsgSeqNum too low, expecting 8 but received 3',
    ]);
  });

  test('rejects a faulty message by its number and tag, and stays up', () => {
    const session = loggedOn();
    const faulty = message({ msgType: 'D', seq: 2, body: '11=a\x01' });
    expect(told(session.receive(faulty, NOW))).toEqual(['send 3#2 45=2|371=55|372=D|373=1|58=required tag missing|']);
    expect(told(session.receive(message({ msgType: 'D', seq: 3, body: order('b') }), NOW))).toEqual(['deliver #3']);
  });

  test('tells unsupported types from impossible ones', () => {
    const session = loggedOn();
    expect(told(session.receive(message({ msgType: 'R', seq: 2 }), NOW))).toEqual([
      'send j#2 45=2|372=R|380=3|58=unsupported message type|',
    ]);
    expect(told(session.receive(message({ msgType: 'ZZ', seq: 3 }), NOW))).toEqual([
      'send 3#3 45=3|371=35|372=ZZ|373=11|58=invalid MsgType|',
    ]);
  });

  test('is over when somebody else speaks, or the time is wrong', () => {
    const other = told(loggedOn().receive(message({ msgType: '0', seq: 2, sender: 'OTHER' }), NOW));
    expect(other.map((it) => it.slice(0, 8))).toEqual(['send 3#2', 'send 5#3', 'close: C']);
    const late = told(loggedOn().receive(message({ msgType: '0', seq: 2, at: NOW - 200_000 }), NOW));
    expect(late.at(-1)).toBe('close: SendingTime accuracy problem');
  });

  test('sends a heartbeat when it has been silent, a test request when the client has, and then gives up', () => {
    const session = loggedOn();
    expect(told(session.tick(NOW + 29_000))).toEqual([]);
    expect(told(session.tick(NOW + 30_000))).toEqual(['send 0#2']);
    expect(told(session.tick(NOW + 36_000))).toEqual(['send 1#3 112=T1|']);
    expect(told(session.tick(NOW + 72_000))).toEqual(['close: no answer to TestRequest']);
    const lively = loggedOn();
    lively.tick(NOW + 36_000);
    lively.receive(message({ msgType: '0', seq: 2, body: '112=T1\x01', at: NOW + 37_000 }), NOW + 37_000);
    expect(told(lively.tick(NOW + 72_000)).at(-1)).not.toMatch(/^close/);
  });

  test('leaves what comes after its own Logout to the next connection', () => {
    const session = loggedOn();
    expect(told(session.logout('bye', NOW))).toEqual(['send 5#2 58=bye|']);
    expect(told(session.receive(message({ msgType: 'D', seq: 2, body: order('late') }), NOW))).toEqual([]);
    expect(session.numbers.nextIn).toBe(2);
    expect(told(session.tick(NOW + 2_000))).toEqual(['close: no answer to Logout']);
  });

  test('a sequence reset moves forward alone', () => {
    const session = loggedOn({ nextIn: 5, nextOut: 1 });
    expect(told(session.receive(message({ msgType: '4', seq: 99, body: '36=3\x01' }), NOW))[0]).toMatch(
      /^send 3#2 45=99\|371=36/,
    );
    expect(told(session.receive(message({ msgType: '4', seq: 99, body: '36=50\x01' }), NOW))).toEqual([]);
    expect(session.numbers.nextIn).toBe(50);
  });
});

/** A client that keeps what it sent, asks for what it misses and takes each number once. Nothing of the venue's session is in it. */
class Client {
  nextIn = 1;
  readonly sent: { msgType: string; body: string }[] = [];
  readonly got: string[] = [];
  asked = 0;

  send(msgType: string, body: string): FixMessage {
    this.sent.push({ msgType, body });
    return message({ msgType, seq: this.sent.length, body });
  }

  /** What it answers. */
  take(out: Outbound): FixMessage[] {
    if (out.msgType === MSG.RESEND_REQUEST && out.seq >= this.nextIn) {
      const from = Number(/(?:^|\x01)7=(\d+)/.exec(out.body)?.[1]);
      const again: FixMessage[] = [];
      for (let seq = from; seq <= this.sent.length; seq += 1) {
        const { msgType, body } = this.sent[seq - 1] ?? { msgType: '0', body: '' };
        again.push(
          isAdmin(msgType)
            ? message({ msgType: '4', seq, body: `123=Y\x0136=${seq + 1}\x01`, isAgain: true })
            : message({ msgType, seq, body, isAgain: true }),
        );
      }
      return out.seq === this.nextIn ? [...this.#counted(), ...again] : [...again, ...this.#ask(out.seq)];
    }
    if (out.seq > this.nextIn) return this.#ask(out.seq);
    if (out.seq < this.nextIn) return [];
    if (out.msgType === MSG.SEQUENCE_RESET) this.nextIn = Number(/36=(\d+)/.exec(out.body)?.[1]);
    else this.nextIn += 1;
    if (!isAdmin(out.msgType)) this.got.push(out.body);
    return [];
  }

  #counted(): FixMessage[] {
    this.nextIn += 1;
    return [];
  }

  #ask(seen: number): FixMessage[] {
    if (this.asked === this.nextIn && seen > this.nextIn + 1) return [];
    this.asked = this.nextIn;
    return [this.send(MSG.RESEND_REQUEST, `7=${this.nextIn}\x0116=0\x01`)];
  }
}

/** The venue's side: a session for each connection, and what outlives it. */
class Venue {
  numbers = { nextIn: 1, nextOut: 1 };
  readonly kept: Outbound[] = [];
  readonly got: string[] = [];
  session = new FixSession(SETTINGS, this.numbers);

  /** What goes out, in order. */
  done(effects: readonly SessionEffect[]): Outbound[] {
    const out: Outbound[] = [];
    for (const effect of effects) {
      if (effect.kind === 'send') out.push(effect.message);
      if (effect.kind === 'deliver') this.got.push(effect.message.get(11) ?? '');
      if (effect.kind === 'resend') out.push(...this.#again(effect.from, effect.through));
      if (effect.kind === 'close') throw new Error(`closed: ${effect.reason}`);
    }
    this.numbers = this.session.numbers;
    return out;
  }

  report(text: string, isConnected: boolean): Outbound[] {
    const sent = this.session.number(MSG.EXECUTION_REPORT, new FixBody().add(58, text).toString());
    this.kept.push(sent);
    this.numbers = this.session.numbers;
    return isConnected ? [sent] : [];
  }

  #again(from: number, through: number): Outbound[] {
    const out: Outbound[] = [];
    let at = from;
    const fill = (next: number): void => {
      if (next > at) out.push({ seq: at, msgType: MSG.SEQUENCE_RESET, body: `123=Y\x0136=${next}\x01` });
    };
    for (const it of this.kept.filter(({ seq }) => seq >= from && seq <= through)) {
      fill(it.seq);
      out.push(it);
      at = it.seq + 1;
    }
    fill(through + 1);
    return out;
  }
}

test('whatever connections lose, each side gets every application message of the other once, in order', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('order' as const) },
    { weight: 4, arbitrary: fc.constant('report' as const) },
    { weight: 3, arbitrary: fc.constant('up' as const) },
    { weight: 3, arbitrary: fc.constant('down' as const) },
    { weight: 2, arbitrary: fc.constant('cut' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const client = new Client();
      const venue = new Venue();
      const toVenue: FixMessage[] = [];
      const toClient: Outbound[] = [];
      let isUp = false;
      let made = 0;
      const deliverUp = (): void => {
        const next = toVenue.shift();
        if (next === undefined || !isUp) return;
        const effects = next.msgType === 'A' ? venue.session.logon(next, NOW) : venue.session.receive(next, NOW);
        toClient.push(...venue.done(effects));
      };
      const deliverDown = (): void => {
        const next = toClient.shift();
        if (next !== undefined && isUp) toVenue.push(...client.take(next));
      };
      const connect = (): void => {
        toVenue.length = 0;
        toClient.length = 0;
        client.asked = 0;
        venue.session = new FixSession(SETTINGS, venue.numbers);
        isUp = true;
        toVenue.push(client.send('A', logonBody()));
        deliverUp();
      };
      const act = (what: 'order' | 'report' | 'up' | 'down' | 'cut'): void => {
        if (what === 'up') return isUp ? deliverUp() : connect();
        if (what === 'down') return deliverDown();
        if (what === 'cut') {
          isUp = false;
          return;
        }
        made += 1;
        if (what === 'report') toClient.push(...venue.report(`r${made}`, isUp));
        else {
          const sent = client.send('D', order(`o${made}`));
          if (isUp) toVenue.push(sent);
        }
      };
      for (const what of steps) act(what);
      connect();
      for (let turn = 0; turn < 2_000 && toVenue.length + toClient.length > 0; turn += 1) {
        deliverUp();
        deliverDown();
      }
      expect(venue.got).toEqual(client.sent.filter(({ msgType }) => msgType === 'D').map(({ body }) => /11=(\w+)/.exec(body)?.[1])); // prettier-ignore
      expect(client.got).toEqual(venue.kept.map(({ body }) => body));
    }),
    { numRuns: 300 },
  );
});
