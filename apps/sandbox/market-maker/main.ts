import { loadConfig, port, secretText } from '@base/config';
import { z } from 'zod';
import { serveHealth } from './health.js';
import { MarketMaker } from './market-maker.js';
import { STRATEGIES } from './strategy.js';

const config = loadConfig({
  MARKET_MAKER_PORT: port(4004),
  MARKET_MAKER_REST_URL: z.url({ protocol: /^https?$/ }),
  MARKET_MAKER_WS_URL: z.url({ protocol: /^wss?$/ }),
  MARKET_MAKER_SECRET: secretText(24),
  MARKET_TAKER_SECRET: secretText(24).optional(),
  PRICE_URLS: z.string().transform((text) => text.split(',').flatMap((url) => (url.trim() === '' ? [] : [url.trim()]))),
});

const say = (text: string): void => void process.stdout.write(`market-maker: ${text}\n`);

const maker = new MarketMaker({
  restUrl: config.MARKET_MAKER_REST_URL,
  socketUrl: config.MARKET_MAKER_WS_URL,
  priceUrls: config.PRICE_URLS,
  makerSecret: config.MARKET_MAKER_SECRET.reveal(),
  takerSecret: config.MARKET_TAKER_SECRET?.reveal(),
  strategies: STRATEGIES,
  log: say,
});
const health = await serveHealth(config.MARKET_MAKER_PORT, () => maker.state);
maker.start();
say(`health on port ${health.port}`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    maker.stop();
    void health.close().then(() => process.exit(0));
  });
}
