import { type SignerAccount } from '@core/contracts';
import {
  type BitcoinNetwork,
  extendedKeyVersions,
  type KeyOrigin,
  keyPath,
  type KeyPosition,
  WatchOnlyAccount,
} from '@core/wallet';
import { type Queryable } from '@base/database';

/** Where the keys of an account are: more tiers come with the custody issue. */
export type KeyTier = 'hot';

/** An account's public half, as addresses and PSBTs need it. */
export class AccountKeys {
  readonly #account: WatchOnlyAccount;

  constructor(private readonly description: SignerAccount) {
    this.#account = WatchOnlyAccount.parse(description.xpub, versionsOf(description.chainId));
  }

  publicKey(position: KeyPosition): Uint8Array {
    return this.#account.publicKey(position);
  }

  /** The key with its BIP-32 origin, as a PSBT names it. */
  origin(position: KeyPosition): KeyOrigin {
    const { fingerprint, path } = this.description;
    return { fingerprint, path: keyPath(path, position), publicKey: this.publicKey(position) };
  }
}

/** An account was registered before with other keys: whoever changed them could redirect every deposit. */
export class AccountChanged extends Error {
  override readonly name = 'AccountChanged';
}

/** The watch-only accounts of this installation, by chain and tier. Written once, at the first start beside a signer. */
export class WatchOnlyAccounts {
  readonly #known = new Map<string, AccountKeys>();

  /** Registers what the signer described. @throws AccountChanged when the table already holds other keys for a chain. */
  async register(db: Queryable, accounts: readonly SignerAccount[], tier: KeyTier = 'hot'): Promise<void> {
    for (const account of accounts) {
      new AccountKeys(account);
      await db.query(
        `INSERT INTO keys.account (chain_id, tier, path, fingerprint, xpub) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (chain_id, tier) DO NOTHING`,
        [account.chainId, tier, account.path, account.fingerprint, account.xpub],
      );
      const stored = await this.#read(db, account.chainId, tier);
      if (stored === undefined || JSON.stringify(stored) !== JSON.stringify(canonical(account))) {
        throw new AccountChanged(`the ${tier} account of ${account.chainId} is not the one registered before`);
      }
    }
  }

  /** The account of a chain, or `undefined` before the first registration. */
  async find(db: Queryable, chainId: string, tier: KeyTier = 'hot'): Promise<AccountKeys | undefined> {
    const known = this.#known.get(`${chainId}/${tier}`);
    if (known !== undefined) return known;
    const description = await this.#read(db, chainId, tier);
    if (description === undefined) return undefined;
    const keys = new AccountKeys(description);
    this.#known.set(`${chainId}/${tier}`, keys);
    return keys;
  }

  async #read(db: Queryable, chainId: string, tier: KeyTier): Promise<SignerAccount | undefined> {
    const row = await db.maybeOne<SignerAccount>(
      'SELECT chain_id AS "chainId", path, fingerprint, xpub FROM keys.account WHERE chain_id = $1 AND tier = $2',
      [chainId, tier],
    );
    return row === undefined ? undefined : canonical(row);
  }
}

function canonical({ chainId, path, fingerprint, xpub }: SignerAccount): SignerAccount {
  return { chainId, path, fingerprint, xpub };
}

/** Extended keys carry the Bitcoin network in their version; on Ethereum accounts they are written as on mainnet. */
function versionsOf(chainId: string): ReturnType<typeof extendedKeyVersions> {
  const [family, network] = chainId.split(':');
  return extendedKeyVersions(family === 'bitcoin' ? (network as BitcoinNetwork) : 'mainnet');
}
