import { z } from 'zod';
import { port, secretText } from '@base/config';
import { processConfig } from '@base/process';
import { custodyConfig } from '@platform/custody';
import { paymentsConfig, webhookConfig } from '@platform/payments';
import { pricingConfig } from '@platform/pricing';

/** What the customers' API reads of its environment; docs/configuration.md says what each means. */
export const apiConfig = {
  ...processConfig,
  ...custodyConfig,
  ...paymentsConfig,
  ...webhookConfig,
  ...pricingConfig,
  QUOTE_SIGNING_KEY: secretText(24),
  API_PORT: port(3000),
  API_PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:3000'),
};

export type ApiConfig = z.infer<z.ZodObject<typeof apiConfig>>;
