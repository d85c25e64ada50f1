/** The end of a campaign at the exchange: everything is quiet, and all who know something are held against each other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { unitsOf } from '../demo/exact.mjs';
import { faultsInBooks, waitForQuiet, withClient } from './books.mjs';
import { beyondHighestPlace, compareAmounts, compareOrders, compareSequences } from './compare.mjs';
import { historyAgainstJournal, ledgerAgainstEngine, reconciliationsOf, statementAgainstFills, waitForSettlement } from './exchange-books.mjs'; // prettier-ignore
import { RestTrader } from './rest-trader.mjs';
import { SocketTrader } from './socket-trader.mjs';
import { QUANTITY_SCALE, SYMBOL } from './trading-habits.mjs';
import { PURCHASED } from './venue-customers.mjs';
import { readTruth } from './venue-truth.mjs';

const QUIET_WITHIN_MS = 180_000;
const AGREES_WITHIN_MS = 20_000;
const LOOK_MS = 300;

/** @typedef {{ trader: import('./load.mjs').Trader, reader: RestTrader, customer: import('./venue-customers.mjs').VenueCustomer }} Participant */

/**
 * While nothing is under way: each trader's open orders are the ones that the gateways tell of.
 * @param {readonly Participant[]} participants
 * @param {readonly string[]} gateways their REST bases
 */
export async function openOrdersAgree(participants, gateways) {
  for (const deadline = Date.now() + AGREES_WITHIN_MS; ; await sleep(LOOK_MS)) {
    const faults = [];
    for (const { trader, customer } of participants) {
      if (trader instanceof RestTrader) await trader.catchUp();
      const known = Array.from(trader.journal.open(), ({ id }) => id).sort();
      for (const url of gateways) {
        const { body } = await new RestTrader({ name: trader.name, token: customer.key.secret, urls: [url] }).ask('/orders?limit=1000'); // prettier-ignore
        const told = body.map(({ clOrdId }) => clOrdId).sort();
        faults.push(...compareSequences(`${trader.name}: open orders at ${url}`, told, known));
      }
    }
    if (faults.length === 0 || Date.now() > deadline) return faults;
  }
}

/**
 * @param {import('./venue-stack.mjs').VenueStack} venue
 * @param {readonly Participant[]} participants
 * @param {(line: string) => void} say
 * @returns {Promise<string[]>} whatever is not so
 */
export async function auditVenue(venue, participants, say) {
  // Its quotes would go on for ever.
  process.kill(venue.stack.processes()['market-maker']?.pid ?? 0, 'SIGSTOP');
  for (const { trader } of participants) if (trader instanceof RestTrader) await trader.catchUp({ allFills: true });
  const truth = await readTruth(venue, SYMBOL);
  const late = await waitForSettlement(venue, truth, QUIET_WITHIN_MS);
  if (late.length > 0) return late;
  const faults = [...(await waitForQuiet(venue.stack.databaseUrl(), QUIET_WITHIN_MS))];
  for (const participant of participants) faults.push(...(await auditTrader(venue, participant, truth)));
  const { faults: differences, sequence, balances } = await ledgerAgainstEngine(venue);
  say(`ledger and engine at command ${sequence}: ${balances} balances, ${differences.length === 0 ? 'equal' : 'different'}`); // prettier-ignore
  faults.push(...differences, ...(await faultsInBooks(venue.stack.databaseUrl())));
  const { runs, different } = await reconciliationsOf(venue);
  say(`the venue's own reconciliations under load: ${runs}, of which ${different} found a difference`);
  if (different > 0) faults.push(`${different} of ${runs} reconciliations found a difference`);
  if (venue.archive !== undefined) faults.push(...(await auditEventLog(venue, venue.archive, truth, say)));
  return faults;
}

async function auditTrader(venue, { trader, reader, customer }, truth) {
  const { name, journal } = trader;
  const reports = truth.reports.get(name) ?? [];
  const fills = executionsOf(reports.filter(({ isFill }) => isFill));
  const faults = [
    ...journal.faults,
    ...compareOrders(journal, truth.orders.get(name) ?? new Map(), 'the engine'),
    ...compareSequences(`${name}: fills`, executionsOf(journal.fills), fills),
    ...(await historyAgainstJournal(venue, customer.id, journal)),
    ...(await statementAgainstFills(venue, { id: customer.id, name }, await fillsBySymbol(reader, journal))),
  ];
  if (trader instanceof SocketTrader) faults.push(...auditStreams(trader, reports, truth));
  return faults;
}

const executionsOf = (told) => told.map(({ execId }) => String(execId));

/** What came in many pieces over many connections is what an observer saw in one. */
function auditStreams({ name, journal, trades, book }, reports, truth) {
  const told = truth.trades.slice(truth.trades.indexOf(trades[0]));
  const levels = new Map([...book].map(([level, quantity]) => [level, unitsOf(quantity, QUANTITY_SCALE)]));
  return [
    ...compareSequences(`${name}: reports`, journal.executions, executionsOf(reports)),
    ...compareSequences(`${name}: trades of ${SYMBOL}`, trades, told),
    ...compareAmounts(`${name}: book of ${SYMBOL}`, levels, truth.levels),
  ];
}

async function fillsBySymbol(reader, journal) {
  const fills = new Map([[SYMBOL, journal.fills]]);
  for (const symbol of PURCHASED) {
    const told = await reader.fills(symbol);
    fills.set(symbol, told.map(({ exOrdId, side, qty, price, fee }) => ({ orderId: String(exOrdId), side: side.toLowerCase(), quantity: unitsOf(qty, QUANTITY_SCALE), price: String(price), fee: String(fee) }))); // prettier-ignore
  }
  return fills;
}

/** Consumers that drop what is not beyond the highest place have every event once. */
async function auditEventLog({ stack }, archive, truth, say) {
  for (const deadline = Date.now() + QUIET_WITHIN_MS; ; await sleep(LOOK_MS)) {
    const written = await withClient(stack.databaseUrl(), async (client) => (await client.query('SELECT id FROM base.event')).rows); // prettier-ignore
    const { engine, domain } = await archive.read();
    // The sandbox may have gone on since: money that is on its way to the exchange.
    const past = engine.filter(({ place: [sequence] }) => sequence <= truth.sequence);
    const [events, ours] = [beyondHighestPlace(past), beyondHighestPlace(domain)];
    const inOrder = (records) => [...records].sort((a, b) => (a.place[0] === b.place[0] ? Number(a.place[1] - b.place[1]) : a.place[0] < b.place[0] ? -1 : 1)); // prettier-ignore
    const faults = [
      ...compareSequences('engine events in Kafka', inOrder(events.first).map(({ value = '' }) => value), truth.events), // prettier-ignore
      ...compareSequences('domain events in Kafka', ours.first.map(({ id = '' }) => id).sort(), written.map(({ id }) => id).sort()), // prettier-ignore
    ];
    if (faults.length > 0 && Date.now() < deadline) continue;
    say(`Kafka: ${events.first.length} events of the engine and ${ours.first.length} of the platform, ${events.repeats + ours.repeats} repeats dropped`); // prettier-ignore
    return faults;
  }
}
