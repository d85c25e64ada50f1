/** A task of a sandbox's start: what is planned to be traded is listed and opened, since there is no operator yet to do it. */
import { SandboxClock } from '@base/clock';
import { ConfigurationError, flag, loadConfig, secretText, secretUrl } from '@base/config';
import { Database } from '@base/database';
import { runMain } from '@base/process';
import { venueConfig } from '@products/venue';
import { openInstruments } from './open-instruments.js';

await runMain(async () => {
  const config = loadConfig({
    DATABASE_URL: secretUrl('postgres', 'postgresql'),
    SANDBOX: flag(),
    EXCHANGE_ADDRESSES: venueConfig.EXCHANGE_ADDRESSES,
    EXCHANGE_OPERATOR_KEY: secretText(24),
  });
  if (!config.SANDBOX)
    throw new ConfigurationError('SANDBOX: outside of a sandbox it is operators who list instruments');
  const database = new Database({ url: config.DATABASE_URL, applicationName: 'open-venue', max: 2 });
  const clock = new SandboxClock(database);
  try {
    await clock.start();
    const { EXCHANGE_ADDRESSES: addresses, EXCHANGE_OPERATOR_KEY: key } = config;
    const opened = await openInstruments({ database, clock }, { addresses, key });
    process.stdout.write(opened.length === 0 ? 'nothing to list\n' : `listed ${opened.join(', ')}\n`);
  } finally {
    clock.stop();
    await database.close();
  }
});
