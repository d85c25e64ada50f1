import { type Clock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { type ChainAsset, custodyRefusal, type CustodySettings, findWhitelisted, isChainAsset, listHalts, quoteFee, type WhitelistEntry } from '@platform/custody'; // prettier-ignore
import { type Customer, lockCustomer } from '@platform/identity';
import { readEngineAssets } from './engine-asset.js';
import { type MoveFromExchange } from './move-money.js';
import { refusal } from './refusals.js';
import { type VenueWithdrawal } from './withdrawal.js';
import { findVenueWithdrawal, findVenueWithdrawalByKey, insertVenueWithdrawal } from './withdrawals.js';

export interface VenueWithdrawalRequest {
  readonly customerId: string;
  readonly idempotencyKey: string;
  readonly asset: string;
  readonly whitelistId: string;
  /** Minor units that shall arrive; or all of `available`, less the fee. */
  readonly amount: bigint | 'all';
  /** What the customer has on the exchange and is not held, in minor units: the engine decides, this only refuses at once what it would. */
  readonly available: bigint;
}

/**
 * Takes in a withdrawal from the exchange to an address that its customer has vouched for, and asks the engine for amount and fee. What the
 * engine counts less finely than the chain is rounded up; the rest of a unit stays in the customer's account.
 */
export class WithdrawFromExchange {
  constructor(
    private readonly move: MoveFromExchange,
    private readonly settings: CustodySettings,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal, of which every one leaves nothing behind */
  async run(tx: Tx, request: VenueWithdrawalRequest): Promise<VenueWithdrawal> {
    const { customerId, idempotencyKey, whitelistId, asset } = request;
    const customer = await lockCustomer(tx, customerId);
    const known = await findVenueWithdrawalByKey(tx, customerId, idempotencyKey);
    if (known !== undefined) return asBefore(known, request);
    this.#checkStanding(customer);
    if (!isChainAsset(asset)) throw custodyRefusal('asset_not_on_chain');
    if ((await listHalts(tx)).some((halt) => halt.asset === asset)) throw custodyRefusal('asset_halted');
    const entry = await findWhitelisted(tx, customerId, whitelistId);
    const { destination } = this.#usable(entry, asset);
    const quote = await quoteFee(tx, this.settings.assets[asset], this.clock);
    if (quote === undefined) throw custodyRefusal('custody_not_ready');
    const { fee } = quote;
    const { amount, moved } = await this.#amounts(tx, { ...request, asset, fee });
    const now = this.clock.now();
    const id = uuidV7(now.getTime());
    const { id: transferId } = await this.move.run(tx, {
      customerId,
      idempotencyKey: `withdrawal:${id}`,
      asset,
      amount: moved,
    });
    await insertVenueWithdrawal(tx, {
      id, customerId, idempotencyKey, asset, whitelistId, destination, amount, fee, transferId, createdAt: now,
    }); // prettier-ignore
    const stored = await findVenueWithdrawal(tx, customerId, id);
    if (stored === undefined) throw new Error('a withdrawal that was just written is not there');
    return stored;
  }

  /** Custody would refuse these too, but only once the money has left the exchange. */
  #checkStanding(customer: Customer | undefined): void {
    if (customer?.status !== 'active') throw refusal('account_frozen');
    if (customer.withdrawalsHeldUntil !== null && customer.withdrawalsHeldUntil > this.clock.now())
      throw custodyRefusal('withdrawals_held');
  }

  #usable(entry: WhitelistEntry | undefined, asset: ChainAsset): WhitelistEntry {
    if (entry?.asset !== asset) throw refusal('beneficiary_unknown');
    if (entry.usableAt > this.clock.now()) throw refusal('beneficiary_cooling_off');
    return entry;
  }

  async #amounts(
    tx: Tx,
    { asset, amount, available, fee }: { asset: ChainAsset; amount: bigint | 'all'; available: bigint; fee: bigint },
  ): Promise<{ amount: bigint; moved: bigint }> {
    const unit = (await readEngineAssets(tx)).find(({ code }) => code === asset)?.unit;
    if (unit === undefined) throw refusal('asset_not_traded');
    const arrives = amount === 'all' ? available - fee : amount;
    if (arrives < this.settings.assets[asset].minWithdrawal) throw custodyRefusal('amount_too_small');
    if (arrives + fee > available) throw custodyRefusal('insufficient_funds');
    return { amount: arrives, moved: ((arrives + fee + unit - 1n) / unit) * unit };
  }
}

function asBefore(known: VenueWithdrawal, { asset, whitelistId, amount }: VenueWithdrawalRequest): VenueWithdrawal {
  const isSame =
    known.asset === asset && known.whitelistId === whitelistId && (amount === 'all' || known.amount === amount);
  if (!isSame) throw refusal('idempotency_key_reused');
  return known;
}
