import { brokenConstraint, sqlState } from '@base/database';
import { type Account } from './account.js';
import { type LedgerMisuse, LedgerRefusal, refusalOf } from './refusals.js';
import { type Leg, requestHash, type Transfer } from './transfer.js';

/** A checked transfer with its hash and the ids of its legs' accounts: ready to be sent, any number of times. */
export interface PreparedTransfer {
  readonly transfer: Transfer;
  readonly hash: string;
  readonly accountIds: readonly number[];
}

/** Transfers that stand or fall together. */
export type Unit = readonly PreparedTransfer[];

export type Outcome = 'posted' | 'duplicate';

export const accountsOf = (transfers: readonly Transfer[]): Account[] =>
  transfers.flatMap((transfer) => transfer.legs.map((leg) => leg.account));

export const prepare = (transfer: Transfer, idOf: (account: Account) => number): PreparedTransfer => ({
  transfer,
  hash: requestHash(transfer),
  accountIds: transfer.legs.map((leg) => idOf(leg.account)),
});

export const POST_SQL = `SELECT posted_at, outcomes, culprits FROM ledger.post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`;

export interface PostRow {
  posted_at: Date;
  outcomes: string[];
  culprits: (number | null)[];
}

/** The arguments of `ledger.post()`: arrays as literals, which cost the driver nothing. */
export function batchArguments(units: readonly Unit[], askedAt: Date): unknown[] {
  const batch = units.flat();
  const transfers = batch.map(({ transfer }) => transfer);
  const legs = transfers.flatMap((transfer) => transfer.legs);
  const legIds = batch.flatMap((prepared) => prepared.accountIds);
  const accountIds = [...new Set(legIds)].sort((a, b) => a - b);
  const places = new Map(accountIds.map((id, index) => [id, index + 1]));
  const isLinked = units.some((unit) => unit.length > 1);

  return [
    askedAt,
    literal(transfers, (transfer) => transfer.id),
    literal(transfers, (transfer) => quoted(transfer.kind)),
    literal(batch, (prepared) => `"\\\\x${prepared.hash}"`),
    literal(transfers, (transfer) => transfer.legs.length),
    literal(accountIds, String),
    literal(transfers.flatMap((transfer, index) => transfer.legs.map(() => index + 1)), String),
    literal(legIds, (id) => places.get(id) ?? null),
    literal(legs, (leg) => leg.amount),
    whereAny(legs, (leg) => leg.hold ?? null),
    whereAny(legs, (leg) => timestamp(leg.holdExpiresAt)),
    expectedVersions(transfers),
    isLinked ? literal(units.flatMap((unit, index) => unit.map(() => index + 1)), String) : null,
    whereAny(transfers, (transfer) => transfer.group ?? null),
    whereAny(transfers, (transfer) => transfer.reverses ?? null),
    whereAny(transfers, (transfer) => timestamp(transfer.effectiveAt)),
    whereAny(transfers, (transfer) => (transfer.meta === undefined ? null : quoted(JSON.stringify(transfer.meta)))),
  ]; // prettier-ignore
}

type Item = string | number | bigint | null;

const literal = <T>(items: readonly T[], write: (item: T) => Item): string => {
  let text = '{';
  for (const item of items) text += `${text.length > 1 ? ',' : ''}${write(item) ?? 'NULL'}`;
  return `${text}}`;
};

/** The array, or null for the whole of it when no element says anything: the common case costs nothing. */
const whereAny = <T>(items: readonly T[], write: (item: T) => Item): string | null =>
  items.some((item) => write(item) !== null) ? literal(items, write) : null;

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

const timestamp = (at: Date | undefined): string | null => (at === undefined ? null : `"${at.toISOString()}"`);

/** The condition is on the version before the transfer, so of several legs on one account the first asks. */
function expectedVersions(transfers: readonly Transfer[]): string | null {
  const asks = (transfer: Transfer, leg: Leg): bigint | null => {
    if (leg.expectedVersion === undefined) return null;
    const first = transfer.legs.find((other) => other.account.path === leg.account.path);
    return first === leg ? leg.expectedVersion : null;
  };
  return whereAny(
    transfers.flatMap((transfer) => transfer.legs.map((leg) => asks(transfer, leg))),
    (version) => version,
  );
}

/** What became of a unit: the outcome of each of its transfers, or the refusal that it fell by. */
export function readUnit(
  unit: Unit,
  outcomes: readonly string[],
  culprits: readonly (number | null)[],
): Outcome[] | LedgerRefusal | LedgerMisuse {
  const refused = (index: number): boolean => !isOutcome(outcomes[index]);
  const fallen = [...unit.keys()].filter(refused);
  // Of linked transfers, the one that was refused for itself says why.
  const cause = fallen.find((index) => outcomes[index] !== 'linked_refused') ?? fallen[0];
  if (cause === undefined) return outcomes.filter(isOutcome);
  const transfer = unit[cause]?.transfer;
  if (transfer === undefined) throw new Error('a refusal of no transfer');
  const leg = transfer.legs[(culprits[cause] ?? 0) - 1];
  return refusalOf(outcomes[cause] ?? 'nothing', transfer.id, leg?.account.path ?? null);
}

const isOutcome = (code: string | undefined): code is Outcome => code === 'posted' || code === 'duplicate';

const UNIQUE_VIOLATION = '23505';
const OUT_OF_RANGE = '22003';

/** Two transactions used one id at the same moment. Run again, the loser sees the winner's row and is a duplicate. */
export class IdRace extends Error {
  /** SQLSTATE "serialization_failure": the transaction is to be run again, whole. */
  readonly code = '40001';
}

/** What an error of `ledger.post()` for this one unit means to its caller. */
export function refusedByServer(error: unknown, unit: Unit | undefined): unknown {
  const [first] = unit ?? [];
  if (sqlState(error) === OUT_OF_RANGE && first !== undefined) {
    return new LedgerRefusal('amount_out_of_range', first.transfer.id);
  }
  const constraint = brokenConstraint(error) ?? '';
  if (sqlState(error) === UNIQUE_VIOLATION && /^(transfers|holds)_/.test(constraint)) {
    return new IdRace(`another transaction took ${constraint} first`, { cause: error });
  }
  return error;
}
