/** The ledger's side of the exchange, by plain SQL, held against the engine, against the history and against the fills that traders were told. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { unitsOf } from '../demo/exact.mjs';
import { ROOT } from '../launcher/root.mjs';
import { withClient } from './books.mjs';
import { compareAmounts, compareOrders, compareSequences } from './compare.mjs';
import { placeOf } from './venue-truth.mjs';

const TRIES = 50;
const PAUSE_MS = 200;
/** The engine's own accounts by their ledger types (libs/core/contracts/engine-codec.ts). */
const OWN = { exchange_fees: 0, exchange_rounding: 1, exchange_insurance: 2 };
const LEDGER_SCALES = { USD: 2, BTC: 8, ETH: 18 };
/** Digits of prices and quantities of all pairs, at most. */
const DIGITS = 8;

const BALANCES = `
  SELECT t.name AS type, s.code AS asset, v.number, b.balance, s.scale - x.scale AS finer
    FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id JOIN ledger.account_types t ON t.code = a.type_code
    JOIN ledger.assets s ON s.id = a.asset_id JOIN venue.asset x ON x.code = s.code LEFT JOIN venue.account v ON v.customer_id = a.owner_id
   WHERE t.name IN ('exchange_available', 'exchange_fees', 'exchange_rounding', 'exchange_insurance') AND b.balance <> 0`;

/**
 * @param {import('./venue-stack.mjs').VenueStack} venue
 * @param {{ sequence: bigint, index: number }} last
 * @param {number} withinMs
 * @returns {Promise<string[]>} how far settlement is behind when the time is over
 */
export async function waitForSettlement({ stack }, last, withinMs) {
  return withClient(stack.databaseUrl(), async (client) => {
    for (const deadline = Date.now() + withinMs; ; await sleep(PAUSE_MS)) {
      const { rows } = await client.query('SELECT sequence, event_index FROM venue.checkpoint');
      const at = placeOf(BigInt(rows[0].sequence), rows[0].event_index);
      if (at >= placeOf(last.sequence, last.index)) return [];
      if (Date.now() > deadline) return [`settlement stands at command ${rows[0].sequence} of ${last.sequence}`];
    }
  });
}

/**
 * The ledger at its checkpoint against an engine that replayed the journal up to there.
 * @param {import('./venue-stack.mjs').VenueStack} venue
 * @returns {Promise<{ faults: string[], sequence: bigint, balances: number }>}
 */
export async function ledgerAgainstEngine({ stack, values }) {
  const built = (path) => import(pathToFileURL(join(ROOT, 'dist/libs', path, 'index.js')).href);
  const [{ HighestTerm, readBalances }, { Secret }] = await Promise.all([
    built('platform/venue-link'),
    built('base/config'),
  ]);
  const key = new Secret(values.EXCHANGE_SETTLEMENT_KEY);
  const options = {
    addresses: [{ path: values.EXCHANGE_SOCKET }],
    keyName: 'settlement',
    key,
    terms: new HighestTerm(),
  };
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { sequence, index, ledger, codes } = await readLedger(stack.databaseUrl());
    const engine = await readBalances(options, Number(sequence));
    // The checkpoint may stand within a command.
    if (engine.events === index + 1) {
      const balances = new Map(engine.balances.filter(({ total }) => total !== 0n).map(({ account, asset, total }) => [`${account} ${codes.get(asset)}`, total])); // prettier-ignore
      return { faults: compareAmounts('engine and ledger', balances, ledger), sequence, balances: balances.size };
    }
    await sleep(PAUSE_MS);
  }
  return { faults: ['the settlement’s checkpoint never stood at the end of a command'], sequence: 0n, balances: 0 };
}

/** One picture: balances in units of the engine, by account and asset, and the checkpoint that they are of. */
async function readLedger(url) {
  return withClient(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows: checkpoint } = await client.query('SELECT sequence, event_index FROM venue.checkpoint');
    const { rows } = await client.query(BALANCES);
    const { rows: assets } = await client.query('SELECT number, code FROM venue.asset');
    await client.query('COMMIT');
    const units = ({ balance, finer }) => BigInt(balance) / 10n ** BigInt(finer);
    return {
      sequence: BigInt(checkpoint[0].sequence),
      index: checkpoint[0].event_index,
      ledger: new Map(rows.map((row) => [`${row.number ?? OWN[row.type]} ${row.asset}`, units(row)])),
      codes: new Map(assets.map(({ number, code }) => [number, code])),
    };
  });
}

