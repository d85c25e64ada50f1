import { z } from 'zod';
import { kafkaConfig } from '@base/event-log';
import { custodyConfig } from '@platform/custody';
import { paymentsConfig } from '@platform/payments';
import { pricingConfig } from '@platform/pricing';
import { venueConfig, venueOperatorConfig } from '@products/venue';
import { hedgeConfig } from './hedge/appoint-member.js';
import { flag, loadConfig, port, secretText, secretUrl } from '@base/config';

/** What the worker reads of its environment; docs/configuration.md says what each means. */
export const loadWorkerConfig = (environment?: Record<string, string | undefined>) =>
  loadConfig(
    {
      DATABASE_URL: secretUrl('postgres', 'postgresql'),
      REDIS_URL: secretUrl('redis', 'rediss').optional(),
      WORKER_METRICS_PORT: port(3002),
      SANDBOX: flag(),
      ...custodyConfig,
      ...paymentsConfig,
      ...venueConfig,
      ...hedgeConfig,
      ...venueOperatorConfig,
      ...kafkaConfig,
      EXCHANGE_OBSERVER_KEY: secretText(24).optional(),
      ...pricingConfig,
      QUOTE_SIGNING_KEY: secretText(24),
      BITCOIN_RPC_URL: secretUrl('http', 'https'),
      ETHEREUM_RPC_URL: secretUrl('http', 'https'),
      SIGNER_SOCKET: z.string().min(1),
      SIGNER_TICKET_KEY_FILE: z.string().min(1),
      TOKEN_KEY: secretText(24),
      TOKEN_KEY_PREVIOUS: secretText(24).optional(),
      SMTP_URL: secretUrl('smtp', 'smtps').optional(),
      MAIL_FROM: z.string().min(3).default('Strongroom <no-reply@strongroom.example>'),
      AUDIT_ANCHOR_FILE: z.string().min(1).default('.strongroom/audit-anchors.jsonl'),
    },
    environment,
  );

export type WorkerConfig = ReturnType<typeof loadWorkerConfig>;
