import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { type EngineEvent } from '@core/contracts';
import { listInstruments } from '@products/venue';
import { exchangeKey, ExchangeProcess } from '@products/venue/testing';
import { openInstruments } from './open-instruments.js';

let db: TestDatabase;
const exchange = new ExchangeProcess();

beforeAll(async () => {
  [db] = await Promise.all([createTestDatabase({ max: 4 }), exchange.start()]);
});
afterAll(async () => {
  await exchange.forget();
  await db.drop();
});

/** Everything that the exchange ever said. */
async function history(): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  const link = await exchange.connect('observer', { onEvent: (event) => events.push(event) });
  link.subscribe(1);
  for (const last = link.welcome.nextSequence - 1; Number(events.at(-1)?.sequence ?? 0) < last;)
    await new Promise((resolve) => setTimeout(resolve, 10));
  link.close();
  return events;
}

describe('the opening of a sandbox’s exchange', () => {
  it('lists and opens what is planned, and leaves alone what has been listed', async () => {
    const venue = { addresses: [exchange.address], key: exchangeKey('operator') };
    const planned = (await listInstruments(db.app)).map(({ symbol }) => symbol);
    expect(await openInstruments({ database: db.app, clock: systemClock }, venue)).toEqual(planned);
    const open = (await history()).filter((event) => event.kind === 'instrument-state' && event.state === 'open');
    expect(open).toHaveLength(planned.length);

    // Settlement has not told the ledger yet: the second run says it all again, and the exchange lists nothing twice.
    await openInstruments({ database: db.app, clock: systemClock }, venue);
    expect((await history()).filter(({ kind }) => kind === 'instrument-listed')).toHaveLength(planned.length);

    await db.owner.query('UPDATE venue.instrument SET listed_by = 1, listed_at = now()');
    const before = (await history()).length;
    expect(await openInstruments({ database: db.app, clock: systemClock }, venue)).toEqual([]);
    expect(await history()).toHaveLength(before);
  });
});