/**
 * What settlement has written of a trader's orders and fills against what the trader knows.
 * @param {import('./venue-stack.mjs').VenueStack} venue
 * @param {string} customer
 * @param {import('./order-journal.mjs').OrderJournal} journal
 */
export async function historyAgainstJournal({ stack }, customer, journal) {
  return withClient(stack.databaseUrl(), async (client) => {
    const ids = new Map([...journal.orders.values()].map(({ id, orderId }) => [orderId, id]));
    const known = [...ids.keys()].filter((id) => id !== undefined);
    const mine =
      'JOIN venue.account v ON v.number = h.account WHERE v.customer_id = $1 AND h.order_id = ANY($2::bigint[])';
    const { rows: orders } = await client.query(`SELECT h.order_id, h.filled, h.status FROM venue.orders h ${mine}`, [customer, known]); // prettier-ignore
    const { rows: fills } = await client.query(`SELECT h.sequence, h.event_index, h.liquidity FROM venue.fill h ${mine} ORDER BY 1, 2`, [customer, known]); // prettier-ignore
    const settled = new Map(orders.map(({ order_id: orderId, filled, status }) => [ids.get(orderId) ?? orderId, { orderId, filled: BigInt(filled), isOpen: status === 'open' }])); // prettier-ignore
    const executions = fills.map((fill) => String(placeOf(BigInt(fill.sequence), fill.event_index) * 2n + (fill.liquidity === 'taker' ? 1n : 0n))); // prettier-ignore
    return [
      ...compareOrders(journal, settled, 'the settled history'),
      ...compareSequences(
        `${journal.name}: settled fills`,
        executions,
        journal.fills.map(({ execId }) => execId),
      ),
    ];
  });
}

/**
 * The ledger's statements of the exchange accounts against the fills that were told. An order pays its whole price rounded up to the smallest unit and
 * receives it rounded down.
 * @param {import('./venue-stack.mjs').VenueStack} venue
 * @param {{ id: string, name: string }} customer
 * @param {ReadonlyMap<string, readonly { orderId: string, side: string, price: string, quantity: bigint, fee: string }[]>} fills by symbol
 */
export async function statementAgainstFills({ stack }, { id, name }, fills) {
  const told = new Map(Object.keys(LEDGER_SCALES).map((asset) => [asset, 0n]));
  const add = (asset, amount) => told.set(asset, (told.get(asset) ?? 0n) + amount);
  for (const [symbol, all] of fills) {
    const [base, quote] = symbol.split('-');
    const finer = 10n ** BigInt(LEDGER_SCALES[base] - DIGITS);
    for (const { side, quantity, fee } of all) {
      add(base, (side === 'buy' ? quantity : -quantity) * finer);
      add(quote, -unitsOf(fee, LEDGER_SCALES[quote]));
    }
    for (const order of byOrder(all)) add(quote, priceOf(order, LEDGER_SCALES[quote]));
  }
  const booked = await withClient(stack.databaseUrl(), async (client) => {
    const { rows } = await client.query(
      `SELECT s.code AS asset, sum(e.amount) * t.normal_sign AS change FROM ledger.entries e
         JOIN ledger.transfers x ON x.id = e.transfer_id AND x.kind = 'venue.trade'
         JOIN ledger.accounts a ON a.id = e.account_id JOIN ledger.account_types t ON t.code = a.type_code AND t.name = 'exchange_available'
         JOIN ledger.assets s ON s.id = a.asset_id WHERE a.owner_id = $1 GROUP BY s.code, t.normal_sign`,
      [id],
    );
    return new Map(rows.map(({ asset, change }) => [asset, BigInt(change)]));
  });
  return compareAmounts(`${name}: statement and fills`, booked, told);
}

function byOrder(fills) {
  const orders = new Map();
  for (const fill of fills) {
    const known = orders.get(fill.orderId);
    if (known === undefined) orders.set(fill.orderId, [fill]);
    else known.push(fill);
  }
  return orders.values();
}

function priceOf(fills, scale) {
  const exact = fills.reduce((sum, { price, quantity }) => sum + unitsOf(price, DIGITS) * quantity, 0n);
  const unit = 10n ** BigInt(2 * DIGITS - scale);
  return fills[0].side === 'buy' ? -((exact + unit - 1n) / unit) : exact / unit;
}

/** Every reconciliation of the product's own, under load and killed, found nothing. */
export async function reconciliationsOf({ stack }) {
  return withClient(stack.databaseUrl(), async (client) => {
    const { rows } = await client.query(`SELECT count(*)::int AS runs, count(*) FILTER (WHERE differences <> '[]')::int AS different FROM venue.reconciliation`); // prettier-ignore
    return rows[0];
  });
}
