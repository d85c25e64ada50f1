import { type Clock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { decodeBitcoinAddress, dustThreshold } from '@core/wallet';
import { lockCustomer } from '@platform/identity';
import { type Ledger, LedgerRefusal } from '@platform/ledger';
import { decodeDestination } from './decode-destination.js';
import { type FeeQuote, quoteFee } from './fee-quotes.js';
import { findHalt } from './halts.js';
import { findIntent, insertIntent, type Intent, withdrawnSince } from './intents.js';
import { withdrawalHeld } from './journals.js';
import { refusal } from './refusals.js';
import { type ChainAsset, type CustodySettings } from './settings.js';
import { type WithdrawableValue } from './withdrawable-value.js';

export interface WithdrawalRequest {
  readonly customerId: string;
  readonly idempotencyKey: string;
  readonly asset: ChainAsset;
  readonly destination: string;
  /** Minor units that arrive. */
  readonly amount: bigint;
  /** Most that the customer agreed to pay for the network. */
  readonly maxFee?: bigint | undefined;
}

const DAY_MS = 86_400_000;

/** The kind of the job that wakes the driver; it carries nothing, since the intents themselves are the work. */
export const DRIVE_JOB = 'custody.drive-withdrawals';

/**
 * Takes a withdrawal in: address, limits, value that must stay and balance are checked, amount and fee set aside, and the intent written, in
 * one transaction.
 * From here on it is the driver's.
 */
export class RequestWithdrawal {
  constructor(
    private readonly ledger: Ledger,
    private readonly withdrawable: WithdrawableValue,
    private readonly outbox: Outbox,
    private readonly settings: CustodySettings,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal, of which every one leaves nothing behind */
  async run(tx: Tx, request: WithdrawalRequest): Promise<Intent> {
    const { customerId, asset, amount } = request;
    const settings = this.settings.assets[asset];
    if ((await findHalt(tx, asset)) !== undefined) throw refusal('asset_halted');
    const destination = await decodeDestination(tx, this.settings, request);
    if (amount < settings.minWithdrawal) throw refusal('amount_too_small');
    const quote = await quoteFee(tx, settings, this.clock);
    if (quote === undefined) throw refusal('custody_not_ready');
    if (request.maxFee !== undefined && quote.fee > request.maxFee) throw refusal('network_fee_too_high');
    await this.#checkStanding(tx, customerId);
    await this.#checkLimit(tx, request);
    // The fee leaves the customer as well, though it stays with us.
    await this.withdrawable.assert(tx, customerId, { asset, minor: amount + quote.fee });
    const id = await this.#write(tx, request, destination, quote);
    await this.outbox.enqueue(tx, { kind: DRIVE_JOB, payload: { asset } });
    const intent = await findIntent(tx, id);
    if (intent === undefined) throw new Error('an intent that was just written is not there');
    return intent;
  }

  async #checkStanding(tx: Tx, customerId: string): Promise<void> {
    // Locked: one request of a customer at a time, so that limits are counted and not guessed.
    const customer = await lockCustomer(tx, customerId);
    if (customer?.status !== 'active') throw refusal('account_frozen');
    if (customer.withdrawalsHeldUntil !== null && customer.withdrawalsHeldUntil > this.clock.now())
      throw refusal('withdrawals_held');
  }

  async #checkLimit(tx: Tx, { customerId, asset, amount, destination }: WithdrawalRequest): Promise<void> {
    const since = new Date(this.clock.now().getTime() - DAY_MS);
    const spent = await withdrawnSince(tx, customerId, asset, since);
    if (spent + amount > this.settings.assets[asset].dailyLimit) throw refusal('withdrawal_limit_exceeded');
    if (asset === 'BTC' && amount < dustThreshold(decodeBitcoinAddress(destination, this.settings.network).script)) {
      throw refusal('amount_too_small');
    }
  }

  async #write(tx: Tx, request: WithdrawalRequest, destination: string, quote: FeeQuote): Promise<string> {
    const { customerId, idempotencyKey, asset, amount } = request;
    const now = this.clock.now();
    const id = uuidV7(now.getTime());
    await insertIntent(tx, {
      id,
      kind: 'withdrawal',
      chainId: this.settings.assets[asset].chainId,
      asset,
      customerId,
      idempotencyKey,
      sourceId: null,
      destination,
      amount,
      fee: quote.fee,
      maxNetworkFee: quote.maxNetworkFee,
      expiresAt: new Date(now.getTime() + this.settings.intentLifetimeMs),
      state: 'requested',
      at: now,
    });
    try {
      await this.ledger.post(tx, withdrawalHeld({ id, asset, customerId, amount, fee: quote.fee }));
    } catch (error) {
      if (error instanceof LedgerRefusal && error.code === 'insufficient_funds') throw refusal('insufficient_funds');
      throw error;
    }
    return id;
  }
}
