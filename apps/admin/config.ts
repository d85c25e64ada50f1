import { z } from 'zod';
import { port } from '@base/config';
import { processConfig } from '@base/process';
import { custodyConfig } from '@platform/custody';
import { paymentsConfig } from '@platform/payments';
import { pricingConfig } from '@platform/pricing';
import { venueOperatorConfig } from '@products/venue';

/** What the operators' API reads of its environment; docs/configuration.md says what each means. */
export const adminConfig = {
  ...processConfig,
  ...custodyConfig,
  ...paymentsConfig,
  ...venueOperatorConfig,
  ...pricingConfig,
  ADMIN_PORT: port(3001),
  API_PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:3000'),
  AUDIT_ANCHOR_FILE: z.string().min(1).default('.strongroom/audit-anchors.jsonl'),
};

export type AdminConfig = z.infer<z.ZodObject<typeof adminConfig>>;
