import { z } from 'zod';
import { ConfigurationError, type Secret, secretText } from '@base/config';
import { type PrimaryOptions } from '@platform/venue-link';
import { type OperatorSettings } from './operator-link.js';
import { type SettlerSettings } from './settler.js';

/** What a process that settles the exchange reads of its environment. Without addresses there is no exchange to settle. */
export const venueConfig = {
  EXCHANGE_ADDRESSES: z
    .string()
    .optional()
    .transform((text) =>
      (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [addressOf(part.trim())])),
    ),
  EXCHANGE_SETTLEMENT_KEY: secretText(24).optional(),
};

/** What a process that operates the exchange reads of its environment. */
export const venueOperatorConfig = {
  EXCHANGE_ADDRESSES: venueConfig.EXCHANGE_ADDRESSES,
  EXCHANGE_OPERATOR_KEY: secretText(24).optional(),
};

/** Undefined where there is no exchange to operate, or no key to do it with. */
export function operatorSettingsOf(config: {
  readonly EXCHANGE_ADDRESSES: PrimaryOptions['addresses'];
  readonly EXCHANGE_OPERATOR_KEY?: Secret | undefined;
}): OperatorSettings | undefined {
  const { EXCHANGE_ADDRESSES: addresses, EXCHANGE_OPERATOR_KEY: key } = config;
  return addresses.length === 0 || key === undefined ? undefined : { addresses, key };
}

/** `host:port`, or the path of a Unix socket. */
function addressOf(text: string): PrimaryOptions['addresses'][number] {
  const [, host, port] = /^(?!\/)(.+):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? { path: text } : { host, port: Number(port) };
}

/** Undefined when settlement is off. @throws ConfigurationError for addresses without a key */
export function settlerSettingsOf(config: {
  readonly EXCHANGE_ADDRESSES: PrimaryOptions['addresses'];
  readonly EXCHANGE_SETTLEMENT_KEY?: Secret | undefined;
}): SettlerSettings | undefined {
  const { EXCHANGE_ADDRESSES: addresses, EXCHANGE_SETTLEMENT_KEY: key } = config;
  if (addresses.length === 0) return undefined;
  if (key === undefined) throw new ConfigurationError('EXCHANGE_ADDRESSES needs EXCHANGE_SETTLEMENT_KEY');
  return { addresses, key };
}
