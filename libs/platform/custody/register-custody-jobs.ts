import { z } from 'zod';
import { type Secret } from '@base/config';
import { type Jobs } from '@base/jobs';
import { BitcoinClient, EthereumClient, isNodeTrouble, JsonRpc } from '@platform/chains';
import { SignerClient, SignerUnavailable, TicketAuthority, WatchOnlyAccounts } from '@platform/keys';
import { AllocateAddress } from './allocate-address.js';
import { type CustodyRound, custodyRounds } from './custody-rounds.js';
import { type CustodyParts } from './parts.js';
import { DRIVE_JOB } from './request-withdrawal.js';
import { CHAIN_ASSETS, type ChainAsset, type CustodySettings } from './settings.js';
import { whenStill } from './when-still.js';

export interface CustodyJobsOptions {
  readonly settings: CustodySettings;
  /** The first node is asked, the others are its witnesses. */
  readonly bitcoinRpcUrls: readonly [Secret, ...Secret[]];
  readonly ethereumRpcUrls: readonly [Secret, ...Secret[]];
  readonly signerSocket: string;
  readonly ticketKeyFile: string;
  readonly everyMs?: number;
}

/** What other work of the process may use. */
export interface CustodyJobs {
  readonly addresses: AllocateAddress;
  readonly rounds: Readonly<Record<(typeof CHAIN_ASSETS)[number], CustodyRound>>;
  /** Registers the signer's accounts, makes the house's addresses, refreshes fees. Throws while the signer or a node is away. */
  prepare(): Promise<void>;
}

/** Stops all signing: handed to the signer over its socket, again until it says yes. */
export const FREEZE_JOB = 'custody.freeze-signer';
export const RECONCILE_JOB = 'custody.reconcile';

const ROUND_MS = 1_000;
const PREPARE_MS = 15_000;
const RECONCILE_MS = 30_000;

/** Everything that custody does later: a round for each chain every second, fees, reconciliation, and what operators order. */
export async function registerCustodyJobs(
  parts: CustodyParts & { readonly jobs: Jobs },
  options: CustodyJobsOptions,
): Promise<CustodyJobs> {
  const { database, clock, jobs, logger } = parts;
  const { settings } = options;
  const accounts = new WatchOnlyAccounts();
  const addresses = new AllocateAddress(database, accounts, settings, clock);
  const signer = new SignerClient(options.signerSocket);
  const rounds = custodyRounds(parts, {
    settings,
    addresses,
    signer,
    authority: await TicketAuthority.fromFile(options.ticketKeyFile),
    bitcoin: mapNodes(options.bitcoinRpcUrls, (url) => new BitcoinClient(new JsonRpc({ url }), settings.network)),
    ethereum: mapNodes(
      options.ethereumRpcUrls,
      (url) => new EthereumClient(new JsonRpc({ url }), settings.ethereumChainId),
    ),
  });
  const prepare = async (): Promise<void> => {
    const { accounts: described } = await signer.describe();
    await accounts.register(database, described);
    for (const asset of CHAIN_ASSETS) {
      await addresses.forHouse(asset);
      await rounds[asset].refreshFee();
    }
  };

  const reconcile = async (asset: ChainAsset): Promise<void> => {
    if (!(await whenStill(() => rounds[asset].reconcile())))
      logger.warn({ asset }, 'not reconciled: the chain was moving');
  };

  for (const asset of CHAIN_ASSETS) {
    const name = asset.toLowerCase();
    jobs.every({ kind: `custody.round-${name}`, everyMs: options.everyMs ?? ROUND_MS, run: () => rounds[asset].run() });
    jobs.every({
      kind: `custody.reconcile-${name}`,
      everyMs: RECONCILE_MS,
      run: () => whereReachable(() => reconcile(asset)),
    });
  }
  jobs.every({ kind: 'custody.prepare', everyMs: PREPARE_MS, run: () => whereReachable(prepare) });
  const ofAsset = z.object({ asset: z.enum(CHAIN_ASSETS) });
  jobs.registerOutside({ kind: DRIVE_JOB, schema: ofAsset, handle: ({ asset }) => rounds[asset].drive() });
  jobs.registerOutside({
    kind: RECONCILE_JOB,
    schema: ofAsset,
    handle: ({ asset }) => reconcile(asset),
  });
  jobs.registerOutside({
    kind: FREEZE_JOB,
    schema: z.object({ reason: z.string().min(1).max(200) }),
    handle: async ({ reason }) => {
      await signer.freeze(reason);
      logger.warn('the signer is frozen');
    },
  });
  return { addresses, rounds, prepare };

  /** What cannot be reached now is asked again by the next run. */
  async function whereReachable(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SignerUnavailable) && !isNodeTrouble(error)) throw error;
      logger.warn({ why: error.message }, 'custody waits for its signer or a node');
    }
  }
}

function mapNodes<Client>(
  [first, ...rest]: readonly [Secret, ...Secret[]],
  client: (url: Secret) => Client,
): readonly [Client, ...Client[]] {
  return [client(first), ...rest.map(client)];
}
