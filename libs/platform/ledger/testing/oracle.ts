import { type Transfer } from '@platform/ledger';

interface OracleHold {
  readonly path: string;
  readonly releaseTo: string;
  readonly amount: bigint;
  remaining: bigint;
  readonly expiresAt: Date | undefined;
}

interface State {
  readonly balances: Map<string, bigint>;
  readonly holds: Map<string, OracleHold>;
  readonly posted: Map<string, Transfer>;
  readonly reversed: Set<string>;
}

/** Debits make these smaller. Written from the chart, not from the code: the specs use no other types. */
const CREDIT_SIDE = /^(customer_|fee_revenue)/;
const MAY_GO_BELOW_ZERO = /^(bank_nostro|fee_revenue)/;
const RELEASES = new Set(['ledger.hold-release', 'ledger.hold-expired']);

/** The ledger as one map of balances and a few rules: what the real one is compared with, history by history. */
export class Oracle {
  #state: State = { balances: new Map(), holds: new Map(), posted: new Map(), reversed: new Set() };
  readonly frozen = new Set<string>();

  balance(path: string): bigint {
    return this.#state.balances.get(path) ?? 0n;
  }

  get paths(): string[] {
    return [...this.#state.balances.keys()];
  }

  /** Open holds by id with what is left of them. */
  get openHolds(): ReadonlyMap<string, bigint> {
    return new Map(
      [...this.#state.holds].filter(([, hold]) => hold.remaining > 0n).map(([id, hold]) => [id, hold.remaining]),
    );
  }

  get postedTransfers(): Transfer[] {
    return [...this.#state.posted.values()];
  }

  /** Linked transfers: `ok`, or the code of the first refusal, and then nothing of them happened. */
  post(unit: readonly Transfer[], at: Date): string {
    const draft: State = {
      balances: new Map(this.#state.balances),
      holds: new Map([...this.#state.holds].map(([id, hold]) => [id, { ...hold }])),
      posted: new Map(this.#state.posted),
      reversed: new Set(this.#state.reversed),
    };
    for (const transfer of unit) {
      const refusal = this.#apply(draft, transfer, at);
      if (refusal !== undefined) return refusal;
    }
    this.#state = draft;
    return 'ok';
  }

  #apply(draft: State, transfer: Transfer, at: Date): string | undefined {
    const known = this.#state.posted.get(transfer.id);
    if (known) return said(known) === said(transfer) ? undefined : 'id_reused';
    const { legs, reverses } = transfer;
    for (const [index, leg] of legs.entries()) {
      const { path } = leg.account;
      const change = CREDIT_SIDE.test(path) ? -leg.amount : leg.amount;
      if (change < 0n && this.frozen.has(path)) return 'account_frozen';
      if (leg.hold !== undefined) {
        const hold = draft.holds.get(leg.hold);
        if (change > 0n && !hold) {
          const payer = legs.find(
            (other) => other.account.asset === leg.account.asset && other.amount > 0n !== leg.amount > 0n,
          );
          const opened = { path, releaseTo: payer?.account.path ?? '', amount: change, remaining: change, expiresAt: leg.holdExpiresAt }; // prettier-ignore
          draft.holds.set(leg.hold, opened);
        } else if (!hold || hold.path !== path) {
          return 'hold_unknown';
        } else {
          if (change > 0n && (reverses === undefined || hold.remaining + change > hold.amount)) return 'hold_exists';
          if (hold.remaining + change < 0n) return 'hold_insufficient';
          if (RELEASES.has(transfer.kind)) {
            if (legs.length !== 2 || legs[1 - index]?.account.path !== hold.releaseTo) return 'kind_not_allowed';
          } else if (hold.expiresAt && hold.expiresAt <= at && reverses === undefined) return 'hold_expired';
          hold.remaining += change;
        }
      }
      draft.balances.set(path, (draft.balances.get(path) ?? 0n) + change);
    }
    const isOverdrawn = legs.some(
      ({ account: { path } }) => !MAY_GO_BELOW_ZERO.test(path) && (draft.balances.get(path) ?? 0n) < 0n,
    );
    if (isOverdrawn) return 'insufficient_funds';
    if (reverses !== undefined) {
      if (!this.#state.posted.has(reverses)) return 'reversal_unknown';
      if (this.#state.reversed.has(reverses)) return 'already_reversed';
      draft.reversed.add(reverses);
    }
    draft.posted.set(transfer.id, transfer);
    return undefined;
  }
}

const said = ({ kind, legs, reverses, meta }: Transfer): string =>
  JSON.stringify([
    kind,
    legs.map((leg) => [leg.account.path, String(leg.amount), leg.hold, leg.holdExpiresAt]),
    reverses,
    meta,
  ]);
