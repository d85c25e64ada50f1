import { join } from 'node:path';
import { type Logger } from '@base/observability';
import { type KeyWrapper, PassphraseFileWrapper, TicketVerifier } from '@platform/keys';
import { type SignerConfiguration } from './configuration.js';
import { FreezeFlag } from './freeze-flag.js';
import { HotKeyring } from './hot-keyring.js';
import { createHotSeed, readHotSeed, SeedMissing } from './hot-seed.js';
import { type RunningServer, serveSigner } from './signer-server.js';
import { Signer } from './signer.js';
import { SigningLog } from './signing-log.js';

/** Opens the seed and the log and listens. In the sandbox the first start makes the seed; anywhere else `signer init` does. */
export async function startSigner(
  configuration: SignerConfiguration,
  options: { logger: Logger; onBroken: (error: unknown) => void },
): Promise<RunningServer> {
  const wrapper = await PassphraseFileWrapper.fromFile(configuration.passphraseFile);
  const keyring = await openKeyring(configuration, wrapper, options.logger);
  const log = await SigningLog.open(join(configuration.dataFolder, 'signing.log'));
  const signer = new Signer({
    keyring,
    log,
    tickets: new TicketVerifier(configuration.policies),
    limits: configuration.limits,
    freeze: new FreezeFlag(configuration.dataFolder),
    now: Date.now,
  });
  const server = await serveSigner(signer, { socketPath: configuration.socketPath, ...options });
  return {
    close: async () => {
      await server.close();
      await log.close();
    },
  };
}

async function openKeyring(
  configuration: SignerConfiguration,
  wrapper: KeyWrapper,
  logger: Logger,
): Promise<HotKeyring> {
  const { keyFolder, network, ethereumChainId, sandbox } = configuration;
  const entropy = await readHotSeed(keyFolder, wrapper).catch(async (error: unknown) => {
    if (!(error instanceof SeedMissing) || !sandbox) throw error;
    await createHotSeed(keyFolder, wrapper);
    logger.info('made a new hot wallet for this sandbox');
    return readHotSeed(keyFolder, wrapper);
  });
  const keyring = new HotKeyring(entropy, network, ethereumChainId);
  entropy.fill(0);
  return keyring;
}
