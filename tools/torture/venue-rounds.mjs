/**
 * `npm run torture:venue [-- --rounds 100 --seed 1]`: traders work at every door of the exchange while both gateways, the worker that settles, the
 * exchange, PostgreSQL, Redis and Kafka are killed in turn with SIGKILL, at moments that the seed knows. Every acknowledged order survives as it was
 * reported, clients resume without a gap and without hearing anything twice, ledger and engine are equal when all is quiet.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../build.mjs';
import { FixTrader } from './fix-trader.mjs';
import { freshOrder, Load } from './load.mjs';
import { RestTrader } from './rest-trader.mjs';
import { namedRandoms, shuffled } from './seeded-random.mjs';
import { SocketTrader } from './socket-trader.mjs';
import { auditVenue, openOrdersAgree } from './venue-audit.mjs';
import { enrol } from './venue-customers.mjs';
import { makeVenueStack } from './venue-stack.mjs';

const TRADERS = ['ws1', 'ws2', 'ws3', 'rest1', 'fix1'];
const SHORTEST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 2_500;
const BACK_WITHIN_MS = 120_000;
const FRESH_WITHIN_MS = 120_000;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const say = (line) => console.log(line);

process.exitCode = await campaign().catch((error) => {
  console.error(error.stack);
  return 1;
});

/** @returns {Promise<number>} exit code */
async function campaign() {
  await ensureBuilt(say);
  const randomOf = namedRandoms(Number(options.seed));
  const venue = await makeVenueStack();
  say(`seed ${options.seed}; ${venue.outfit}`);
  let faults = ['the campaign did not come to its end'];
  try {
    await venue.start();
    faults = await torment(venue, randomOf);
  } finally {
    await venue.stop();
    if (faults.length === 0) venue.stack.forget();
    else say(`the stack's folder is kept: ${venue.stack.home}`);
  }
  for (const fault of faults) say(`FAULT ${fault}`);
  say(
    faults.length === 0
      ? 'every acknowledged order survived as reported, nobody missed anything or heard it twice, ledger and engine are equal, the books balance'
      : `${faults.length} faults`,
  );
  return faults.length === 0 ? 0 : 1;
}

/** @returns {Promise<string[]>} whatever is not as it must be */
async function torment(venue, randomOf) {
  Object.assign(process.env, venue.stack.environment);
  const participants = await Promise.all(TRADERS.map((name) => participant(venue, name, randomOf(`${name}'s doors`))));
  const traders = participants.map(({ trader }) => trader);
  say(`${traders.map(({ name }) => name).join(', ')} have come to trade`);
  for (const trader of traders) trader.start();
  await Promise.all(traders.map((trader) => freshOrder(trader, FRESH_WITHIN_MS)));
  const load = new Load(traders, randomOf);
  try {
    const faults = await rounds({ venue, random: randomOf('kills'), participants, load });
    await load.pause();
    await load.end();
    sayWork(traders);
    return faults.length > 0 ? faults : await auditVenue(venue, participants, say);
  } finally {
    await load.end();
    await Promise.all(traders.map((trader) => trader.stop()));
  }
}

/** Somebody with money and a key, at the door that their name says. */
async function participant(venue, name, random) {
  const { doors } = venue;
  const customer = await enrol(doors.rest[0]);
  const { key } = customer;
  const token = key.secret;
  const kinds = {
    ws: () => new SocketTrader({ name, token, urls: doors.socket, random }),
    rest: () => new RestTrader({ name, token, urls: doors.rest }),
    fix: () => new FixTrader({ name, key, ports: doors.fix, random }),
  };
  const trader = kinds[name.replace(/\d+$/, '')]();
  return { trader, customer, reader: new RestTrader({ name, token, urls: doors.rest }) };
}

/** One kill per round, each when the victim before is back and everybody can trade again. @returns {Promise<string[]>} the first round's faults that has some */
async function rounds({ venue, random, participants, load }) {
  const traders = participants.map(({ trader }) => trader);
  const kills = new Map();
  let turn = [];
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    if (turn.length === 0) turn = shuffled(venue.victims, random);
    const victim = turn.shift() ?? '';
    await sleep(SHORTEST_WAIT_MS + Math.floor(random() * LONGEST_WAIT_MS));
    const startedAt = Date.now();
    const since = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
    const isBack = await venue.kill(victim);
    while (!isBack()) {
      if (Date.now() - startedAt > BACK_WITHIN_MS) return [`round ${round}: ${victim} did not come back\n${venue.stack.output()}`]; // prettier-ignore
      await sleep(50);
    }
    const back = since();
    await Promise.all(traders.map((trader) => freshOrder(trader, FRESH_WITHIN_MS)));
    const traded = since();
    const faults = [...(await load.pause()), ...(await openOrdersAgree(participants, venue.doors.rest))];
    faults.push(...traders.flatMap(({ journal }) => journal.faults));
    kills.set(victim, (kills.get(victim) ?? 0) + 1);
    say(`round ${round}: ${victim} killed, back after ${back}, orders at every door after ${traded}, ${faults.length === 0 ? `all agree after ${since()}` : `${faults.length} faults`}`); // prettier-ignore
    if (faults.length > 0) return faults.map((fault) => `round ${round}, ${victim}: ${fault}`);
    load.resume();
  }
  say(`rounds: ${[...kills].map(([victim, count]) => `${victim} ${count}`).join(', ')}`);
  return [];
}

function sayWork(traders) {
  for (const { name, journal, resumptions } of traders) {
    const orders = [...journal.orders.values()];
    const of = (...states) => orders.filter(({ state }) => states.includes(state)).length;
    const resumed = resumptions === undefined ? '' : `, ${resumptions} resumptions`;
    say(`${name}: ${orders.length} orders sent, ${of('open', 'ended')} acknowledged, ${of('refused')} refused, ${of('unknown')} without an answer, ${journal.fills.length} fills${resumed}`); // prettier-ignore
  }
}
