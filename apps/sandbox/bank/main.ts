import { loadConfig, port, secretText } from '@base/config';
import { z } from 'zod';
import { serve } from '../outside/run.js';
import { bankServer } from './bank-server.js';

const config = loadConfig({
  BANK_PORT: port(4001),
  BANK_API_KEY: secretText(),
  BANK_WEBHOOK_SECRET: secretText(),
  BANK_WEBHOOK_URL: z.url().optional(),
  BANK_DATA_DIR: z.string(),
  BANK_SETTLE_MS: z.coerce.number().int().min(0).optional(),
  BANK_WEBHOOK_RETRY_BASE_MS: z.coerce.number().int().min(1).optional(),
});

const server = await bankServer({
  apiKey: config.BANK_API_KEY.reveal(),
  webhookSecret: config.BANK_WEBHOOK_SECRET.reveal(),
  webhookUrl: config.BANK_WEBHOOK_URL,
  folder: config.BANK_DATA_DIR,
  settleMs: config.BANK_SETTLE_MS,
  retryBaseMs: config.BANK_WEBHOOK_RETRY_BASE_MS,
});
await serve('bank', config.BANK_PORT, server);
