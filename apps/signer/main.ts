import { ConfigurationError } from '@base/config';
import { createLogger } from '@base/observability';
import { KeyWrapperError, PassphraseFileWrapper, SignerClient } from '@platform/keys';
import { readConfiguration } from './configuration.js';
import { createHotSeed, SeedMissing } from './hot-seed.js';
import { LogDamaged } from './signing-log.js';
import { startSigner } from './start-signer.js';

const USAGE = `usage: signer            serve on SIGNER_SOCKET
       signer init       make a new hot seed in HOT_KEY_FOLDER (never overwrites one)
       signer xpub       print the watch-only accounts of the running signer as JSON
       signer freeze WHY stop all signing until the flag file is removed by hand`;

const logger = createLogger('signer');

async function serve(): Promise<void> {
  const configuration = await readConfiguration();
  const stop = (code: number): void => {
    void running.close().finally(() => process.exit(code));
  };
  const onBroken = (error: unknown): void => {
    logger.fatal({ err: error }, 'the signer cannot go on');
    process.exit(1);
  };
  const running = await startSigner(configuration, { logger, onBroken });
  process.once('SIGINT', () => stop(0));
  process.once('SIGTERM', () => stop(0));
  logger.info({ socket: configuration.socketPath }, 'signer ready');
}

async function main([command, ...rest]: readonly string[]): Promise<void> {
  if (command === undefined) return serve();
  if (command === 'init') {
    const { keyFolder, passphraseFile } = await readConfiguration();
    await createHotSeed(keyFolder, await PassphraseFileWrapper.fromFile(passphraseFile));
    return;
  }
  const client = new SignerClient(process.env['SIGNER_SOCKET'] ?? '');
  if (command === 'xpub') process.stdout.write(`${JSON.stringify((await client.describe()).accounts, null, 2)}\n`);
  else if (command === 'freeze' && rest.length > 0) await client.freeze(rest.join(' '));
  else throw new ConfigurationError(USAGE);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // What an operator can mend is one sentence; anything else is a bug and keeps its stack.
  const mendable = [ConfigurationError, KeyWrapperError, SeedMissing, LogDamaged].some((type) => error instanceof type);
  if (mendable) logger.fatal((error as Error).message);
  else logger.fatal({ err: error }, 'the signer did not start');
  process.exit(1);
});
