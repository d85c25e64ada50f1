/** Child process of `../matching.mjs`: the same mix of cancels and new orders on books of different depth. Prints one line of JSON. */
import { prng } from '../matching-workload.mjs';
import { library } from './libraries.mjs';
import { run } from './recorded-commands.mjs';
import { rateOf } from './timing.mjs';

const { resting } = JSON.parse(process.argv[2] ?? '{}');
const matching = await library('core/matching');
const { engineCommands: codec, engineEvents } = await library('core/contracts');
const PAIRS = 200_000;
const TRADER = 16;
const TICKS = 10_000;
const MIDDLE = 1 << 20;
const accepted = engineEvents.messages['order-accepted'];
const events = new DataView(matching.eventBuffer.buffer);

const random = prng(7);
let sequence = 0n;
const encode = (draft) => codec.toBytes({ ...draft, origin: 1, sequence: (sequence += 1n), time: sequence });
for (const draft of opening()) run(matching, encode(draft));

/** Ids of resting orders by place; what a pair cancels, it replaces. @type {any} */
const ids = new BigInt64Array(resting);
for (let place = 0; place < resting; place += 1)
  run(matching, encode(passiveOrder()), (length) => remember(place, length));
rateOf(exchange(PAIRS / 4), PAIRS / 2);
const rate = rateOf(exchange(PAIRS), PAIRS * 2);
const wrong = matching.openOrders() === resting ? matching.unsoundness() : `${matching.openOrders()} orders rest`;
console.log(JSON.stringify({ resting, rate, faults: wrong === null ? [] : [wrong] }));

function opening() {
  const asset = (number) => ({ kind: 'credit', account: TRADER, asset: number, amount: 1n << 60n, transferHigh: 0n, transferLow: BigInt(number) }); // prettier-ignore
  return [
    asset(0),
    asset(1),
    {
      ...{ kind: 'list-instrument', instrument: 0, base: 1, quote: 0, lotUnits: 1n, tickValue: 1n, tickValueScale: 1n },
      ...{ minimumQuantity: 1n, maximumQuantity: 1n << 30n, maximumPrice: 1 << 22, symbol: 'DEEP', settlement: 'spot' },
      ...{ initialMarginPpm: 0, maintenanceMarginPpm: 0 },
    },
    { kind: 'set-state', instrument: 0, state: 'open' },
  ];
}

function passiveOrder() {
  const isSell = random.below(2) === 1;
  const distance = 1 + random.below(TICKS);
  return {
    ...{ kind: 'place', instrument: 0, account: TRADER, clientOrderId: 0n, quantity: BigInt(1 + random.below(50)) },
    ...{ price: isSell ? MIDDLE + distance : MIDDLE - distance, side: isSell ? 'sell' : 'buy', type: 'limit' },
    ...{ timeInForce: 'gtc', selfTrade: 'allow', instructions: 0, triggerPrice: 0 },
  };
}

function remember(place, length) {
  for (let at = 0; at < length; at += events.getUint16(at, true)) {
    if (events.getUint8(at + 2) === accepted.code) ids[place] = events.getBigInt64(at + accepted.at.orderId, true);
  }
}

/** Cancels a random order and places another, `count` times; encoded beforehand, but for the ids, which the engine gives. */
function exchange(count) {
  /** @type {any} */
  const places = Int32Array.from({ length: count }, () => random.below(resting));
  const pairs = Array.from({ length: count }, () => [
    encode({ kind: 'cancel', account: TRADER, orderId: 0n }),
    encode(passiveOrder()),
  ]);
  return () => {
    pairs.forEach(([cancel, order], k) => {
      new DataView(cancel.buffer).setBigInt64(codec.messages.cancel.at.orderId, ids[places[k]], true);
      run(matching, cancel);
      run(matching, order, (length) => remember(places[k], length));
    });
  };
}
