import { z } from 'zod';
import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { type Events } from '@base/events';
import { Wake } from '@base/jobs';
import { type ApprovalKind, type Execute } from '@platform/approvals';
import { type Bust } from './bust.js';
import { bustLegs, type TradedSide } from './bust-legs.js';
import { advanceBust, insertBust, lockBust } from './busts.js';
import { beginReturning, beginTaking, driveBust, tryAgain } from './drive-bust.js';
import { type EngineAsset, readEngineAssets } from './engine-asset.js';
import { type Instrument, listInstruments } from './instruments.js';
import { TRANSFERS_CHANNEL } from './move-money.js';
import { refusal } from './refusals.js';

/** Taking a trade back takes four eyes. `sequence` and `index` are the trade's place in the event stream. */
export const BUST_TRADE = {
  kind: 'venue.bust-trade',
  schema: z.object({ sequence: z.string().regex(/^[1-9][0-9]{0,18}$/), index: z.int().min(0) }),
  roles: ['compliance', 'treasury'],
} as const satisfies ApprovalKind;

export interface BustRequest {
  /** Of the approval: the bust has the same id. */
  readonly id: string;
  readonly sequence: bigint;
  readonly index: number;
  readonly reason: string;
  readonly requestedBy: string;
  readonly approvedBy: string;
}

/** A trade with both its sides, while it can be taken back. */
export interface Bustable {
  readonly tradedAt: Date;
  readonly instrument: Instrument;
  readonly sides: readonly TradedSide[];
}

interface FillRow extends TradedSide {
  readonly at: Date;
  readonly instrument: number;
  readonly isBusted: boolean;
}

/** @throws Refusal `trade_unknown`, `trade_busted`, `contract_not_bustable` */
export async function findBustable(tx: Tx, sequence: bigint, index: number): Promise<Bustable> {
  const fills = await tx.query<FillRow>(
    `SELECT at, instrument, account, side, quantity, notional, fee, bust_id IS NOT NULL AS "isBusted"
       FROM venue.stated_fill WHERE sequence = $1 AND event_index = $2 ORDER BY liquidity`,
    [sequence, index],
  );
  const [fill] = fills;
  if (fill === undefined || fills.length !== 2) throw refusal('trade_unknown');
  if (fill.isBusted) throw refusal('trade_busted');
  const instrument = (await listInstruments(tx)).find(({ number }) => number === fill.instrument);
  if (instrument?.settlement !== 'spot') throw refusal('contract_not_bustable');
  return { tradedAt: fill.at, instrument, sides: fills };
}

/**
 * Takes trades back, in the engine and in the ledger: from each account what the trade gave it, fees included, and to each what it took.
 * `run` stores what is to be done; the settler hands it to the engine and settles what the engine says.
 */
export class BustTrade {
  readonly #wake: Wake;

  constructor(
    database: Database,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {
    this.#wake = new Wake(database, TRANSFERS_CHANNEL);
  }

  /** @throws Refusal `trade_unknown`, `trade_busted`, `contract_not_bustable`, `bust_in_progress` */
  async run(tx: Tx, request: BustRequest): Promise<Bust> {
    const now = this.clock.now();
    const { sequence, index } = request;
    const { tradedAt, instrument, sides } = await findBustable(tx, sequence, index);
    const assets = await readEngineAssets(tx);
    const legs = bustLegs(sides, {
      base: assetOf(assets, instrument.base),
      quote: assetOf(assets, instrument.quote),
      lotUnits: instrument.lotUnits,
    });
    const bust = await insertBust(tx, { ...request, tradedAt, instrument: instrument.number, createdAt: now }, legs);
    if (bust === undefined) throw refusal('bust_in_progress');
    await beginTaking(tx, bust, now);
    return this.#go(tx, bust, now);
  }

  /** Tries again what the engine refused. @throws Refusal `bust_unknown`, `bust_not_so` */
  async retry(tx: Tx, id: string, operatorId: string): Promise<Bust> {
    const now = this.clock.now();
    const bust = await advanceBust(tx, await lockBust(tx, id), 'retry', { at: now, by: operatorId });
    await tryAgain(tx, bust, now);
    return this.#go(tx, bust, now);
  }

  /** Gives back what was taken; the trade stands. @throws Refusal `bust_unknown`, `bust_not_so` */
  async abandon(tx: Tx, id: string, operatorId: string): Promise<Bust> {
    const now = this.clock.now();
    const bust = await advanceBust(tx, await lockBust(tx, id), 'abandon', { at: now, by: operatorId });
    await beginReturning(tx, bust, now);
    return this.#go(tx, bust, now);
  }

  #go(tx: Tx, bust: Bust, at: Date): Promise<Bust> {
    tx.afterCommit(() => this.#wake.signal());
    return driveBust(tx, this.events, bust, at);
  }
}

function assetOf(assets: readonly EngineAsset[], number: number): EngineAsset {
  const asset = assets.find((known) => known.number === number);
  if (asset === undefined) throw new Error(`the exchange has no asset ${number}`);
  return asset;
}

/** What an approved bust does: from here on the settler drives it. */
export const executeBust =
  (busts: BustTrade): Execute<z.infer<typeof BUST_TRADE.schema>> =>
  async (tx, { id, payload, reason, requestedBy, decidedBy }) => {
    if (decidedBy === null) throw new Error('nobody has approved this');
    const { sequence, index } = payload;
    const bust = await busts.run(tx, {
      id,
      sequence: BigInt(sequence),
      index,
      reason,
      requestedBy,
      approvedBy: decidedBy,
    });
    return { bustId: bust.id, state: bust.state };
  };
