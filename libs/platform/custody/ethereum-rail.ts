import { type Database, type Tx } from '@base/database';
import { buildEthereumTransfer } from '@core/wallet';
import { type BroadcastOutcome, type EthereumClient, type EthereumFees, ethereumFees, ethereumReplacementFees, NodeRefused } from '@platform/chains'; // prettier-ignore
import { type OwnAddress, readAddress } from './addresses.js';
import { type AllocateAddress } from './allocate-address.js';
import { type Attempt } from './attempts.js';
import { type Intent } from './intents.js';
import { hasUnsignedNonce, lockAccount, nextNonce, returnNonce, takeNonce } from './nonces.js';
import { type BuildRequest, type Built, type Rail, type Shortage } from './rail.js';
import { type AssetSettings, type CustodySettings } from './settings.js';

interface EthereumPlan {
  readonly from: OwnAddress;
  readonly fees: EthereumFees;
  readonly gas: bigint;
  /** Wei on the paying address, as the newest block leaves it. */
  readonly balance: bigint;
  /** Transactions of the paying address that are in blocks. */
  readonly mined: number;
}

const PLAIN_GAS = 21_000n;

/** Pays ether from the hot address, and moves what came to deposit addresses there. */
export class EthereumRail implements Rail<EthereumPlan> {
  readonly settings: AssetSettings;

  constructor(
    private readonly client: EthereumClient,
    private readonly addresses: AllocateAddress,
    private readonly database: Database,
    private readonly custody: CustodySettings,
  ) {
    this.settings = custody.assets.ETH;
  }

  async plan({ intent, earlier, purpose }: BuildRequest): Promise<EthereumPlan | { readonly shortage: Shortage }> {
    const from = await this.#payer(intent);
    const market = await ethereumFees(this.client);
    const before = earlier.at(-1);
    const fees = before === undefined ? market : ethereumReplacementFees(pricesOf(before), market);
    const gas = purpose === 'cancel' || intent.kind === 'sweep' ? PLAIN_GAS : await this.#gasFor(intent, from);
    if (gas === undefined) return { shortage: 'destination_refuses' };
    return {
      from,
      fees,
      gas,
      // In this order: what a block in between mines counts twice rather than not at all.
      mined: await this.client.nonceOf(from.address, 'latest'),
      balance: await this.client.balanceAt(from.address, 'latest'),
    };
  }

  async build(tx: Tx, request: BuildRequest, plan: EthereumPlan): Promise<Built> {
    const { intent, earlier, purpose } = request;
    const { chainId } = this.settings;
    const { from, fees, gas } = plan;
    const fee = gas * fees.maxFeePerGas;
    if (fee > intent.maxNetworkFee) return { shortage: 'network_fee_above_limit' };
    await lockAccount(tx, chainId, from.address);
    const amount = purpose === 'cancel' ? 0n : intent.kind === 'sweep' ? plan.balance - fee : intent.amount;
    // A sweep that costs a tenth of what it moves waits for more.
    if (intent.kind === 'sweep' && purpose === 'pay' && amount < 10n * fee) return { shortage: 'nothing_to_sweep' };
    const before = earlier.at(-1);
    const nonce = before?.nonce ?? (await this.#newNonce(tx, request, plan, amount + fee));
    if (typeof nonce !== 'bigint') return nonce;
    const to = purpose === 'cancel' ? from.address : intent.destination;
    return {
      transaction: {
        unsigned: buildEthereumTransfer({
          chainId: this.custody.ethereumChainId,
          nonce: Number(nonce),
          to,
          value: amount,
          gasLimit: gas,
          ...fees,
        }),
        fee,
        feeRate: fees.maxFeePerGas,
        tipRate: fees.maxPriorityFeePerGas,
        from: { branch: from.branch, index: from.index },
        nonce,
        destination: to,
        amount,
      },
    };
  }

  async #newNonce(
    tx: Tx,
    { intent }: BuildRequest,
    plan: EthereumPlan,
    needed: bigint,
  ): Promise<bigint | { shortage: Shortage }> {
    const { chainId } = this.settings;
    const account = plan.from.address;
    if (await hasUnsignedNonce(tx, chainId, account)) return { shortage: 'in_queue' };
    if (plan.balance - (await committed(tx, chainId, account, plan.mined)) < needed)
      return { shortage: 'hot_wallet_short' };
    const nonce = await nextNonce(tx, chainId, account, BigInt(plan.mined));
    if (nonce === undefined) return { shortage: 'nonce_not_ours' };
    await takeNonce(tx, chainId, { account, nonce, intentId: intent.id });
    return nonce;
  }

  async #payer(intent: Intent): Promise<OwnAddress> {
    if (intent.sourceId !== null) return readAddress(this.database, intent.sourceId);
    return this.database.transaction((tx) => this.addresses.ethereumHot(tx));
  }

  /** A plain account takes 21,000; one that carries code is asked, with a fifth to spare. `undefined` when it would refuse. */
  async #gasFor(intent: Intent, from: OwnAddress): Promise<bigint | undefined> {
    if (!(await this.client.hasCode(intent.destination))) return PLAIN_GAS;
    try {
      return (
        ((await this.client.estimateGas({ from: from.address, to: intent.destination, value: intent.amount })) * 12n) /
        10n
      );
    } catch (error) {
      if (error instanceof NodeRefused) return undefined;
      throw error;
    }
  }

  release(tx: Tx, intent: Intent): Promise<void> {
    return returnNonce(tx, intent.id);
  }

  /** A used nonce stays with its intent for good. */
  settled(): Promise<void> {
    return Promise.resolve();
  }

  broadcast(raw: string): Promise<BroadcastOutcome> {
    return this.client.broadcast(raw);
  }

  isPooled(txid: string): Promise<boolean> {
    return this.client.isKnown(txid);
  }

  async marketRate(): Promise<bigint> {
    return (await ethereumFees(this.client)).maxFeePerGas;
  }

  /** Only the lowest nonce that is not mined can be mined next: paying more for a later one helps nobody. */
  async isNextInLine(attempt: Attempt): Promise<boolean> {
    if (attempt.nonce === null) return true;
    const { account } = await this.database.one<{ account: string }>(
      'SELECT account FROM custody.nonce_slot WHERE intent_id = $1',
      [attempt.intentId],
    );
    return attempt.nonce <= BigInt(await this.client.nonceOf(account, 'latest'));
  }
}

function pricesOf({ feeRate, tipRate }: Attempt): EthereumFees {
  return { maxFeePerGas: feeRate, maxPriorityFeePerGas: tipRate ?? feeRate };
}

/** Wei that transactions of an account will still take: those from the first nonce on that no block has used. */
async function committed(tx: Tx, chainId: string, account: string, mined: number): Promise<bigint> {
  const { sum } = await tx.one<{ sum: bigint }>(
    `SELECT coalesce(sum(t.amount + t.fee), 0) AS sum FROM custody.nonce_slot s JOIN LATERAL (
       SELECT amount, fee FROM custody.attempt WHERE intent_id = s.intent_id ORDER BY n DESC LIMIT 1) t ON true
      WHERE s.chain_id = $1 AND s.account = $2 AND s.nonce >= $3`,
    [chainId, account, mined],
  );
  return sum;
}
