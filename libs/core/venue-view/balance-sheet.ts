/** What an account owns of an asset, and how much of that its orders hold; units of the engine. */
export interface LiveBalance {
  readonly account: number;
  readonly asset: number;
  total: bigint;
  held: bigint;
  toldTotal: bigint;
  toldHeld: bigint;
  isChanged: boolean;
}

/** Every balance there ever was, found by account and asset. What changes is remembered until it is told of. */
export class BalanceSheet {
  readonly #accounts = new Map<number, LiveBalance[]>();
  /** Each once. */
  #changed: LiveBalance[] = [];

  addTotal(account: number, asset: number, amount: bigint): void {
    if (amount === 0n) return;
    const balance = this.#balance(account, asset);
    balance.total += amount;
    this.#note(balance);
  }

  addHeld(account: number, asset: number, amount: bigint): void {
    if (amount === 0n) return;
    const balance = this.#balance(account, asset);
    balance.held += amount;
    this.#note(balance);
  }

  of(account: number): readonly LiveBalance[] {
    return this.#accounts.get(account) ?? [];
  }

  *[Symbol.iterator](): Generator<LiveBalance> {
    for (const balances of this.#accounts.values()) yield* balances;
  }

  /** Which have changed since this was called last. */
  tellChanges(): { readonly account: number; readonly asset: number }[] {
    if (this.#changed.length === 0) return [];
    const told: { account: number; asset: number }[] = [];
    for (const balance of this.#changed) {
      const { account, asset, total, held } = balance;
      if (total !== balance.toldTotal || held !== balance.toldHeld) told.push({ account, asset });
      balance.toldTotal = total;
      balance.toldHeld = held;
      balance.isChanged = false;
    }
    this.#changed = [];
    return told;
  }

  #note(balance: LiveBalance): void {
    if (!balance.isChanged) this.#changed.push(balance);
    balance.isChanged = true;
  }

  /** An account has few assets: looking through them costs less than a key of both would. */
  #balance(account: number, asset: number): LiveBalance {
    let balances = this.#accounts.get(account);
    if (balances === undefined) {
      balances = [];
      this.#accounts.set(account, balances);
    }
    for (const balance of balances) if (balance.asset === asset) return balance;
    const opened = { account, asset, total: 0n, held: 0n, toldTotal: 0n, toldHeld: 0n, isChanged: false };
    balances.push(opened);
    // By asset, so that two views of one venue say the same, whatever each saw first.
    balances.sort((one, other) => one.asset - other.asset);
    return opened;
  }
}
