/** A settler as a process of its own, to be killed: `DATABASE_URL` and `EXCHANGE_SOCKET` say between what. */
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { createLogger } from '@base/observability';
import { Ledger } from '@platform/ledger';
import { Settler } from '@products/venue';
import { exchangeKey } from './exchange-process.js';

const logger = createLogger('spec-settler', 'error');
const url = new Secret(process.env['DATABASE_URL'] ?? '');
const database = new Database({ url, applicationName: 'spec-settler', max: 4 });
const settler = new Settler(
  {
    database,
    clock: systemClock,
    logger,
    ledger: new Ledger(database, systemClock),
    events: new Events({ database, clock: systemClock, logger }),
  },
  {
    addresses: [{ path: process.env['EXCHANGE_SOCKET'] ?? '' }],
    key: exchangeKey('settlement'),
    batch: 7,
    retryMs: 20,
    lookMs: 20,
    resendMs: 200,
  },
);
settler.start();
console.log('settling');
