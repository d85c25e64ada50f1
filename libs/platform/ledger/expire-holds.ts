import { type AssetCode } from '@core/money';
import { type Database, uuidV5 } from '@base/database';
import { type Account, account } from './account.js';
import { type AccountType } from './chart.js';
import { LedgerRefusal } from './refusals.js';
import { type Transfer } from './transfer.js';

interface ExpiredRow {
  id: string;
  remaining: bigint;
  moves: bigint;
  asset: AssetCode;
  hold_type: AccountType;
  release_type: AccountType;
  hold_owner: string | null;
  release_owner: string | null;
}

const BATCH = 200;

/**
 * Gives back what is left on holds whose time is over, and returns how many it gave back. The transfer's id follows from the hold and how often it has moved, so any
 * number of sweepers may run; a hold that somebody else released first is left alone.
 */
export async function expireHolds(
  database: Database,
  submit: (transfer: Transfer) => Promise<unknown>,
  now: Date,
): Promise<number> {
  let released = 0;
  for (;;) {
    const expired = await database.query<ExpiredRow>(
      `SELECT h.id, h.remaining, (SELECT count(*) FROM ledger.entries e WHERE e.hold_id = h.id) AS moves, s.code AS asset, ht.name AS hold_type, rt.name AS release_type,
              ha.owner_id AS hold_owner, ra.owner_id AS release_owner
         FROM ledger.holds h
         JOIN ledger.accounts ha ON ha.id = h.account_id
         JOIN ledger.accounts ra ON ra.id = h.release_to
         JOIN ledger.account_types ht ON ht.code = ha.type_code
         JOIN ledger.account_types rt ON rt.code = ra.type_code
         JOIN ledger.assets s ON s.id = ha.asset_id
        WHERE h.remaining > 0 AND h.expires_at <= $1
        ORDER BY h.expires_at, h.id LIMIT $2`,
      [now, BATCH],
    );
    const results = await Promise.all(expired.map((hold) => release(submit, hold)));
    const given = results.filter((isReleased) => isReleased).length;
    released += given;
    if (expired.length < BATCH || given === 0) return released;
  }
}

async function release(submit: (transfer: Transfer) => Promise<unknown>, hold: ExpiredRow): Promise<boolean> {
  const named = (type: AccountType, owner: string | null): Account => account(type, hold.asset, owner ?? undefined);
  try {
    await submit({
      id: uuidV5('ledger.hold-expired', hold.id, hold.moves),
      kind: 'ledger.hold-expired',
      legs: [
        { account: named(hold.hold_type, hold.hold_owner), amount: hold.remaining, hold: hold.id },
        { account: named(hold.release_type, hold.release_owner), amount: -hold.remaining },
      ],
    });
    return true;
  } catch (error) {
    // Released or captured since it was read: the next sweep sees what is left of it.
    if (error instanceof LedgerRefusal && (error.code === 'hold_insufficient' || error.code === 'account_closed'))
      return false;
    throw error;
  }
}
