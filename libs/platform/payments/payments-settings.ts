import { z } from 'zod';
import { type Secret, secretText } from '@base/config';
import { SandboxBank } from './sandbox-bank.js';
import { SandboxCard } from './sandbox-card.js';
import { type BankRail } from './bank-rail.js';
import { type CardProcessor } from './card-processor.js';
import { DEFAULT_TERMS, type PaymentsTerms, SANDBOX_TERMS } from './terms.js';

/** What every process that talks to bank and card processor reads of its environment. */
export const paymentsConfig = {
  BANK_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:4001'),
  BANK_API_KEY: secretText(),
  CARD_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:4002'),
  CARD_API_KEY: secretText(),
};

/** What the process that takes their webhooks reads besides. While a key is being replaced, the one that it replaces is taken as well. */
export const webhookConfig = {
  BANK_WEBHOOK_SECRET: secretText(),
  BANK_WEBHOOK_SECRET_PREVIOUS: secretText().optional(),
  CARD_WEBHOOK_SECRET: secretText(),
  CARD_WEBHOOK_SECRET_PREVIOUS: secretText().optional(),
};

export interface RailsConfig {
  readonly BANK_URL: string;
  readonly BANK_API_KEY: Secret;
  readonly CARD_URL: string;
  readonly CARD_API_KEY: Secret;
}

/** A sandbox does not make people wait for a new beneficiary. */
export const termsOf = ({ SANDBOX }: { readonly SANDBOX: boolean }): PaymentsTerms =>
  SANDBOX ? SANDBOX_TERMS : DEFAULT_TERMS;

/** The bank and the card processor that the environment names. */
export const railsOf = (config: RailsConfig): { bank: BankRail; card: CardProcessor } => ({
  bank: new SandboxBank({ url: config.BANK_URL, apiKey: config.BANK_API_KEY }),
  card: new SandboxCard({ url: config.CARD_URL, apiKey: config.CARD_API_KEY }),
});
