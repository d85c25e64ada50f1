import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { type Events } from '@base/events';
import { type BlockHeader, type BlockSource, ChainLog, NodeLies, witnessed } from '@platform/chains';
import { type Ledger } from '@platform/ledger';
import { depositAfter } from './deposit.js';
import { type Deposit, lockDeposit, maturedDeposits, updateDeposit } from './deposits.js';
import { findHalt, halt } from './halts.js';
import { depositCredited } from './journals.js';
import { depositPayload } from './record-deposit.js';
import { type AssetSettings } from './settings.js';

/** Further nodes that have to show a deposit before it counts, and how they show it. */
export interface Witnesses<Block extends BlockHeader> {
  readonly sources: readonly BlockSource<Block>[];
  /** A block's word about one output: amount and receiver, or nothing. */
  testimony(block: Block, deposit: Deposit): string;
}

/** What every use-case around deposits stands on. */
export interface DepositParts {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly clock: Clock;
}

/** Credits deposits that are deep enough, once every witness shows them in the same block. */
export class CreditDeposits<Block extends BlockHeader> {
  readonly #log: ChainLog;

  constructor(
    private readonly parts: DepositParts,
    private readonly settings: AssetSettings,
    private readonly witnesses: Witnesses<Block>,
  ) {
    this.#log = new ChainLog(settings.chainId);
  }

  /** Answers how many were credited. @throws NodeUnavailable when a witness does not answer: nothing is credited without it. */
  async run(): Promise<number> {
    const { database } = this.parts;
    const tip = await this.#log.tip(database);
    if (tip === undefined || (await findHalt(database, this.settings.asset))?.scope === 'all') return 0;
    let credited = 0;
    for (const deposit of await maturedDeposits(database, this.settings.chainId, tip.height)) {
      if (!(await this.#isShown(deposit))) continue;
      if (await database.transaction((tx) => this.#credit(tx, deposit.id))) credited += 1;
    }
    return credited;
  }

  async #isShown(deposit: Deposit): Promise<boolean> {
    const { height, blockHash, txid, outputIndex, amount, address } = deposit;
    if (height === null || blockHash === null) return false;
    const expected = testimonyOf({ txid, outputIndex, amount, address });
    try {
      return await witnessed(
        this.witnesses.sources,
        { height, hash: blockHash },
        {
          expected,
          of: (block) => this.witnesses.testimony(block, deposit),
        },
      );
    } catch (error) {
      if (!(error instanceof NodeLies)) throw error;
      await this.#halt(error.message);
      return false;
    }
  }

  async #credit(tx: Tx, id: string): Promise<boolean> {
    const { ledger, events, clock } = this.parts;
    const tip = await this.#log.lockedTip(tx);
    const deposit = await lockDeposit(tx, id);
    const state = depositAfter(deposit.state, 'deep_enough');
    // The chain may have moved since the list was made: depth and block are judged again, with the cursor held.
    if (tip === undefined || state === undefined || deposit.height === null) return false;
    if (deposit.height + deposit.requiredDepth - 1 > tip.height) return false;
    if ((await this.#log.hashAt(tx, deposit.height)) !== deposit.blockHash) return false;
    await ledger.post(tx, depositCredited(deposit));
    await updateDeposit(tx, id, { ...deposit, state, creditedAt: clock.now() });
    const type = deposit.ownerKind === 'house' ? 'custody.house-deposit-credited' : 'custody.deposit-credited';
    await events.append(tx, { type, aggregate: 'deposit', aggregateId: id, payload: depositPayload(deposit) });
    return true;
  }

  async #halt(reason: string): Promise<void> {
    const { database, clock } = this.parts;
    await database.transaction((tx) =>
      halt(tx, { asset: this.settings.asset, scope: 'all', reason, actor: 'nodes-disagree', at: clock.now() }),
    );
  }
}

/** One spelling of what a deposit says, for comparing what nodes show. */
export function testimonyOf(of: { txid: string; outputIndex: number; amount: bigint; address: string }): string {
  return `${of.txid}:${of.outputIndex} pays ${of.amount} to ${of.address}`;
}
