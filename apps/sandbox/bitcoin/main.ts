import { BitcoinDevChain } from './dev-chain.js';

/** A whole number from the environment. */
function numberFrom(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}

/** An environment variable that counts as unset when empty. */
const textFrom = (name: string): string | undefined => process.env[name] || undefined;

const folder = textFrom('BITCOIN_DATA_DIR');
const user = textFrom('BITCOIN_RPC_USER');
const password = textFrom('BITCOIN_RPC_PASSWORD');
const host = textFrom('LISTEN_ADDRESS');

const chain = await BitcoinDevChain.start({
  port: numberFrom('BITCOIN_RPC_PORT', 18_443),
  blockIntervalMs: numberFrom('BITCOIN_BLOCK_INTERVAL_MS', 10_000),
  ...(folder === undefined ? {} : { folder }),
  ...(user === undefined ? {} : { user }),
  ...(password === undefined ? {} : { password }),
  ...(host === undefined ? {} : { host }),
});

let stopping = false;
const stop = (): void => {
  if (stopping) return;
  stopping = true;
  void chain.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// A test that spawned this process with a channel takes it along when it dies, however it dies.
process.once('disconnect', stop);

// A password that somebody chose stays out of the log; whoever starts us without one needs to be told.
const url = password === undefined ? chain.url : chain.url.replace(/\/\/.*@/, '//');
process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
