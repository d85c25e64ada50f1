import { type Tx, uuidV7 } from '@base/database';
import { type OwnAddress } from './addresses.js';
import { type AllocateAddress } from './allocate-address.js';
import { findHalt } from './halts.js';
import { insertIntent } from './intents.js';
import { type CustodyParts } from './parts.js';
import { type AssetSettings } from './settings.js';

/** Reads what an address holds now. */
export interface BalanceSource {
  balanceAt(account: string, at: 'latest'): Promise<bigint>;
}

/** What a sweep may pay to the network, as a share of what it moves. */
const MAX_FEE_SHARE = 10n;

/** Finds deposit addresses whose coins should move to the hot address, and writes an intent for each: withdrawals leave from there only. */
export class PlanSweeps {
  constructor(
    private readonly parts: CustodyParts,
    private readonly settings: AssetSettings,
    private readonly balances: BalanceSource,
    private readonly addresses: AllocateAddress,
  ) {}

  /** Answers how many sweeps were planned. */
  async run(): Promise<number> {
    const { database } = this.parts;
    if ((await findHalt(database, this.settings.asset)) !== undefined) return 0;
    let planned = 0;
    for (const address of await this.#candidates()) {
      const balance = await this.balances.balanceAt(address.address, 'latest');
      if (balance < this.settings.minDeposit) continue;
      await database.transaction((tx) => this.#plan(tx, address, balance));
      planned += 1;
    }
    return planned;
  }

  /** Addresses with a deposit credited after their last sweep, and none under way. */
  #candidates(): Promise<OwnAddress[]> {
    return this.parts.database.query<OwnAddress>(
      `SELECT a.id, a.address FROM custody.address a
        WHERE a.chain_id = $1 AND a.branch = 0
          AND NOT EXISTS (SELECT FROM custody.intent i WHERE i.source_id = a.id
            AND i.state NOT IN ('settled', 'rejected', 'expired', 'cancelled', 'replaced', 'failed_onchain'))
          AND (SELECT max(d.credited_at) FROM custody.deposit d WHERE d.address_id = a.id AND d.state = 'credited')
            > coalesce((SELECT max(i.created_at) FROM custody.intent i WHERE i.source_id = a.id), '-infinity')
        ORDER BY a.id LIMIT 100`,
      [this.settings.chainId],
    );
  }

  async #plan(tx: Tx, source: OwnAddress, balance: bigint): Promise<void> {
    const hot = await this.addresses.ethereumHot(tx);
    const at = this.parts.clock.now();
    const share = balance / MAX_FEE_SHARE;
    // Two workers at once: the second one waits here, and finds the sweep of the first.
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`custody.sweep:${source.id}`]);
    if (await isUnderWay(tx, source.id)) return;
    await insertIntent(tx, {
      id: uuidV7(at.getTime()),
      kind: 'sweep',
      chainId: this.settings.chainId,
      asset: this.settings.asset,
      customerId: null,
      idempotencyKey: null,
      sourceId: source.id,
      destination: hot.address,
      amount: balance,
      fee: 0n,
      maxNetworkFee: share < this.settings.maxNetworkFee ? share : this.settings.maxNetworkFee,
      expiresAt: null,
      // Between our own addresses nobody has to agree; the signer derives both of them again.
      state: 'approved',
      at,
    });
  }
}

async function isUnderWay(tx: Tx, sourceId: string): Promise<boolean> {
  const found = await tx.query(
    `SELECT FROM custody.intent WHERE source_id = $1
        AND state NOT IN ('settled', 'rejected', 'expired', 'cancelled', 'replaced', 'failed_onchain')`,
    [sourceId],
  );
  return found.length > 0;
}
