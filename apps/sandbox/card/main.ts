import { loadConfig, port, secretText } from '@base/config';
import { z } from 'zod';
import { serve } from '../outside/run.js';
import { cardServer } from './card-server.js';

const config = loadConfig({
  CARD_PORT: port(4002),
  CARD_API_KEY: secretText(),
  CARD_WEBHOOK_SECRET: secretText(),
  CARD_WEBHOOK_URL: z.url().optional(),
  CARD_DATA_DIR: z.string(),
  BANK_URL: z.url().optional(),
  CARD_PUBLIC_URL: z.url().optional(),
  CARD_REFUND_MS: z.coerce.number().int().min(0).optional(),
  CARD_PAYOUT_EVERY_MS: z.coerce.number().int().min(0).optional(),
  CARD_WEBHOOK_RETRY_BASE_MS: z.coerce.number().int().min(1).optional(),
});

const server = await cardServer({
  apiKey: config.CARD_API_KEY.reveal(),
  webhookSecret: config.CARD_WEBHOOK_SECRET.reveal(),
  webhookUrl: config.CARD_WEBHOOK_URL,
  folder: config.CARD_DATA_DIR,
  bankUrl: config.BANK_URL,
  publicUrl: config.CARD_PUBLIC_URL,
  refundMs: config.CARD_REFUND_MS,
  payoutEveryMs: config.CARD_PAYOUT_EVERY_MS,
  retryBaseMs: config.CARD_WEBHOOK_RETRY_BASE_MS,
});
await serve('card', config.CARD_PORT, server);
