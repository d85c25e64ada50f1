import { flag, ConfigurationError, loadConfig, secretText, secretUrl } from '@base/config';
import { SandboxClock } from '@base/clock';
import { Database } from '@base/database';
import { runMain } from '@base/process';
import { seedDemo, seedTraders } from './seed-demo.js';

await runMain(async () => {
  const config = loadConfig({
    DATABASE_URL: secretUrl('postgres', 'postgresql'),
    SANDBOX: flag(),
    MARKET_MAKER_SECRET: secretText(24).optional(),
    MARKET_TAKER_SECRET: secretText(24).optional(),
    HEDGE_API_SECRET: secretText(24).optional(),
  });
  if (!config.SANDBOX)
    throw new ConfigurationError('SANDBOX: accounts with published passwords are made in a sandbox only');
  const database = new Database({ url: config.DATABASE_URL, applicationName: 'seed', max: 2 });
  const clock = new SandboxClock(database);
  try {
    await clock.start();
    await seedDemo(database, clock);
    await seedTraders(database, clock, config);
  } finally {
    clock.stop();
    await database.close();
  }
});
