import { z } from 'zod';
import { port, secretText } from '@base/config';
import { processConfig } from '@base/process';
import { custodyConfig } from '@platform/custody';
import { venueConfig } from '@products/venue';

const count = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

const { DATABASE_URL, REDIS_URL, SANDBOX, LOG_LEVEL, OTEL_EXPORTER_OTLP_ENDPOINT } = processConfig;

/** What the gateway reads of its environment; docs/configuration.md says what each means. It seals nothing, so it has no `TOKEN_KEY`. */
export const gatewayConfig = {
  DATABASE_URL,
  REDIS_URL,
  SANDBOX,
  LOG_LEVEL,
  OTEL_EXPORTER_OTLP_ENDPOINT,
  ...custodyConfig,
  EXCHANGE_ADDRESSES: venueConfig.EXCHANGE_ADDRESSES.refine((addresses) => addresses.length > 0, 'names no exchange'),
  EXCHANGE_GATEWAY_KEY: secretText(24),
  LISTEN_ADDRESS: z.string().min(1).default('127.0.0.1'),
  GATEWAY_REST_PORT: port(3010),
  GATEWAY_WS_PORT: port(3011),
  GATEWAY_FIX_PORT: port(3012),
  GATEWAY_FIX_TLS_KEY_FILE: z.string().min(1).optional(),
  GATEWAY_FIX_TLS_CERT_FILE: z.string().min(1).optional(),
  GATEWAY_FIX_MESSAGES_KEPT_DAYS: z.coerce.number().int().min(1).max(400).default(7),
  GATEWAY_METRICS_PORT: port(3013),
  GATEWAY_REST_BASE: z
    .string()
    .regex(/^(\/[\w.-]+)*$/, 'must be a path without a slash at its end')
    .default('/v3/exchange'),
  GATEWAY_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(5).default(0),
  GATEWAY_KEY_RATE: count(100),
  GATEWAY_ADDRESS_RATE: count(400),
};

export type GatewayConfig = z.infer<z.ZodObject<typeof gatewayConfig>>;
