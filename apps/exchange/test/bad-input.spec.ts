import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type EngineCommandDraft,
  engineCommands,
  type Farewell,
  linkMessages,
  type RejectReason,
} from '@core/contracts';
import { accountBalance, bookDepth, digest, openOrders } from '@core/matching';
import { type Client, secretOf } from '../testing/client.js';
import { BTC, listing, MAKER, order, TAKER, USD } from '../testing/opening.js';
import { Room } from '../testing/room.js';
import { Speaker } from '../testing/speaker.js';

const POOR = TAKER + 1;
const room = new Room();
let observer: Client;
beforeAll(async () => {
  await room.start();
  await room.open();
  await (
    await room.connect('gateway')
  ).do([order({ clientOrderId: 1n }), order({ clientOrderId: 2n, side: 'sell', price: 200 })]);
  const poverty = {
    kind: 'credit',
    account: POOR,
    asset: USD,
    amount: 999n,
    transferHigh: 5n,
    transferLow: 5n,
  } as const;
  await (await room.connect('settlement')).do([poverty]);
  observer = await room.connect('observer');
  observer.link.subscribe();
});
afterAll(() => room.close());

/** What anybody owns and what is open: all that a refused command may not change. Its having been counted is another matter. */
const books = () => ({
  balances: [MAKER, TAKER, POOR].flatMap((account) => [USD, BTC].map((asset) => accountBalance(account, asset))),
  depth: [bookDepth(0, 'buy', 100), bookDepth(0, 'sell', 100)],
  open: openOrders(),
});

const reasonsOf = async (command: EngineCommandDraft): Promise<string[]> => {
  const gateway = await room.connect('gateway');
  const [sequence] = await gateway.do([command]);
  const events = await observer.eventsOf(sequence as number);
  gateway.link.close();
  return events.map((event) => ('reason' in event ? event.reason : event.kind));
};

