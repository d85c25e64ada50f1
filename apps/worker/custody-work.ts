import { custodySettingsOf, registerCustodyJobs } from '@platform/custody';
import { registerSandboxTraders } from './fund-sandbox-traders.js';
import { registerSandboxHouse } from './sandbox-house.js';
import { type WorkerParts } from './worker.js';

/** Coins in and out: both chains, deposits, sweeps, withdrawals, the reconciliation. */
export async function registerCustodyWork(parts: WorkerParts): Promise<void> {
  const { config } = parts;
  const custody = await registerCustodyJobs(parts, {
    settings: custodySettingsOf(config),
    bitcoinRpcUrls: [config.BITCOIN_RPC_URL],
    ethereumRpcUrls: [config.ETHEREUM_RPC_URL],
    signerSocket: config.SIGNER_SOCKET,
    ticketKeyFile: config.SIGNER_TICKET_KEY_FILE,
  });
  if (!config.SANDBOX) return;
  registerSandboxHouse(parts, custody.addresses);
  if (config.EXCHANGE_ADDRESSES.length > 0) registerSandboxTraders(parts, custody.addresses);
}
