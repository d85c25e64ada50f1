/**
 * A workload of `../matching-workload.mjs` as the engine's own commands: listed, funded, encoded, with the ids that the engine gives.
 * The engine is deterministic, so commands recorded once can be run again from an empty engine.
 */
import { fold } from '../matching-workload.mjs';

const FIRST_CUSTOMER = 16;
const EVERY_INSTRUMENT = 0xffffffff;
const QUOTE = 0;
/** Type of a workload's order as [type, timeInForce, instructions]. @type {any} */
const TERMS = [
  ['limit', 'gtc', 0],
  ['limit', 'ioc', 0],
  ['limit', 'fok', 0],
  ['limit', 'gtc', 1],
  ['market', 'ioc', 0],
];
const [NEW, CANCEL] = [1, 2];

/**
 * @typedef {object} Recording
 * @property {Uint8Array} opening commands that list, fund and open
 * @property {Uint8Array} bytes the workload's commands, one after the other
 * @property {Int32Array} offsets where each starts, and where the last ends
 * @property {string[]} faults what differs from the workload's header; empty when the engine made the very trades
 */

/**
 * Runs the workload through the engine once, one command at a time, to learn the ids, and compares the trades with the header.
 * @param {any} workload
 * @param {any} matching the engine's library
 * @param {any} contracts the codec's library
 * @param {{ withClientIds?: boolean }} [terms] the workload's ids are the exchange's; as client ids they are hashed and remembered on top
 * @returns {Recording}
 */
export function record(workload, matching, contracts, { withClientIds = false } = {}) {
  const { engineCommands: codec } = contracts;
  matching.reset();
  let sequence = 0n;
  const encode = (drafts) => {
    const bytes = new Uint8Array(drafts.length * codec.longest);
    const view = new DataView(bytes.buffer);
    const offsets = new Int32Array(drafts.length + 1);
    drafts.forEach((draft, k) => {
      sequence += 1n;
      offsets[k + 1] = offsets[k] + codec.encode({ ...draft, origin: 1, sequence, time: sequence }, view, offsets[k]);
    });
    return { bytes: bytes.slice(0, offsets[drafts.length]), offsets };
  };
  const opening = encode(openingDrafts(workload)).bytes;
  run(matching, opening);
  const { bytes, offsets } = encode(drafts(workload, withClientIds));
  const faults = learn(workload, matching, contracts, bytes, offsets);
  return { opening, bytes, offsets, faults };
}

/**
 * Applies whole commands, as many at a time as fit the engine's buffer.
 * @param {any} matching
 * @param {Uint8Array} bytes
 * @param {(bytes: number) => void} release
 */
export function run(matching, bytes, release = (_bytes) => undefined) {
  const { length: room } = matching.commandBuffer;
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while (end < bytes.length && end + lengthAt(bytes, end) - at <= room) end += lengthAt(bytes, end);
    matching.commandBuffer.set(bytes.subarray(at, end));
    matching.apply(0, end - at, release);
    at = end;
  }
}

const lengthAt = (bytes, at) => bytes[at] | (bytes[at + 1] << 8);

function openingDrafts({ symbols, accounts, mix }) {
  const drafts = [];
  for (let instrument = 0; instrument < symbols; instrument += 1) {
    drafts.push({
      kind: 'list-instrument',
      instrument,
      base: instrument + 1,
      quote: QUOTE,
      ...{ lotUnits: 1000n, tickValue: 10n, tickValueScale: 1n, minimumQuantity: 1n, maximumQuantity: 1n << 30n },
      ...{ maximumPrice: 1 << 22, initialMarginPpm: 0, maintenanceMarginPpm: 0, settlement: 'spot' },
      symbol: `S${instrument}`,
    });
    drafts.push({ kind: 'set-state', instrument, state: 'open' });
  }
  drafts.push({ kind: 'set-fees', instrument: EVERY_INSTRUMENT, tier: 0, makerPpm: 500, takerPpm: 1000 });
  let transferLow = 0n;
  for (let account = 1; account <= accounts; account += 1) {
    for (let asset = 0; asset <= symbols; asset += 1) {
      transferLow += 1n;
      drafts.push({ kind: 'credit', account: account + FIRST_CUSTOMER, asset, amount: 1n << 46n, transferHigh: BigInt(mix), transferLow }); // prettier-ignore
    }
  }
  return drafts;
}

