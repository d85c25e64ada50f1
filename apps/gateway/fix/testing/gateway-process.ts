/** A gateway with its FIX door alone as a process of its own, to be killed: `DATABASE_URL`, `EXCHANGE_SOCKET` and `FIX_PORT` say between what. */
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { Database } from '@base/database';
import { createLogger } from '@base/observability';
import { ApiKeyStandings } from '@platform/identity';
import { readVenueSnapshot } from '@products/venue';
import { exchangeKey } from '@products/venue/testing';
import { KeyAccess } from '../../access/key-access.js';
import { LiveVenue } from '../../desk/live-venue.js';
import { openFixDoor } from '../fix-door.js';

const logger = createLogger('spec-gateway', 'error');
const url = new Secret(process.env['DATABASE_URL'] ?? '');
const database = new Database({ url, applicationName: 'spec-gateway', max: 6 });
const access = new KeyAccess({ standings: new ApiKeyStandings(database, systemClock), database, clock: systemClock, logger }); // prettier-ignore
access.start();
const venue = await LiveVenue.connect({
  addresses: [{ path: process.env['EXCHANGE_SOCKET'] ?? '' }],
  key: exchangeKey('gateway'),
  readSnapshot: () => readVenueSnapshot(database),
  logger,
});
const { desk, feed } = venue;
const door = await openFixDoor(
  { desk, feed, access, database, clock: systemClock, logger },
  { port: Number(process.env['FIX_PORT'] ?? 0), heldPatienceMs: 500, marketDataIntervalMs: 10 },
);
console.log(`port ${door.port}`);
