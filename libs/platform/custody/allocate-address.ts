import { ethereumAddressOf, p2wpkhAddress, type Branch } from '@core/wallet';
import { type Clock } from '@base/clock';
import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { type AccountKeys, type WatchOnlyAccounts } from '@platform/keys';
import { addressAt, newestAddressOf, type OwnAddress } from './addresses.js';
import { type BitcoinCustody, type CustodyChain } from './custody-chain.js';
import { custodyNotReady } from './refusals.js';

export type AddressOwner =
  { readonly kind: 'customer'; readonly customerId: string } | { readonly kind: 'house' | 'wallet' };

/** Branch 0 is shown to payers; branch 1 is for what only we pay: change on Bitcoin, the hot account on Ethereum. */
const RECEIVING: Branch = 0;
const OWN: Branch = 1;

/** The house's account on Ethereum: withdrawals leave from here, sweeps enter here. */
export const HOT_ACCOUNT = { branch: OWN, index: 0 } as const;

/**
 * Gives out addresses derived from the watch-only account: no key is near. A position is used once, decided by a row lock; an address never
 * changes hands.
 */
export class AllocateAddress {
  constructor(
    private readonly accounts: WatchOnlyAccounts,
    private readonly chains: { readonly bitcoin: BitcoinCustody; readonly ethereum: CustodyChain },
    private readonly clock: Clock,
  ) {}

  /** The customer's present deposit address for the asset, made on first use. @throws Refusal `custody_not_ready` before the signer was ever there */
  async current(tx: Tx, asset: 'BTC' | 'ETH', customerId: string): Promise<OwnAddress> {
    const { chainId } = this.chainOf(asset);
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `custody.address:${chainId}:${customerId}`,
    ]);
    return (
      (await newestAddressOf(tx, chainId, customerId)) ?? this.allocate(tx, asset, { kind: 'customer', customerId })
    );
  }

  /** A fresh one; the older ones stay the customer's. An Ethereum customer keeps the one that there is: a new one would only cost sweeps. */
  async renew(tx: Tx, asset: 'BTC' | 'ETH', customerId: string): Promise<OwnAddress> {
    return asset === 'ETH'
      ? this.current(tx, asset, customerId)
      : this.allocate(tx, asset, { kind: 'customer', customerId });
  }

  /** The house's own: one on Bitcoin, the hot account on Ethereum. */
  async house(tx: Tx, asset: 'BTC' | 'ETH'): Promise<OwnAddress> {
    const { chainId } = this.chainOf(asset);
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`custody.address:${chainId}:house`]);
    const known = await tx.maybeOne<{ branch: number; index: number }>(
      `SELECT branch, key_index AS index FROM custody.address WHERE chain_id = $1 AND owner_kind = 'house' ORDER BY key_index LIMIT 1`,
      [chainId],
    );
    const found = known && (await addressAt(tx, chainId, known.branch, known.index));
    return found ?? this.allocate(tx, asset, { kind: 'house' });
  }

  async allocate(tx: Tx, asset: 'BTC' | 'ETH', owner: AddressOwner): Promise<OwnAddress> {
    const { chainId } = this.chainOf(asset);
    const keys = await this.keysOf(tx, asset);
    const branch = owner.kind === 'wallet' || (owner.kind === 'house' && asset === 'ETH') ? OWN : RECEIVING;
    const { index } = await tx.one<{ index: number }>(
      `INSERT INTO custody.address_counter AS c (chain_id, branch, next) VALUES ($1, $2, 1)
       ON CONFLICT (chain_id, branch) DO UPDATE SET next = c.next + 1 RETURNING next - 1 AS index`,
      [chainId, branch],
    );
    const { address, locator } = this.#encode(asset, keys.publicKey({ branch, index }));
    const own: OwnAddress = {
      id: uuidV7(this.clock.now().getTime()),
      chainId,
      ownerKind: owner.kind,
      customerId: owner.kind === 'customer' ? owner.customerId : null,
      address,
      locator,
      branch,
      keyIndex: index,
      at: this.clock.now(),
    };
    await tx.query(
      `INSERT INTO custody.address (id, chain_id, owner_kind, customer_id, address, locator, branch, key_index, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [own.id, own.chainId, own.ownerKind, own.customerId, own.address, own.locator, own.branch, own.keyIndex, own.at],
    );
    return own;
  }

  chainOf(asset: 'BTC' | 'ETH'): CustodyChain {
    return asset === 'BTC' ? this.chains.bitcoin : this.chains.ethereum;
  }

  async keysOf(on: Queryable, asset: 'BTC' | 'ETH'): Promise<AccountKeys> {
    const keys = await this.accounts.find(on, this.chainOf(asset).chainId);
    if (!keys) throw custodyNotReady();
    return keys;
  }

  #encode(asset: 'BTC' | 'ETH', publicKey: Uint8Array): { address: string; locator: string } {
    if (asset === 'ETH') {
      const address = ethereumAddressOf(publicKey);
      return { address, locator: address.toLowerCase() };
    }
    const { address, script } = p2wpkhAddress(publicKey, this.chains.bitcoin.network);
    return { address, locator: Buffer.from(script).toString('hex') };
  }
}
