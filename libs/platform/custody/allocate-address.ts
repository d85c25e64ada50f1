import { type Clock } from '@base/clock';
import { type Database, type Queryable, type Tx, uuidV7 } from '@base/database';
import { ethereumAddressOf, type KeyPosition, p2wpkhAddress } from '@core/wallet';
import { type AccountKeys, type WatchOnlyAccounts } from '@platform/keys';
import { findAddressAt, findCustomerAddress, findHouseAddress, insertAddress, type OwnAddress, type OwnerKind, takeKeyIndex } from './addresses.js'; // prettier-ignore
import { refusal } from './refusals.js';
import { type ChainAsset, type CustodySettings } from './settings.js';

/** Where all Ethereum withdrawals leave from and all sweeps go to. */
export const ETHEREUM_HOT: KeyPosition = { branch: 1, index: 0 };

const DEPOSIT_BRANCH = 0;
const CHANGE_BRANCH = 1;

/**
 * Gives out addresses. They are derived from public keys, one for each customer and chain, on first request, and never given to anybody
 * else. No process that calls this can spend from them.
 */
export class AllocateAddress {
  constructor(
    private readonly database: Database,
    private readonly accounts: WatchOnlyAccounts,
    private readonly settings: CustodySettings,
    private readonly clock: Clock,
  ) {}

  /** The customer's deposit address: the one he has, or a new one. @throws Refusal custody_not_ready */
  async forCustomer(asset: ChainAsset, customerId: string): Promise<OwnAddress> {
    const { chainId } = this.settings.assets[asset];
    const known = await findCustomerAddress(this.database, chainId, customerId);
    if (known !== undefined) return known;
    return this.database.transaction(async (tx) => {
      await this.#serialise(tx, chainId, customerId);
      return (
        (await findCustomerAddress(tx, chainId, customerId)) ??
        (await this.#make(tx, asset, { kind: 'customer', id: customerId }, DEPOSIT_BRANCH))
      );
    });
  }

  /** The house's own address: what arrives there is its inventory. @throws Refusal custody_not_ready */
  async forHouse(asset: ChainAsset): Promise<OwnAddress> {
    const { chainId } = this.settings.assets[asset];
    const known = await findHouseAddress(this.database, chainId);
    if (known !== undefined) return known;
    return this.database.transaction(async (tx) => {
      await this.#serialise(tx, chainId, 'house');
      return (
        (await findHouseAddress(tx, chainId)) ??
        (await this.#make(tx, asset, { kind: 'house', id: null }, DEPOSIT_BRANCH))
      );
    });
  }

  /** A fresh address for change; nobody but us ever pays to it. */
  change(tx: Tx): Promise<OwnAddress> {
    return this.#make(tx, 'BTC', { kind: 'internal', id: null }, CHANGE_BRANCH);
  }

  /** The one Ethereum address that pays. */
  async ethereumHot(tx: Tx): Promise<OwnAddress> {
    const { chainId } = this.settings.assets.ETH;
    const known = await findAddressAt(tx, chainId, ETHEREUM_HOT);
    if (known !== undefined) return known;
    await this.#serialise(tx, chainId, 'hot');
    return (
      (await findAddressAt(tx, chainId, ETHEREUM_HOT)) ??
      this.#make(tx, 'ETH', { kind: 'internal', id: null }, CHANGE_BRANCH)
    );
  }

  /** The public keys of a chain. @throws Refusal custody_not_ready before the signer has registered them */
  async keys(db: Queryable, asset: ChainAsset): Promise<AccountKeys> {
    const keys = await this.accounts.find(db, this.settings.assets[asset].chainId);
    if (keys === undefined) throw refusal('custody_not_ready');
    return keys;
  }

  /** Two requests of one owner at once: the second waits, and finds the address of the first. */
  async #serialise(tx: Tx, chainId: string, owner: string): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`custody.address:${chainId}:${owner}`]);
  }

  async #make(
    tx: Tx,
    asset: ChainAsset,
    owner: { kind: OwnerKind; id: string | null },
    branch: 0 | 1,
  ): Promise<OwnAddress> {
    const { chainId } = this.settings.assets[asset];
    const keys = await this.keys(tx, asset);
    const index = await takeKeyIndex(tx, chainId, branch);
    const publicKey = keys.publicKey({ branch, index });
    const placed = asset === 'BTC' ? this.#bitcoin(publicKey) : ethereum(publicKey);
    const made: OwnAddress = {
      id: uuidV7(),
      chainId,
      ownerKind: owner.kind,
      ownerId: owner.id,
      branch,
      index,
      ...placed,
      at: this.clock.now(),
    };
    await insertAddress(tx, made);
    return made;
  }

  #bitcoin(publicKey: Uint8Array): Pick<OwnAddress, 'address' | 'destination'> {
    const { address, script } = p2wpkhAddress(publicKey, this.settings.network);
    return { address, destination: Buffer.from(script).toString('hex') };
  }
}

function ethereum(publicKey: Uint8Array): Pick<OwnAddress, 'address' | 'destination'> {
  const address = ethereumAddressOf(publicKey);
  return { address, destination: address };
}
