/** What was told held against what is so. Each comparison gives what is wrong, a sentence each; none when all agrees. */

const MOST = 5;

/**
 * @typedef {object} Truth of one order
 * @property {string} orderId
 * @property {bigint} filled
 * @property {boolean} isOpen
 */

/**
 * Every acknowledged order exists as it was reported, nothing refused does, and nothing exists that its client was not told of.
 * @param {import('./order-journal.mjs').OrderJournal} journal
 * @param {ReadonlyMap<string, Truth>} truth the client's orders by their names
 * @param {string} where the truth is from
 * @returns {string[]}
 */
export function compareOrders(journal, truth, where) {
  const faults = [];
  const { name } = journal;
  for (const { id, orderId, state, filled } of journal.orders.values()) {
    const found = truth.get(id);
    if (state === 'refused' && found !== undefined) faults.push(`${name}: ${id} was refused, and is in ${where}`);
    if ((state === 'sent' || state === 'unknown') && found !== undefined)
      faults.push(`${name}: ${id} is in ${where}, and nobody was told`);
    if (state !== 'open' && state !== 'ended') continue;
    if (found === undefined) faults.push(`${name}: ${id} was acknowledged, and is not in ${where}`);
    else if (found.orderId !== orderId) faults.push(`${name}: ${id} is ${orderId}, in ${where} ${found.orderId}`);
    else if (found.filled !== filled) faults.push(`${name}: ${id} has ${filled} filled, in ${where} ${found.filled}`);
    else if (found.isOpen !== (state === 'open'))
      faults.push(`${name}: ${id} is ${state}, in ${where} ${found.isOpen ? 'open' : 'ended'}`);
  }
  for (const id of truth.keys())
    if (!journal.orders.has(id)) faults.push(`${name}: ${id} is in ${where}, and was never sent`);
  return shortened(faults);
}

/**
 * The same things in the same order, each once.
 * @param {string} what
 * @param {readonly string[]} told
 * @param {readonly string[]} truth
 */
export function compareSequences(what, told, truth) {
  const faults = [];
  const [known, heard] = [new Set(truth), new Set(told)];
  const missing = truth.filter((it) => !heard.has(it));
  const invented = told.filter((it) => !known.has(it));
  if (missing.length > 0) faults.push(`${what}: ${missing.length} of ${truth.length} are missing: ${some(missing)}`);
  if (invented.length > 0) faults.push(`${what}: ${invented.length} are not so: ${some(invented)}`);
  if (heard.size !== told.length) faults.push(`${what}: ${told.length - heard.size} came twice`);
  if (faults.length > 0) return faults;
  const at = truth.findIndex((it, k) => it !== told[k]);
  return at < 0 ? [] : [`${what}: number ${at} should be ${truth[at]} and is ${told[at]}`];
}

/**
 * @param {string} what
 * @param {ReadonlyMap<string, bigint>} one
 * @param {ReadonlyMap<string, bigint>} other what one does not have is zero
 */
export function compareAmounts(what, one, other) {
  const keys = [...new Set([...one.keys(), ...other.keys()])];
  return shortened(
    keys.flatMap((key) => {
      const [a, b] = [one.get(key) ?? 0n, other.get(key) ?? 0n];
      return a === b ? [] : [`${what}: ${key}: ${a} and ${b}`];
    }),
  );
}

/** @typedef {{ partition: number | string, place: readonly [bigint, bigint], id?: string, value?: string }} Placed */

/**
 * What a consumer of the event log deals with: of each partition what is beyond the highest place so far (docs/event-log.md).
 * @param {readonly Placed[]} records in the order in which they came
 * @returns {{ first: Placed[], repeats: number }}
 */
export function beyondHighestPlace(records) {
  const highest = new Map();
  const first = records.filter(({ partition, place: [major, minor] }) => {
    const [topMajor, topMinor] = highest.get(partition) ?? [-1n, -1n];
    if (major < topMajor || (major === topMajor && minor <= topMinor)) return false;
    highest.set(partition, [major, minor]);
    return true;
  });
  return { first, repeats: records.length - first.length };
}

const some = (items) => items.slice(0, MOST).join(', ') + (items.length > MOST ? ', …' : '');

/** @param {string[]} faults */
const shortened = (faults) =>
  faults.length <= MOST ? faults : [...faults.slice(0, MOST), `and ${faults.length - MOST} more like these`];
