import { type BitcoinClient, type BlockHeader, ChainFollower, type EthereumClient, isNodeTrouble, NodeLies, ReorganisationTooDeep } from '@platform/chains'; // prettier-ignore
import { type TicketAuthority, type TransactionSigner } from '@platform/keys';
import { addressesInUse } from './addresses.js';
import { type AllocateAddress } from './allocate-address.js';
import { BitcoinRail } from './bitcoin-rail.js';
import { unspentCoins } from './coins.js';
import { CreditDeposits, testimonyOf } from './credit-deposits.js';
import { DriveIntents } from './drive-intents.js';
import { EndUnsigned } from './end-unsigned.js';
import { EthereumRail } from './ethereum-rail.js';
import { storeFeeRate } from './fee-quotes.js';
import { halt } from './halts.js';
import { bitcoinHoldings, ethereumHoldings } from './holdings.js';
import { measureCustody } from './measure-custody.js';
import { type CustodyParts } from './parts.js';
import { PlanSweeps } from './plan-sweeps.js';
import { type Rail } from './rail.js';
import { Reconcile } from './reconcile.js';
import { RecordDeposit } from './record-deposit.js';
import { RecordForeignSpend } from './record-foreign-spend.js';
import { ReplaceAttempt } from './replace-attempt.js';
import { ReserveIntent } from './reserve-intent.js';
import { noScreening, type Screening, ScreenIntent } from './screen-intent.js';
import { SendAttempt } from './send-attempt.js';
import { type ChainAsset, type CustodySettings } from './settings.js';
import { SettleIntent } from './settle-intent.js';
import { SignAttempt } from './sign-attempt.js';
import { TakeInBitcoin } from './take-in-bitcoin.js';
import { TakeInEthereum } from './take-in-ethereum.js';
import { WatchAttempts } from './watch-attempts.js';

/** What the worker gives custody beyond its parts. */
export interface RoundsOptions {
  readonly settings: CustodySettings;
  readonly addresses: AllocateAddress;
  readonly signer: TransactionSigner;
  readonly authority: TicketAuthority;
  readonly bitcoin: readonly [BitcoinClient, ...BitcoinClient[]];
  readonly ethereum: readonly [EthereumClient, ...EthereumClient[]];
  readonly screening?: Screening;
  readonly startHeights?: Readonly<Partial<Record<ChainAsset, number>>>;
}

/** One asset's work, in order: blocks, deposits, sweeps, withdrawals. */
export interface CustodyRound {
  readonly asset: ChainAsset;
  run(): Promise<void>;
  /** Takes withdrawals onwards alone, for when one has just been asked for. */
  drive(): Promise<void>;
  reconcile(): ReturnType<Reconcile['run']>;
  refreshFee(): Promise<void>;
}

/** Wires custody for both chains. The first node of each is asked, the others are its witnesses. */
export function custodyRounds(parts: CustodyParts, options: RoundsOptions): Readonly<Record<ChainAsset, CustodyRound>> {
  return { BTC: bitcoinRound(parts, options), ETH: ethereumRound(parts, options) };
}

function bitcoinRound(parts: CustodyParts, options: RoundsOptions): CustodyRound {
  const { ledger, events, clock, logger } = parts;
  const settings = options.settings.assets.BTC;
  const [client, ...witnesses] = options.bitcoin;
  const watch = new WatchAttempts(ledger, events, clock, logger);
  const foreign = new RecordForeignSpend(ledger, events, clock, logger);
  const consumer = new TakeInBitcoin(settings, new RecordDeposit(ledger, events, clock, logger), watch, foreign);
  const rail = new BitcoinRail(client, options.addresses, options.settings, clock);
  return round(parts, options, {
    rail,
    watch,
    follower: new ChainFollower({ ...following(parts, options, 'BTC'), source: client, consumer }),
    credit: new CreditDeposits(parts, settings, {
      sources: witnesses,
      // The header commits to the transactions, and the follower has checked it: the same block says the same.
      testimony: (_, deposit) => testimonyOf(deposit),
    }),
    reconcile: new Reconcile(parts, settings, async (tx) =>
      bitcoinHoldings(client, await unspentCoins(tx, settings.chainId)),
    ),
  });
}

