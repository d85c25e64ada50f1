/** One movement as the other side states it; `amount` in minor units, positive in our favour. */
export interface OutsideItem {
  readonly id: string;
  readonly amount: bigint;
  readonly at: Date;
  /** The ledger transfer that must book it, where that is known. */
  readonly transferId: string | null;
  /** How long it may be missing from our books. */
  readonly graceMs?: number;
}

/** One entry of our own account for the same money, with the same sign. */
export interface LedgerItem {
  readonly transferId: string;
  readonly amount: bigint;
  readonly at: Date;
}

export interface Match {
  readonly outsideId: string;
  readonly transferId: string;
  readonly rule: 'reference' | 'amount';
}

export type BreakReason =
  /** They are one and the same, and say two amounts. */
  | 'amount_differs'
  /** The other side has it, our books have not. */
  | 'not_in_books'
  /** Our books have it, the other side has not. */
  | 'not_outside'
  /** One line is stated twice. */
  | 'stated_twice'
  /** The items do not explain how far the balances are apart. */
  | 'balance_differs';

export interface OpenItem {
  readonly outcome: 'in_transit' | 'break';
  readonly reason: BreakReason;
  readonly outsideId: string | null;
  readonly transferId: string | null;
  readonly outsideAmount: bigint | null;
  readonly ledgerAmount: bigint | null;
  readonly at: Date;
}

export interface Comparison {
  readonly matches: readonly Match[];
  readonly open: readonly OpenItem[];
}

/** Two movements of the same amount this far apart may still be the same one. */
const SAME_WITHIN_MS = 3 * 86_400_000;

/**
 * Pairs what the other side states with what our books have: first by reference, then by amount, nearest in time first, each at most once. What is left is on its
 * way while it is young, and a break after that. A pair by reference with two amounts is a break at once.
 */
export function compare(
  outside: readonly OutsideItem[],
  ledger: readonly LedgerItem[],
  { now, graceMs }: { now: Date; graceMs: number },
): Comparison {
  const matches: Match[] = [];
  const open: OpenItem[] = [];
  const entries = new Map(ledger.map((item) => [item.transferId, item]));
  const stated = new Set<string>();
  const unpaired: OutsideItem[] = [];
  for (const item of outside) {
    if (stated.has(item.id)) {
      open.push(openItem('break', 'stated_twice', item, undefined));
      continue;
    }
    stated.add(item.id);
    const entry = item.transferId === null ? undefined : entries.get(item.transferId);
    if (entry === undefined) unpaired.push(item);
    else {
      entries.delete(entry.transferId);
      if (entry.amount === item.amount)
        matches.push({ outsideId: item.id, transferId: entry.transferId, rule: 'reference' });
      else open.push(openItem('break', 'amount_differs', item, entry));
    }
  }
  for (const item of unpaired) {
    const entry = nearest(item, entries.values());
    if (entry !== undefined) {
      entries.delete(entry.transferId);
      matches.push({ outsideId: item.id, transferId: entry.transferId, rule: 'amount' });
    } else open.push(openItem(isYoung(item.at, now, item.graceMs ?? graceMs) ? 'in_transit' : 'break', 'not_in_books', item, undefined)); // prettier-ignore
  }
  for (const entry of entries.values()) {
    open.push(openItem(isYoung(entry.at, now, graceMs) ? 'in_transit' : 'break', 'not_outside', undefined, entry));
  }
  return { matches, open };
}

/** A break of its own when what is open does not explain the difference of the balances. */
export function balanceBreak(
  comparison: Comparison,
  { outside, ledger, now }: { outside: bigint; ledger: bigint; now: Date },
): OpenItem | undefined {
  const explained = comparison.open.reduce(
    (sum, item) => sum + (item.outsideAmount ?? 0n) - (item.ledgerAmount ?? 0n),
    0n,
  );
  if (outside - ledger === explained) return undefined;
  return {
    outcome: 'break',
    reason: 'balance_differs',
    outsideId: null,
    transferId: null,
    outsideAmount: outside,
    ledgerAmount: ledger,
    at: now,
  };
}

const isYoung = (at: Date, now: Date, graceMs: number): boolean => now.getTime() - at.getTime() < graceMs;

function nearest(item: OutsideItem, entries: Iterable<LedgerItem>): LedgerItem | undefined {
  let best: LedgerItem | undefined;
  let distance = SAME_WITHIN_MS + 1;
  for (const entry of entries) {
    const apart = Math.abs(entry.at.getTime() - item.at.getTime());
    if (entry.amount === item.amount && apart < distance) [best, distance] = [entry, apart];
  }
  return best;
}

const openItem = (
  outcome: OpenItem['outcome'],
  reason: BreakReason,
  item: OutsideItem | undefined,
  entry: LedgerItem | undefined,
): OpenItem => ({
  outcome,
  reason,
  outsideId: item?.id ?? null,
  transferId: entry?.transferId ?? item?.transferId ?? null,
  outsideAmount: item?.amount ?? null,
  ledgerAmount: entry?.amount ?? null,
  at: item?.at ?? entry?.at ?? new Date(0),
});