describe('bad input', () => {
  test.each<[string, EngineCommandDraft, RejectReason]>([
    ['an unknown instrument', order({ clientOrderId: 10n, instrument: 77 }), 'unknown_instrument'],
    ['a price of nothing', order({ clientOrderId: 11n, price: 0 }), 'invalid_price'],
    ['a price above the highest', order({ clientOrderId: 12n, price: 100_001 }), 'invalid_price'],
    ['a negative price', order({ clientOrderId: 13n, price: -1 }), 'invalid_price'],
    ['more than the most', order({ clientOrderId: 14n, quantity: 1_000_001n }), 'quantity_above_maximum'],
    ['a quantity of nothing', order({ clientOrderId: 15n, quantity: 0n }), 'invalid_quantity'],
    ['a client order id again', order({ clientOrderId: 1n }), 'duplicate_client_order_id'],
    ['more than is owned', order({ clientOrderId: 16n, account: POOR }), 'insufficient_funds'],
    ['an order that nobody has', { kind: 'cancel', account: MAKER, orderId: 4711n }, 'unknown_order'],
  ])('%s is a reject event with its reason, and changes nothing', async (_, command, reason) => {
    const before = books();
    expect(await reasonsOf(command)).toEqual([reason]);
    expect(books()).toEqual(before);
  });

  const place = order({ clientOrderId: 50n });
  const ofRandom = (length: number): Uint8Array => Uint8Array.from({ length: 400 }, (__, at) => (at === 0 ? length & 255 : at === 1 ? length >> 8 : at * 31)); // prettier-ignore
  const badCode = (): Uint8Array => {
    const bytes = engineCommands.toBytes({ ...place, sequence: 1n });
    bytes[engineCommands.messages.place.at.side] = 9;
    return bytes;
  };
  const ofOtherVersion = (): Uint8Array => {
    const bytes = linkMessages.toBytes({ kind: 'heartbeat', released: 0n });
    bytes[3] = 9;
    return bytes;
  };
  test.each<[string, Farewell, (path: string) => Promise<Speaker>]>([
    ['garbage', 'malformed', async (path) => with_(await Speaker.at(path), (it) => it.write(ofRandom(3)))],
    [
      'an oversized frame',
      'oversized',
      async (path) => with_(await Speaker.as('gateway', path), (it) => it.write(ofRandom(40_000))),
    ],
    [
      'a code that is none',
      'malformed',
      async (path) => with_(await Speaker.as('gateway', path), (it) => it.write(badCode())),
    ],
    [
      'another version',
      'wrong_version',
      async (path) => with_(await Speaker.as('gateway', path), (it) => it.write(ofOtherVersion())),
    ],
    [
      'another engine',
      'wrong_version',
      async (path) => with_(await Speaker.at(path), (it) => it.greet('gateway', secretOf('gateway'), 99)),
    ],
    ['a wrong key', 'wrong_key', async (path) => with_(await Speaker.at(path), (it) => it.greet('gateway'))],
    [
      'another role’s key',
      'wrong_key',
      async (path) => with_(await Speaker.at(path), (it) => it.greet('operator', secretOf('gateway'))),
    ],
    ['a key that nobody knows', 'wrong_key', async (path) => with_(await Speaker.at(path), (it) => it.greet('nobody'))],
    [
      'a command before the handshake',
      'out_of_turn',
      async (path) => with_(await Speaker.at(path), (it) => it.command(place, 1)),
    ],
    [
      'a command from the future',
      'from_the_future',
      async (path) => with_(await Speaker.as('gateway', path), (it) => it.command(place, 2)),
    ],
    [
      'a subscription to the future',
      'from_the_future',
      async (path) =>
        with_(await Speaker.as('observer', path), (it) => it.say({ kind: 'subscribe', from: 1_000_000n })),
    ],
    [
      'a second subscription',
      'out_of_turn',
      async (path) =>
        with_(await Speaker.as('observer', path), (it) =>
          [0n, 0n].forEach((from) => it.say({ kind: 'subscribe', from })),
        ),
    ],
    [
      'an order from an observer',
      'not_your_role',
      async (path) => with_(await Speaker.as('observer', path), (it) => it.command(place, 1)),
    ],
    [
      'money from a gateway',
      'not_your_role',
      async (path) =>
        with_(await Speaker.as('gateway', path), (it) =>
          it.command({ kind: 'credit', account: MAKER, asset: USD, amount: 1n, transferHigh: 9n, transferLow: 9n }, 1),
        ),
    ],
    [
      'a listing from the settlement',
      'not_your_role',
      async (path) =>
        with_(await Speaker.as('settlement', path), (it) => it.command(listing[0] as EngineCommandDraft, 1)),
    ],
    [
      'a tick from an operator',
      'not_your_role',
      async (path) => with_(await Speaker.as('operator', path), (it) => it.command({ kind: 'tick' }, 1)),
    ],
    [
      'a session for an observer',
      'not_your_role',
      async (path) => with_(await Speaker.as('observer', path), (it) => it.say({ kind: 'open-session', reference: 1 })),
    ],
    [
      'a venue’s message',
      'out_of_turn',
      async (path) =>
        with_(await Speaker.as('gateway', path), (it) => it.say({ kind: 'session-opened', reference: 1, session: 1 })),
    ],
    [
      'half of a handshake',
      'handshake_timeout',
      async (path) =>
        with_(await Speaker.at(path), (it) =>
          it.say({ kind: 'hello', nonce: new Uint8Array(32), key: 'gateway', engineVersion: 1 }),
        ),
    ],
    [
      'a handshake that comes a byte at a time',
      'handshake_timeout',
      async (path) =>
        with_(await Speaker.at(path), (it) =>
          it.drip(
            linkMessages.toBytes({ kind: 'hello', nonce: new Uint8Array(32), key: 'gateway', engineVersion: 1 }),
            100,
          ),
        ),
    ],
    ['nothing at all', 'handshake_timeout', (path) => Speaker.at(path)],
    ['silence', 'heartbeat_missed', (path) => Speaker.as('gateway', path)],
  ])('%s closes the link with %s, and the state is what it was', async (_, reason, speak) => {
    // prettier-ignore
    const before = digest();
    const speaker = await speak(room.address.path);
    expect((await speaker.hears('farewell')).reason).toBe(reason);
    expect(digest()).toBe(before);
    speaker.socket.destroy();
  });

  test('a command number again closes the link, and the command counts once', async () => {
    const speaker = await Speaker.as('gateway', room.address.path);
    speaker.command(order({ clientOrderId: 60n }), 1);
    speaker.command(order({ clientOrderId: 61n }), 1);
    expect((await speaker.hears('farewell')).reason).toBe('repeated');
    expect(await reasonsOf(order({ clientOrderId: 60n }))).toEqual(['duplicate_client_order_id']);
    expect(await reasonsOf(order({ clientOrderId: 61n }))).toEqual(['order-accepted']);
  });

  test('a command of another link’s session is refused, and the link goes on', async () => {
    const [one, other] = [await room.connect('gateway'), await room.connect('gateway')];
    const session = await one.link.openSession();
    expect(await other.do([order({ clientOrderId: 70n })], session)).toEqual([0]);
    expect([...other.refusals.values()]).toEqual(['unknown_session']);
    expect(await other.do([order({ clientOrderId: 70n })])).toEqual([expect.any(Number)]);
  });
});

async function with_(speaker: Speaker, speak: (speaker: Speaker) => unknown): Promise<Speaker> {
  await speak(speaker);
  return speaker;
}
