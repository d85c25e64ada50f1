import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigurationError, flag, loadConfig } from '@base/config';
import { type BitcoinNetwork } from '@core/wallet';
import { type TicketPolicy } from '@platform/keys';
import { type Limits, limitsSchema, SANDBOX_LIMITS } from './limits.js';

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

export interface SignerConfiguration {
  readonly socketPath: string;
  readonly dataFolder: string;
  readonly keyFolder: string;
  readonly passphraseFile: string;
  readonly network: BitcoinNetwork;
  readonly ethereumChainId: bigint;
  readonly limits: Limits;
  readonly policies: readonly TicketPolicy[];
  readonly sandbox: boolean;
}

/** The signer's whole configuration. Outside the sandbox its limits have no default. @throws ConfigurationError */
export async function readConfiguration(
  environment: Record<string, string | undefined> = process.env,
): Promise<SignerConfiguration> {
  const config = loadConfig(
    {
      SIGNER_SOCKET: z.string(),
      SIGNER_DATA_DIR: z.string(),
      HOT_KEY_FOLDER: z.string(),
      HOT_KEY_PASSPHRASE_FILE: z.string(),
      SIGNER_TICKET_PUBLIC_KEY_FILE: z.string(),
      SIGNER_LIMITS: json.pipe(limitsSchema).optional(),
      BITCOIN_NETWORK: z.enum(['mainnet', 'testnet', 'signet', 'regtest']).default('regtest'),
      ETHEREUM_CHAIN_ID: z.string().regex(/^[1-9]\d{0,17}$/).default('31337').transform(BigInt), // prettier-ignore
      SANDBOX: flag(),
    },
    environment,
  );
  const limits = config.SIGNER_LIMITS ?? (config.SANDBOX ? limitsSchema.parse(SANDBOX_LIMITS) : undefined);
  if (limits === undefined) throw new ConfigurationError('SIGNER_LIMITS: must be set outside the sandbox');
  return {
    socketPath: config.SIGNER_SOCKET,
    dataFolder: config.SIGNER_DATA_DIR,
    keyFolder: config.HOT_KEY_FOLDER,
    passphraseFile: config.HOT_KEY_PASSPHRASE_FILE,
    network: config.BITCOIN_NETWORK,
    ethereumChainId: config.ETHEREUM_CHAIN_ID,
    limits,
    policies: [{ version: 1, threshold: 1, publicKeysPem: [await publicKey(config.SIGNER_TICKET_PUBLIC_KEY_FILE)] }],
    sandbox: config.SANDBOX,
  };
}

async function publicKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(
      `SIGNER_TICKET_PUBLIC_KEY_FILE: cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}