/** Cancels and replaces carry the workload's ids until `learn` puts the engine's in their place. */
function drafts({ words, count, mix }, withClientIds) {
  // `features` trades an account with itself through replaces.
  const selfTrade = mix === 3 ? 'allow' : 'cancel-newest';
  return Array.from({ length: count }, (_, k) => {
    const at = k * 8;
    const [op, side, type] = [words[at] & 255, (words[at] >>> 8) & 255, (words[at] >>> 16) & 255];
    const account = words[at + 3] + FIRST_CUSTOMER;
    const [price, quantity] = [words[at + 4], BigInt(words[at + 6])];
    const id = BigInt(words[at + 2]);
    if (op === CANCEL) return { kind: 'cancel', account, orderId: id };
    if (op !== NEW)
      return { kind: 'replace', account, orderId: id, price, quantity, quantityMeans: 'open', postOnly: 'released' };
    const [orderType, timeInForce, instructions] = TERMS[type];
    return {
      ...{
        kind: 'place',
        instrument: words[at + 1],
        account,
        clientOrderId: withClientIds ? id : 0n,
        quantity,
        side: side ? 'sell' : 'buy',
      },
      ...{
        price: orderType === 'market' ? 0 : price,
        type: orderType,
        timeInForce,
        selfTrade,
        instructions,
        triggerPrice: 0,
      },
    };
  });
}

function learn(workload, matching, { engineCommands, engineEvents }, bytes, offsets) {
  const { words, count, symbols } = workload;
  const { 'order-accepted': accepted, 'order-rejected': rejected, trade } = engineEvents.messages;
  const view = new DataView(bytes.buffer);
  const events = new DataView(matching.eventBuffer.buffer);
  const theirs = new Map();
  const ours = new Map();
  /** @type {any} */
  const folded = new Int32Array(symbols);
  const seen = { fills: 0, rejects: 0, lots: 0n, notional: 0n };
  let current = 0;
  const onTrade = (at) => {
    const symbol = events.getUint32(at + trade.at.instrument, true);
    const [price, quantity] = [
      events.getInt32(at + trade.at.price, true),
      events.getBigInt64(at + trade.at.quantity, true),
    ];
    const [maker, taker] = [trade.at.makerOrderId, trade.at.takerOrderId].map((field) =>
      theirs.get(events.getBigInt64(at + field, true)),
    );
    for (const value of [maker, taker, price, Number(quantity)]) folded[symbol] = fold(folded[symbol], value | 0);
    seen.fills += 1;
    seen.lots += quantity;
    seen.notional += BigInt(price) * quantity;
  };
  const release = (length) => {
    for (let at = 0; at < length; at += events.getUint16(at, true)) {
      const code = events.getUint8(at + 2);
      if (code === accepted.code) {
        const id = events.getBigInt64(at + accepted.at.orderId, true);
        theirs.set(id, words[current * 8 + 2]);
        ours.set(words[current * 8 + 2], id);
      } else if (code === rejected.code) seen.rejects += 1;
      else if (code === trade.code) onTrade(at);
    }
  };
  const idAt = [0, 0, engineCommands.messages.cancel.at.orderId, engineCommands.messages.replace.at.orderId];
  for (current = 0; current < count; current += 1) {
    const op = words[current * 8] & 255;
    const at = offsets[current];
    if (op !== NEW) view.setBigInt64(at + idAt[op], ours.get(words[current * 8 + 2]) ?? 0n, true);
    run(matching, bytes.subarray(at, offsets[current + 1]), release);
  }
  const checksum = folded.reduce((sum, word) => fold(sum, word), 0) >>> 0;
  const got = { ...seen, checksum, resting: matching.openOrders() };
  return Object.keys(got)
    .filter((key) => BigInt(got[key]) !== BigInt(workload[key]))
    .map((key) => `${key}: ${got[key]} instead of ${workload[key]}`);
}
