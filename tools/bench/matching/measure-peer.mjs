/** Child process of `../matching.mjs`: the start of a workload through an order book of npm, which has no accounts. Prints one line of JSON. */
import { generate, OP, readWorkload, referenceRun, TYPE } from '../matching-workload.mjs';
import { median } from '../report.mjs';
import { rateOf } from './timing.mjs';

const { name, peer, options, runs, commands } = JSON.parse(process.argv[2] ?? '{}');
const { OrderBook } = await import(peer);
const workload = readWorkload(generate({ ...options, n: commands }));
/** @type {any} */
const words = workload.words;
const SIDES = ['buy', 'sell'];
const IN_FORCE = { [TYPE.LIMIT]: 'GTC', [TYPE.IOC]: 'IOC' };
/** @type {any[]} */
const decoded = Array.from({ length: workload.count }, (_, k) => decode(k * 8));

/** @type {any[]} */
const rates = [];
let makersFilled = 0;
for (let round = 0; round <= runs; round += 1) {
  const book = new OrderBook();
  makersFilled = 0;
  apply(book, 0, workload.prefill);
  rates.push(rateOf(() => apply(book, workload.prefill, workload.count), workload.count - workload.prefill));
}
const expected = makersFilledByReference();
const faults = makersFilled === expected ? [] : [`${makersFilled} resting orders were filled instead of ${expected}`];
console.log(JSON.stringify({ name, peer, faults, rate: median(rates.slice(1)) }));

function decode(at) {
  const [op, side, type] = [words[at] & 255, (words[at] >>> 8) & 255, (words[at] >>> 16) & 255];
  return {
    op,
    side: SIDES[side],
    timeInForce: IN_FORCE[type],
    id: String(words[at + 2]),
    price: words[at + 4],
    size: words[at + 6],
  };
}

function apply(book, from, to) {
  for (let k = from; k < to; k += 1) {
    const { op, side, timeInForce, id, price, size } = decoded[k];
    if (op === OP.CANCEL) book.cancel(id);
    else if (op === OP.REPLACE) count(book.modify(id, { price }), id);
    else count(book.limit({ side, id, size, price, timeInForce }), id);
  }
}

function count({ done }, taker) {
  for (const { id } of done) if (id !== taker) makersFilled += 1;
}

function makersFilledByReference() {
  const left = new Map(decoded.filter(({ op }) => op === OP.NEW).map(({ id, size }) => [id, size]));
  let filled = 0;
  const take = (id, quantity) => {
    left.set(id, left.get(id) - quantity);
    return left.get(id) === 0;
  };
  referenceRun(workload, (_symbol, maker, taker, _price, quantity) => {
    take(String(taker), quantity);
    if (take(String(maker), quantity)) filled += 1;
  });
  return filled;
}
