import { loadConfig, port } from '@base/config';
import { z } from 'zod';
import { VENUES } from './market.js';
import { PriceVenues } from './price-venues.js';

const config = loadConfig({ PRICES_PORT: port(4003), PRICES_SEED: z.string().min(1).max(100).default('strongroom') });

const venues = new PriceVenues({ seed: config.PRICES_SEED, now: Date.now });
const listening = await venues.listen(config.PRICES_PORT);
process.stdout.write(`prices: ${VENUES.map((venue) => `ws://127.0.0.1:${listening}/venues/${venue}`).join(' ')}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void venues.close().then(() => process.exit(0));
  });
}
