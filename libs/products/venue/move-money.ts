import { type AssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { type Database, type Tx, uuidV7 } from '@base/database';
import { Wake } from '@base/jobs';
import { lockCustomer } from '@platform/identity';
import { type Ledger, LedgerRefusal } from '@platform/ledger';
import { allotAccount } from './accounts.js';
import { MAX_UNITS, readEngineAssets, unitsOf } from './engine-asset.js';
import { isFrozen } from './freezes.js';
import { moveInRequested } from './journals.js';
import { refusal } from './refusals.js';
import { type Direction, type ExchangeTransfer } from './transfer.js';
import { findByKey, insertTransfer } from './transfers.js';

export interface MoveRequest {
  readonly customerId: string;
  /** The customer's own; asked again under it with the same request, the answer is the same transfer as it stands. */
  readonly idempotencyKey: string;
  readonly asset: AssetCode;
  /** Minor units of the ledger. */
  readonly amount: bigint;
}

/** Signalled when there is something to send. */
export const TRANSFERS_CHANNEL = 'venue_transfers';

abstract class Move {
  readonly #wake: Wake;

  constructor(
    database: Database,
    protected readonly ledger: Ledger,
    protected readonly clock: Clock,
  ) {
    this.#wake = new Wake(database, TRANSFERS_CHANNEL);
  }

  protected async store(tx: Tx, request: MoveRequest, direction: Direction): Promise<ExchangeTransfer> {
    const { customerId, idempotencyKey, asset, amount } = request;
    // One request of a customer at a time: the second under a key finds what the first one stored.
    const customer = await lockCustomer(tx, customerId);
    const known = await findByKey(tx, customerId, idempotencyKey);
    if (known !== undefined) {
      if (known.asset === asset && known.amount === amount && known.direction === direction) return known;
      throw refusal('idempotency_key_reused');
    }
    if (customer?.status !== 'active') throw refusal('account_frozen');
    const units = await this.#unitsOf(tx, request);
    const now = this.clock.now();
    const account = await allotAccount(tx, customerId, now);
    if (await isFrozen(tx, account, asset)) throw refusal('moves_frozen');
    const id = uuidV7(now.getTime());
    const stored = await insertTransfer(tx, {
      id, customerId, idempotencyKey, account, direction, asset, amount, units, createdAt: now,
    }); // prettier-ignore
    tx.afterCommit(() => this.#wake.signal());
    return stored;
  }

  async #unitsOf(tx: Tx, { asset, amount }: MoveRequest): Promise<bigint> {
    const known = (await readEngineAssets(tx)).find(({ code }) => code === asset);
    if (known === undefined) throw refusal('asset_not_traded');
    if (amount <= 0n) throw refusal('amount_malformed');
    const units = unitsOf(known, amount);
    if (units === undefined) throw refusal('amount_too_fine');
    if (units > MAX_UNITS) throw refusal('amount_too_large');
    return units;
  }
}

/**
 * Takes money from a customer's account for the exchange and stores the move, in one transaction. The engine credits it later; if it will
 * not, the money comes back.
 */
export class MoveToExchange extends Move {
  /** @throws Refusal, of which every one leaves nothing behind */
  async run(tx: Tx, request: MoveRequest): Promise<ExchangeTransfer> {
    const transfer = await this.store(tx, request, 'in');
    if (transfer.version > 1) return transfer;
    try {
      await this.ledger.post(tx, moveInRequested(transfer));
    } catch (error) {
      if (error instanceof LedgerRefusal && error.code === 'insufficient_funds') throw refusal('insufficient_funds');
      throw error;
    }
    return transfer;
  }
}

/**
 * Stores a move of a customer's money back from the exchange. The engine decides whether it is there and free; the ledger follows what the
 * engine says.
 */
export class MoveFromExchange extends Move {
  /** @throws Refusal, of which every one leaves nothing behind */
  run(tx: Tx, request: MoveRequest): Promise<ExchangeTransfer> {
    return this.store(tx, request, 'out');
  }
}
