import {
  type BitcoinBlock,
  BitcoinClient,
  type BlockHeader,
  ChainFollower,
  EthereumClient,
  type EthereumBlock,
  JsonRpc,
} from '@platform/chains';
import { AllocateAddress, countBitcoin, countEthereum, CreditDueDeposits, custodyChains, ReconcileCustody, RecordDeposit, registerDepositJobs, TakeInBitcoinBlocks, TakeInEthereumBlocks } from '@platform/custody'; // prettier-ignore
import { SignerClient, SignerUnavailable, WatchOnlyAccounts } from '@platform/keys';
import { type WorkerParts } from './worker.js';

const BITCOIN_EVERY_MS = 1_000;
const ETHEREUM_EVERY_MS = 1_000;
const ACCOUNTS_EVERY_MS = 2_000;

/** Coins in and out: the signer's accounts, the chains, deposits, the reconciliation. */
export function registerCustodyWork(parts: WorkerParts): void {
  const { config, database, clock, ledger, events, jobs, logger } = parts;
  const chains = custodyChains(config);
  const accounts = new WatchOnlyAccounts();
  const addresses = new AllocateAddress(accounts, chains, clock);
  const deposits = new RecordDeposit(ledger, events, clock);
  const bitcoin = new BitcoinClient(new JsonRpc({ url: config.BITCOIN_RPC_URL }), config.BITCOIN_NETWORK);
  const ethereum = new EthereumClient(new JsonRpc({ url: config.ETHEREUM_RPC_URL }), BigInt(config.ETHEREUM_CHAIN_ID));
  registerAccounts(parts, { accounts, addresses });

  const listener = { connected: () => Promise.resolve(), disconnected: () => Promise.resolve() };
  const shared = { database, clock, logger };
  const leftButUnsettled = (): Promise<bigint> => Promise.resolve(0n);
  const creditsOf = <Block extends BlockHeader>(chain: typeof chains.ethereum) =>
    new CreditDueDeposits<Block>({ database, chain, deposits, witnesses: [], logger, now: () => clock.now() });

  registerDepositJobs<BitcoinBlock>(
    jobs,
    {
      chain: chains.bitcoin,
      everyMs: BITCOIN_EVERY_MS,
      follower: new ChainFollower({
        chainId: chains.bitcoin.chainId,
        maxReorg: chains.bitcoin.policy.maxReorg,
        database,
        clock,
        source: bitcoin,
        consumer: new TakeInBitcoinBlocks({ chain: chains.bitcoin, deposits, listener }),
      }),
      credits: creditsOf<BitcoinBlock>(chains.bitcoin),
      reconcile: new ReconcileCustody({ database, ledger, clock, chain: chains.bitcoin, leftButUnsettled, count: countBitcoin(database, bitcoin, chains.bitcoin.chainId) }), // prettier-ignore
    },
    shared,
  );
  registerDepositJobs<EthereumBlock>(
    jobs,
    {
      chain: chains.ethereum,
      everyMs: ETHEREUM_EVERY_MS,
      follower: new ChainFollower({
        chainId: chains.ethereum.chainId,
        maxReorg: chains.ethereum.policy.maxReorg,
        database,
        clock,
        source: ethereum,
        consumer: new TakeInEthereumBlocks({ chain: chains.ethereum, deposits, listener }),
      }),
      credits: creditsOf<EthereumBlock>(chains.ethereum),
      reconcile: new ReconcileCustody({ database, ledger, clock, chain: chains.ethereum, leftButUnsettled, count: countEthereum(database, ethereum, chains.ethereum.chainId) }), // prettier-ignore
    },
    shared,
  );
}

/** Asks the signer for its accounts until it answers, and gives the house its addresses. The first registration is for good. */
function registerAccounts(
  parts: WorkerParts,
  { accounts, addresses }: { accounts: WatchOnlyAccounts; addresses: AllocateAddress },
): void {
  const signer = new SignerClient(parts.config.SIGNER_SOCKET);
  let registered = false;
  parts.jobs.every({
    kind: 'custody.register-accounts',
    everyMs: ACCOUNTS_EVERY_MS,
    run: async () => {
      if (registered) return;
      try {
        await accounts.register(parts.database, (await signer.describe()).accounts);
      } catch (error) {
        if (!(error instanceof SignerUnavailable)) throw error;
        parts.logger.warn('the signer does not answer yet');
        return;
      }
      await parts.database.transaction(async (tx) => {
        await addresses.house(tx, 'BTC');
        await addresses.house(tx, 'ETH');
      });
      registered = true;
    },
  });
}