function ethereumRound(parts: CustodyParts, options: RoundsOptions): CustodyRound {
  const { ledger, events, clock, logger, database } = parts;
  const settings = options.settings.assets.ETH;
  const [client, ...witnesses] = options.ethereum;
  const watch = new WatchAttempts(ledger, events, clock, logger);
  const foreign = new RecordForeignSpend(ledger, events, clock, logger);
  const consumer = new TakeInEthereum(settings, new RecordDeposit(ledger, events, clock, logger), watch, foreign);
  const sweeps = new PlanSweeps(parts, settings, client, options.addresses);
  const credit = new CreditDeposits(parts, settings, {
    sources: witnesses,
    testimony: (block, { txid, outputIndex }) => {
      const shown = block.movements.find((movement) => movement.txid === txid && movement.index === outputIndex);
      return shown === undefined
        ? 'nothing'
        : testimonyOf({ txid, outputIndex, amount: shown.value, address: shown.to });
    },
  });
  return round(parts, options, {
    rail: new EthereumRail(client, options.addresses, database, options.settings),
    watch,
    follower: new ChainFollower({ ...following(parts, options, 'ETH'), source: client, consumer }),
    credit,
    sweeps,
    reconcile: new Reconcile(parts, settings, async (tx) => {
      const addresses = await addressesInUse(tx, settings.chainId);
      return ethereumHoldings(client, addresses.map(({ address }) => address)); // prettier-ignore
    }),
  });
}

function following({ database, clock }: CustodyParts, options: RoundsOptions, asset: ChainAsset) {
  const { chainId, confirmations } = options.settings.assets[asset];
  const startHeight = options.startHeights?.[asset];
  return {
    chainId,
    database,
    clock,
    maxReorg: confirmations.maxReorg,
    ...(startHeight === undefined ? {} : { startHeight }),
  };
}

interface RoundParts<Block extends BlockHeader, Plan> {
  readonly rail: Rail<Plan>;
  readonly watch: WatchAttempts;
  readonly follower: ChainFollower<Block>;
  readonly credit: CreditDeposits<Block>;
  readonly sweeps?: PlanSweeps;
  readonly reconcile: Reconcile;
}

function round<Block extends BlockHeader, Plan>(
  parts: CustodyParts,
  options: RoundsOptions,
  { rail, watch, follower, credit, sweeps, reconcile }: RoundParts<Block, Plan>,
): CustodyRound {
  const { asset, chainId } = rail.settings;
  const driver = new DriveIntents(parts, rail, {
    screen: new ScreenIntent(parts, options.settings, options.screening ?? noScreening),
    end: new EndUnsigned(parts),
    reserve: new ReserveIntent(parts, rail),
    sign: new SignAttempt(parts, rail, options.signer, options.authority, options.settings),
    send: new SendAttempt(parts, rail, watch),
    replace: new ReplaceAttempt(parts, rail),
    settle: new SettleIntent(parts, rail),
  });
  return {
    asset,
    run: async () => {
      await guarded(parts, asset, async () => {
        await follower.catchUp();
        await credit.run();
        await sweeps?.run();
      });
      await driver.run();
      await measureCustody(parts.database, rail.settings, parts.clock.now());
    },
    drive: () => driver.run(),
    reconcile: () => reconcile.run(),
    refreshFee: async () => storeFeeRate(parts.database, chainId, await rail.marketRate(), parts.clock.now()),
  };
}

/** A node that is away means waiting; one that lies, or a chain that turned too far, stops the asset until a person has looked. */
async function guarded(
  { database, clock, logger }: CustodyParts,
  asset: ChainAsset,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isNodeTrouble(error)) {
      logger.warn({ asset, why: error.message }, 'no node: deposits wait');
      return;
    }
    if (!(error instanceof NodeLies) && !(error instanceof ReorganisationTooDeep)) throw error;
    const actor = error instanceof NodeLies ? 'node-lies' : 'deep-reorganisation';
    logger.error({ asset, err: error }, 'the asset is halted');
    await database.transaction((tx) =>
      halt(tx, { asset, scope: 'all', reason: error.message, actor, at: clock.now() }),
    );
  }
}
